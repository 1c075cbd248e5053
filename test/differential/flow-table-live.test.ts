/** A flow table from user space: read by the programs' own rule, deleted from, and gone on with by the next program. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compileLive } from "../../codegen/compile.js";
import {
  atomic,
  FlowTable,
  flowTable,
  MILLISECOND,
  Pipeline,
  SECOND,
  struct,
  u8,
  u32,
  u64,
  Verdict,
  type XdpPacket,
} from "../../dsl/index.js";
import { type LoadedObject, loadObject } from "../../runtime/load/object.js";
import { LiveMap } from "../../runtime/maps/live.js";
import { native } from "../../runtime/native/index.js";

class Key extends struct({ number: u32, zero: u32 }) {}
class Talk extends struct({ state: u32, packets: atomic(u64) }) {}

function pipelineOf(fresh: bigint, perCpu: boolean) {
  return class Talks extends Pipeline {
    readonly talks = flowTable(Key, Talk, { maxEntries: 4096, idle: { fresh, established: 3600n * SECOND }, perCpu });
    override xdp(pkt: XdpPacket): Verdict {
      const number = pkt.read(14, u8);
      if (number === undefined) return Verdict.Pass;
      const added = this.talks.add({ number, zero: 0 }, { state: 7 });
      if (added.outcome === FlowTable.Full || !added.entry) return Verdict.drop("no room");
      added.entry.touch();
      added.entry.value.packets.add(1n);
      return added.outcome === FlowTable.New ? Verdict.Reflect : Verdict.Pass;
    }
  };
}
const NEW = 3;
const KNOWN = 2;

async function loaded<T>(
  options: { fresh: bigint; perCpu?: boolean; reuse?: ReadonlyMap<string, number> },
  work: (
    table: LiveMap<{ number: number; zero: number }, { state: number; packets: bigint }>,
    send: (number: number) => number,
    object: LoadedObject,
    symbol: string,
  ) => T | Promise<T>,
): Promise<T> {
  const { bundle, diagnostics } = await compileLive(new (pipelineOf(options.fresh, options.perCpu ?? false))());
  if (!bundle) throw new Error(diagnostics.map(d => d.message).join("\n"));
  using object = loadObject(bundle.object, bundle.manifest, options.reuse ? { reuse: options.reuse } : {});
  const entry = bundle.manifest.maps.find(map => map.path === "talks");
  const kernel = entry && object.maps.get(entry.symbol);
  const program = object.programs.get("xdp");
  if (!entry || !kernel || !program) throw new Error("no table");
  const send = (number: number): number => {
    const data = new Uint8Array(64);
    data[14] = number;
    return native().testRun(program.fd, { data, room: 128, repeat: 1 }).retval;
  };
  return await work(new LiveMap(kernel, entry), send, object, entry.symbol);
}

for (const perCpu of [false, true]) {
  test(`flows are listed, found and deleted${perCpu ? " in a table per CPU" : ""}`, () =>
    loaded({ fresh: 60n * SECOND, perCpu }, (table, send) => {
      assert.equal([send(1), send(2), send(1)], [NEW, NEW, KNOWN]);
      assert.equal([...table].map(([{ number }, { state, packets }]) => [number, state, packets]).sort(), [
        [1, 7, 2n],
        [2, 7, 1n],
      ]);
      assert.equal(table.get({ number: 1, zero: 0 }), { state: 7, packets: 2n });
      assert.is(table.get({ number: 3, zero: 0 }), undefined);
      assert.ok(table.delete({ number: 1, zero: 0 }));
      assert.not.ok(table.delete({ number: 1, zero: 0 }));
      assert.is(table.size, 1);
      assert.equal([send(1), send(2)], [NEW, KNOWN]);
      table.clear();
      assert.is(table.size, 0);
      assert.is(send(2), NEW);
    }));
}

test("flows that idle too long are not seen", () =>
  loaded({ fresh: 50n * MILLISECOND }, async (table, send) => {
    assert.is(send(1), NEW);
    assert.is(table.size, 1);
    await new Promise(resolve => setTimeout(resolve, 150));
    assert.is(table.size, 0);
    assert.is(table.get({ number: 1, zero: 0 }), undefined);
    assert.is(send(1), NEW);
  }));

test("the next program goes on with the flows, by its own idle time", () =>
  loaded({ fresh: 60n * SECOND }, async (_table, send, object, symbol) => {
    assert.equal([send(1), send(2)], [NEW, NEW]);
    const kernel = object.maps.get(symbol);
    if (!kernel) throw new Error("no table");
    const reuse = new Map([[symbol, kernel.fd]]);
    await loaded({ fresh: 120n * SECOND, reuse }, (table, next) => {
      assert.is(table.size, 2);
      assert.equal([next(1), next(3)], [KNOWN, NEW]);
      assert.is(send(3), KNOWN, "they share the table");
    });
    await loaded({ fresh: 1n * MILLISECOND, reuse }, async table => {
      await new Promise(resolve => setTimeout(resolve, 30));
      assert.is(table.size, 0);
    });
  }));

test("entries are made by the program alone", () =>
  loaded({ fresh: 60n * SECOND }, table => {
    assert.throws(() => table.set({ number: 1, zero: 0 }, { state: 1, packets: 0n }), /made by the program/);
  }));

test.run();

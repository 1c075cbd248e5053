// test: timeout 120
/** Flow tables in Node and in the kernel, slot by slot: sequences of every operation on tables that are full. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  array,
  atomic,
  bits,
  type FlowCopy,
  FlowTable,
  type FlowTableOptions,
  flowTable,
  net,
  Pipeline,
  SECOND,
  struct,
  u8,
  u16,
  u32,
  u64,
  Verdict,
  type XdpPacket,
} from "../../dsl/index.js";
import { compareRun } from "../../testing/both.js";
import { kernelRunner } from "../../testing/kernel.js";

class Narrow extends struct({ number: net(u32) }) {}
class Key extends struct({ number: net(u32), port: u16, protocol: u8 }) {}
class Wide extends struct({ number: net(u32), a: u64, b: u64, c: u64, d: u32 }) {}
class Part extends struct({ address: net(u32), ports: array(u16, 2), uses: atomic(u32) }) {}
class State extends struct({
  state: u8,
  high: bits(3),
  low: bits(5),
  mark: u64,
  packets: atomic(u64),
  part: Part,
}) {}

type Operation =
  | "add"
  | "get"
  | "update"
  | "both"
  | "assign"
  | "bits"
  | "establish"
  | "abandon"
  | "delete"
  | "addEstablished"
  | "twice"
  | "either";
const operations: readonly Operation[] = [
  "add",
  "get",
  "update",
  "both",
  "assign",
  "bits",
  "establish",
  "abandon",
  "delete",
  "addEstablished",
  "twice",
  "either",
];

/** What a packet asks for: byte 14 the operation, 15 a value, 16 … 19 the flow. */
abstract class Asked extends Pipeline {
  abstract override xdp(pkt: XdpPacket): Verdict;
  protected act(pkt: XdpPacket, entry: FlowCopy<State>): Verdict {
    const asked = pkt.read(14, u8);
    const value = pkt.read(15, u8);
    if (asked === undefined || value === undefined) return Verdict.drop("short");
    if (asked !== 6) entry.touch();
    const { value: flow } = entry;
    switch (asked) {
      case 2:
        return entry.update({ state: value, mark: 7n }) ? Verdict.Reflect : Verdict.drop("no update");
      case 3:
        return entry.update({ part: { address: 5, ports: [1, 2] }, high: 3 }, { established: true })
          ? Verdict.Reflect
          : Verdict.drop("no update");
      case 4:
        flow.state = value;
        flow.mark = u64(flow.mark + 1n);
        flow.part.ports[1] = 513;
        flow.part.address = 1;
        break;
      case 5:
        flow.low = value & 31;
        flow.part.uses.add(value);
        break;
      case 6:
        return entry.establish() ? Verdict.Reflect : Verdict.drop("not established");
      case 7:
        return entry.establish(false) ? Verdict.Reflect : Verdict.drop("not abandoned");
      case 8:
        return entry.delete() && !entry.update({ state: 1 }) && !entry.establish() ? Verdict.Reflect : Verdict.drop("not deleted");
    }
    flow.packets.add(1n);
    if (entry.established && entry.seen > 500 && flow.state > 100) return Verdict.drop("seen");
    return flow.high === 3 ? Verdict.drop("three") : Verdict.Pass;
  }
}

function pipelineOf(options: FlowTableOptions) {
  return class Table extends Asked {
    readonly flows = flowTable(Key, State, options);

    override xdp(pkt: XdpPacket): Verdict {
      const asked = pkt.read(14, u8);
      const number = pkt.read(16, u32);
      if (asked === undefined || number === undefined) return Verdict.drop("short");
      const key = { number, port: 9, protocol: 6 };
      if (asked === 0 || asked === 9) {
        const start = { state: 1, high: 0, low: 0, mark: 3n, part: { address: 2, ports: [7, 8] } };
        const added = asked === 0 ? this.flows.add(key, start) : this.flows.add(key, start, { established: true });
        if (added.outcome === FlowTable.Full) return Verdict.drop("full");
        if (!added.entry) return Verdict.drop("busy");
        return added.outcome === FlowTable.New ? Verdict.Reflect : this.act(pkt, added.entry);
      }
      if (asked === 11) {
        const entry = this.flows.get(key) ?? this.flows.add(key, { state: 9, high: 1, low: 2, mark: 0n }).entry;
        return entry ? this.act(pkt, entry) : Verdict.drop("none");
      }
      const entry = this.flows.get(key);
      if (!entry) return Verdict.drop("none");
      if (asked === 10) {
        const other = this.flows.get(key);
        if (!other) return Verdict.drop("another");
        return other.update({ state: 2 }) && !entry.update({ state: 3 }) ? Verdict.Reflect : Verdict.drop("both");
      }
      return this.act(pkt, entry);
    }
  };
}

class NarrowTable extends Asked {
  readonly flows = flowTable(Narrow, Part, { maxEntries: 8, idle: { fresh: SECOND, established: 5n * SECOND } });
  override xdp(pkt: XdpPacket): Verdict {
    const number = pkt.read(16, u32);
    if (number === undefined) return Verdict.drop("short");
    const added = this.flows.add({ number }, { address: 1 });
    if (!added.entry) return Verdict.drop("none");
    added.entry.value.uses.add(1);
    return Verdict.Pass;
  }
}
class WideTable extends Asked {
  readonly flows = flowTable(Wide, State, { maxEntries: 8, idle: { fresh: SECOND, established: 5n * SECOND } });
  override xdp(pkt: XdpPacket): Verdict {
    const number = pkt.read(16, u32);
    const asked = pkt.read(14, u8);
    if (number === undefined || asked === undefined) return Verdict.drop("short");
    const added = this.flows.add(
      { number, a: 1n, b: 0xffff_ffff_ffff_ffffn, c: 0n, d: 0xffff_ffff },
      { state: asked, high: 1, low: 2, mark: 0n },
    );
    return added.entry ? this.act(pkt, added.entry) : Verdict.drop("none");
  }
}

/** A generator with a fixed start (Mulberry32). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function frame(operation: number, value: number, number: number): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([0x08, 0x00], 12);
  bytes.set([operation, value, number >> 24, number >> 16, number >> 8, number], 14);
  return bytes;
}

async function play(make: () => Asked, packets: number, flows: number): Promise<ReadonlyMap<string, number>> {
  const runner = await kernelRunner();
  const session = await runner.open(make, "xdp");
  const pipeline = make();
  const roll = dice(flows);
  const seen = new Map<string, number>();
  let clock = 100n * SECOND;
  try {
    for (let i = 0; i < packets; i++) {
      clock += BigInt(roll(roll(8) === 0 ? 2000 : 40)) * 1_000_000n;
      const operation = roll(3) === 0 ? (roll(3) === 0 ? 9 : 0) : roll(operations.length);
      const bytes = frame(operation, roll(256), roll(flows));
      try {
        const { verdict, reason } = await compareRun(session, pipeline, "xdp", bytes, { clock });
        const what = `${operations[operation]}: ${reason ?? String(verdict)}`;
        seen.set(what, (seen.get(what) ?? 0) + 1);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`packet ${i}, ${operations[operation]} of flow ${bytes.slice(16, 20).join()}: ${why}`, { cause: error });
      }
    }
  } finally {
    await session.close();
  }
  return seen;
}

const idle = { fresh: 2n * SECOND, established: 100n * SECOND };
const tables: { readonly [what: string]: FlowTableOptions } = {
  "a full table": { maxEntries: 8, idle },
  "a table where established flows give way": { maxEntries: 16, idle, evictEstablished: true },
  "a table per CPU": { maxEntries: 8, idle, perCpu: true },
};

for (const [what, options] of Object.entries(tables)) {
  test(`${what} is the same in Node and in the kernel, slot by slot`, async () => {
    const seen = await play(() => new (pipelineOf(options))(), 400, options.maxEntries * 4);
    const wanted = [
      "add: reflect",
      "update: reflect",
      "establish: reflect",
      "delete: reflect",
      "twice: reflect",
      "get: none",
      "abandon: reflect",
    ];
    for (const each of wanted) assert.ok((seen.get(each) ?? 0) > 1, `${each} happened ${seen.get(each) ?? 0} times`);
    if (!options.evictEstablished)
      assert.ok(
        [...seen.keys()].some(each => each.endsWith(": full")),
        "the table was never full",
      );
  });
}

test("a table of 8 MiB", async () => {
  await play(() => new (pipelineOf({ maxEntries: 65_536, idle }))(), 5, 1);
});

test("keys of 4 and of 40 bytes", async () => {
  await play(() => new NarrowTable(), 300, 40);
  await play(() => new WideTable(), 300, 40);
});

test.run();

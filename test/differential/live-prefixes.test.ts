import assert from "node:assert/strict";
import { test } from "node:test";
import { arrayMap, ipv4, Pipeline, prefixTable, struct, u32, u64, Verdict, type XdpPacket } from "datapath";
import { Ethernet, Ipv4, Udp } from "datapath/headers";
import { packet } from "datapath/testing";
import { compileLive } from "../../codegen/compile.js";
import { DatapathError } from "../../runtime/errors.js";
import { LivePrefixTable } from "../../runtime/maps/prefix-table.js";
import { native } from "../../runtime/native/index.js";
import { loadForTest, type TestProgram } from "../../runtime/test-run/load.js";
import { hammer } from "./hammer.js";

class Seen extends struct({ last: u32, none: u64, backwards: u64, packets: u64 }) {}

/** The versions that packets find in the table never go back, and there always is one. */
class Watch extends Pipeline {
  readonly table = prefixTable(u32, { maxEntries: 600 });
  readonly seen = arrayMap(Seen, 1);

  override xdp(pkt: XdpPacket): Verdict {
    const layers = pkt.layers({ families: [4] });
    if (layers.family !== 4) return Verdict.Pass;
    const version = this.table.get(layers.source);
    const seen = this.seen.at(0);
    seen.packets += 1n;
    if (version === undefined) seen.none += 1n;
    else {
      const last = seen.last;
      if (version < last) seen.backwards += 1n;
      seen.last = version;
    }
    return Verdict.drop("seen");
  }
}

const { bundle, diagnostics } = await compileLive(new Watch());
assert.deepEqual(diagnostics, []);
if (!bundle) throw new Error("no bundle");
const { object, manifest } = bundle;

function live(program: TestProgram): LivePrefixTable<number> {
  const entry = manifest.maps.find(map => map.path === "table");
  assert.ok(entry);
  const kernel = (path: string) => program.map(path).kernel;
  const direct = { chunks: kernel(":table.chunks"), values: kernel(":table.values"), half: kernel(":table.half") };
  return new LivePrefixTable<number>(kernel("table"), entry, direct, change => change());
}
const from = (src: string): Uint8Array => packet(Ethernet.of(), Ipv4.of({ src: ipv4(src) }), Udp.of());
const net = (text: string, length: number) => ({ prefix: ipv4(text), length });
const seenBy = (program: TestProgram) => {
  const bytes = program.map("seen").get(new Uint8Array(4));
  assert.ok(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    last: view.getUint32(0, true),
    none: view.getBigUint64(8, true),
    backwards: view.getBigUint64(16, true),
    packets: view.getBigUint64(24, true),
  };
};
const found = (program: TestProgram, src: string): number | undefined => {
  const before = seenBy(program).none;
  program.run("xdp", from(src));
  const after = seenBy(program);
  return after.none > before ? undefined : after.last;
};

test("what user space puts in is found; what it takes out leaves what covers it", () => {
  using program = loadForTest(object, manifest);
  const table = live(program);
  assert.equal(found(program, "10.1.2.3"), undefined);
  table.set(net("10.0.0.0", 8), 8);
  table.set(net("10.1.2.0", 25), 25);
  table.set(ipv4("10.1.2.3"), 32);
  assert.equal(found(program, "10.1.2.3"), 32);
  assert.equal(found(program, "10.1.2.4"), 25);
  assert.equal(found(program, "10.1.2.128"), 8);
  assert.equal(table.size, 3);
  assert.equal(table.get(ipv4("10.1.2.5")), 25);
  assert.ok(table.delete(net("10.1.2.0", 25)));
  assert.ok(!table.delete(net("10.1.2.0", 25)));
  assert.equal(found(program, "10.1.2.4"), 8);
  assert.equal(found(program, "10.1.2.3"), 32);
  table.clear();
  assert.equal(found(program, "10.1.2.3"), undefined);
});

test("a replacement that is wrong changes nothing", () => {
  using program = loadForTest(object, manifest);
  const table = live(program);
  table.set(net("10.0.0.0", 8), 1);
  assert.throws(
    () =>
      table.replace([
        [net("192.0.2.0", 24), 2],
        [net("10.0.0.0", 33), 3],
      ]),
    DatapathError,
  );
  assert.equal(found(program, "10.0.0.1"), 1);
  assert.equal(found(program, "192.0.2.1"), undefined);
  assert.equal(table.size, 1);
  const many = Array.from({ length: 601 }, (_, i) => [net("10.0.0.0", 32).prefix + i, 4] as const);
  assert.throws(() => table.replace(many), /at most 600/);
  assert.equal(found(program, "10.0.0.1"), 1);
});

test("packets under replacement see the old or the new prefixes, never half of them", async () => {
  using program = loadForTest(object, manifest);
  const table = live(program);
  /** Each version has another shape: the packet's address is found by prefixes of other lengths, in other chunks. */
  const version = (number: number) => [
    [net("10.0.0.0", 8), number] as const,
    ...(number % 2 === 0 ? [[net("10.1.2.3", 32), number] as const] : []),
    ...(number % 3 === 0 ? [[net("10.1.2.0", 23), number] as const] : []),
    ...Array.from({ length: (number * 7) % 50 }, (_, i) => [net(`10.${i + 2}.${number % 256}.9`, 32), 4_000_000] as const),
  ];
  table.replace(version(1));
  const fd = native().programById(program.info("xdp").id);
  assert.ok(fd !== undefined);
  const running = await hammer(fd, [from("10.1.2.3")]);
  let changes = 1;
  for (const end = performance.now() + 3000; performance.now() < end; ) table.replace(version(++changes));
  const packets = await running.stop();
  native().closeFd(fd);
  const seen = seenBy(program);
  assert.ok(packets > 100_000 && changes > 20, `${packets} packets, ${changes} changes`);
  assert.ok(seen.packets >= BigInt(packets));
  assert.deepEqual({ none: seen.none, backwards: seen.backwards }, { none: 0n, backwards: 0n });
  console.log(`${packets} packets while ${changes} replacements`);
});

// test: timeout 180
import assert from "node:assert/strict";
import { test } from "node:test";
import { counter, ipv4, Pipeline, Verdict, type XdpPacket } from "datapath";
import { AccessControl, type AccessControlOptions, replaceRules } from "datapath/blocks";
import { Ethernet, Ipv4, Tcp } from "datapath/headers";
import { packet } from "datapath/testing";
import { compileLive } from "../../../codegen/compile.js";
import { LiveMap } from "../../../runtime/maps/live.js";
import { LivePrefixTable } from "../../../runtime/maps/prefix-table.js";
import { native } from "../../../runtime/native/index.js";
import { loadForTest, type TestProgram } from "../../../runtime/test-run/load.js";
import { hammer } from "../../../test/differential/hammer.js";
import type { LivePipeline } from "./replace.js";

function pipelineOf(options: AccessControlOptions): Pipeline {
  class Guard extends Pipeline {
    readonly acl = new AccessControl(options);
    readonly refused = counter();
    readonly passed = counter();

    override xdp(pkt: XdpPacket): Verdict {
      const refused = this.acl.check(pkt);
      if (refused) {
        this.refused.add(pkt);
        return refused;
      }
      this.passed.add(pkt);
      return Verdict.Pass;
    }
  }
  return new Guard();
}

async function load(options: AccessControlOptions) {
  const { bundle, diagnostics } = await compileLive(pipelineOf(options));
  assert.deepEqual(diagnostics, []);
  assert.ok(bundle);
  return { manifest: bundle.manifest, program: loadForTest(bundle.object, bundle.manifest) };
}

/** What a deployment is to `replaceRules`, over maps of a test. */
function live({ manifest, program }: Awaited<ReturnType<typeof load>>): LivePipeline {
  const alone = <T>(change: () => T): T => change();
  return {
    manifest,
    alone,
    settle: () => native().gracePeriod(),
    mapByPath(path) {
      const entry = manifest.maps.find(map => map.path === path);
      assert.ok(entry, path);
      const kernel = (name: string) => program.map(name).kernel;
      if (entry.kind !== "prefixTable") return new LiveMap<unknown, unknown>(kernel(path), entry);
      const direct = { chunks: kernel(`:${path}.chunks`), values: kernel(`:${path}.values`), half: kernel(`:${path}.half`) };
      return new LivePrefixTable<unknown, unknown>(kernel(path), entry, direct, alone);
    },
  };
}
const counted = (program: TestProgram, path: string): bigint => {
  let total = 0n;
  const bytes = program.map(path).get(new Uint8Array(4));
  assert.ok(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 0; at < bytes.length; at += 16) total += view.getBigUint64(at, true);
  return total;
};
const tcp = (src: string, dstPort: number): Uint8Array => packet(Ethernet.of(), Ipv4.of({ src: ipv4(src) }), Tcp.of({ dstPort }));
const PASS = 2;

for (const table of ["lpmTrie", "prefixTable"] as const) {
  const runtime = { maxPrefixes: 200, table };

  test(`${table}: rules take the place of those that were`, async () => {
    const loaded = await load({ default: "deny", rules: [], runtime });
    using program = loaded.program;
    const pipeline = live(loaded);
    const passes = (src: string, port: number): boolean => program.run("xdp", tcp(src, port)).retval === PASS;
    assert.ok(!passes("10.0.0.1", 80));
    replaceRules(pipeline, "acl", ["deny src host 10.0.0.2", "allow tcp dst port 80"]);
    assert.ok(passes("10.0.0.1", 80) && !passes("10.0.0.2", 80) && !passes("10.0.0.1", 81));
    replaceRules(pipeline, "acl", ["allow src net 10.0.0.0/30 and tcp dst portrange 81-90"]);
    assert.ok(!passes("10.0.0.1", 80) && passes("10.0.0.2", 81) && !passes("10.0.0.4", 81));
    assert.throws(() => replaceRules(pipeline, "acl", ["allow tcp dst port http"]), /rules\[0\]: expected a port number/);
    assert.throws(() => replaceRules(pipeline, "acl", ["allow ip[8] > 5"]), /test fields of their own list/);
    assert.throws(() => replaceRules(pipeline, "acl", ["allow ether host 02:00:00:00:00:01"]), /cannot test stationSource: list it/);
    assert.throws(() => replaceRules(pipeline, "acl", ["log tcp"]), /none does "log"/);
    assert.throws(() => replaceRules(pipeline, "other", ["allow tcp"]), /other has no rules that change/);
    const many = Array.from({ length: 300 }, (_, i) => `allow src host 10.1.${i >> 8}.${i & 255}`);
    assert.throws(() => replaceRules(pipeline, "acl", many), /at most 201/);
    assert.ok(!passes("10.0.0.1", 80) && passes("10.0.0.2", 81), "what was refused changed nothing");
    replaceRules(pipeline, "acl", []);
    assert.ok(!passes("10.0.0.2", 81));
  });

  test(`${table}: packets under change are judged by a whole list`, async () => {
    for (const [verdict, src, port] of [
      ["allow", "10.1.2.3", 80],
      ["deny", "192.0.2.9", 22],
    ] as const) {
      const loaded = await load({ default: verdict === "allow" ? "deny" : "allow", rules: [], runtime });
      using program = loaded.program;
      const pipeline = live(loaded);
      /** Every list has the same answer for the one packet, by other rules, whose numbers are others. */
      const list = (version: number): string[] => [
        ...Array.from(
          { length: version % 7 },
          (_, i) => `deny src net 172.${16 + i}.0.0/${16 + (version % 9)} and dst port ${version % 5}`,
        ),
        ...Array.from({ length: version % 4 }, (_, i) => `allow dst port ${1000 + i * version} and src net 198.18.0.0/15`),
        version % 2 === 0
          ? `${verdict} src net ${src}/32`
          : `${verdict} tcp dst portrange ${port - (version % 11)}-${port + (version % 3)}`,
      ];
      replaceRules(pipeline, "acl", list(1));
      const fd = native().programById(program.info("xdp").id);
      assert.ok(fd !== undefined);
      const running = await hammer(fd, [tcp(src, port)]);
      let changes = 1;
      for (const end = performance.now() + 1500; performance.now() < end || changes < 12; ) replaceRules(pipeline, "acl", list(++changes));
      const packets = await running.stop();
      native().closeFd(fd);
      const [passed, refused] = [counted(program, "passed"), counted(program, "refused")];
      assert.ok(changes > 8 && packets > 20_000, `${changes} changes, ${packets} packets`);
      assert.equal(verdict === "allow" ? refused : passed, 0n, `${changes} changes, ${passed} passed, ${refused} refused`);
      assert.ok(passed + refused >= BigInt(packets));
      console.log(`${table}, ${verdict}: ${packets} packets while ${changes} lists`);
    }
  });
}

/** What a sweep deletes and what it leaves, over maps that a program in the kernel writes too. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { MapEntry, Shape } from "../../codegen/bundle/manifest.js";
import { layOut } from "../../dsl/core/shape.js";
import { compile, manifestOf } from "../fixtures/compile.js";
import { companionEntry, type FlowKey, flowEntry, flowFixture, flowKey, HIGH6, LOW6 } from "../fixtures/flows.js";
import { mapEntry } from "../fixtures/pipelines.js";
import { readTicks } from "../machine/ticks.js";
import { loadForTest, type TestProgram } from "../test-run/load.js";
import { LiveMap } from "./live.js";

const int = (bits: 8 | 16 | 32 | 64): Shape => ({ kind: "int", bits, order: "host" });
const struct = (...entries: (readonly [string, Shape])[]): Shape => ({ kind: "struct", name: "Test", ...layOut(entries, false) });
const prefix = struct(["length", int(32)], ["address", { kind: "int", bits: 32, order: "network" }]);
const stamped = struct(["at", int(64)]);
const expires = { field: "at", after: "0" };

const entries: readonly MapEntry[] = [
  mapEntry({ path: "ticks", kind: "array", key: undefined, maxEntries: 1 }),
  mapEntry({ path: "routes", kind: "lpmTrie", key: prefix, keySize: 8, value: stamped, maxEntries: 100, expires }),
  mapEntry({ path: "perCpu", kind: "perCpuHash", value: stamped, maxEntries: 100, expires }),
];
const object = compile(`
struct prefix { __u32 length; __u32 address; };
struct stamped { __u64 at; };
#define MAP(NAME, TYPE, ENTRIES, KEY, VALUE, FLAGS) \\
  struct { __uint(type, TYPE); __uint(max_entries, ENTRIES); __type(key, KEY); __type(value, VALUE); __uint(map_flags, FLAGS); } NAME SEC(".maps")
MAP(ticks, BPF_MAP_TYPE_ARRAY, 1, __u32, __u64, 0);
MAP(routes, BPF_MAP_TYPE_LPM_TRIE, 100, struct prefix, struct stamped, BPF_F_NO_PREALLOC);
MAP(perCpu, BPF_MAP_TYPE_PERCPU_HASH, 100, __u32, struct stamped, 0);

SEC("xdp") int sweep_xdp(struct xdp_md *ctx) {
  __u32 zero = 0;
  __u64 *now = bpf_map_lookup_elem(&ticks, &zero);
  if (now) *now = bpf_jiffies64();
  struct prefix none = {};
  return bpf_map_lookup_elem(&routes, &none) || bpf_map_lookup_elem(&perCpu, &zero) ? XDP_TX : XDP_PASS;
}
`);
const manifest = manifestOf({ hooks: [{ hook: "xdp", program: "sweep_xdp", section: "xdp" }], maps: entries });
const flows = flowFixture();
const [flows4, flows6] = flows.manifest.maps;

function live<K, V>(program: TestProgram, entry: MapEntry | undefined): LiveMap<K, V> {
  if (!entry) throw new Error("no such map");
  return new LiveMap<K, V>(program.map(entry.path).kernel, entry);
}
const named = (path: string): MapEntry | undefined => entries.find(one => one.path === path);

function portsOf(map: LiveMap<FlowKey, object>): number[] {
  return [...map.keys()].map(({ lowPort }) => lowPort).sort((a, b) => a - b);
}

function frameFor(port: number): Uint8Array {
  const frame = new Uint8Array(64);
  frame.set([port >> 8, port & 0xff]);
  return frame;
}
const TC_ACT_OK = 0;

test("the runtime's ticks are the kernel's", () => {
  using program = loadForTest(object, manifest);
  const before = readTicks().now;
  program.run("xdp", frameFor(0));
  const after = readTicks().now;
  const kernel = Number(BigInt.asUintN(32, live<number, bigint>(program, named("ticks")).get(0) ?? 0n));
  assert.ok(kernel - before >= -1 && after - kernel >= -1, `${before} <= ${kernel} <= ${after}`);
});

test("a flow goes when it has idled as long as its state allows", () => {
  using program = loadForTest(flows.object, flows.manifest);
  const map = live<FlowKey, object>(program, flows4);
  map.set(flowKey(1), flowEntry(4, 0, 1));
  map.set(flowKey(2), flowEntry(4, 28, 1));
  map.set(flowKey(3), flowEntry(4, 32, 1));
  map.set(flowKey(4), flowEntry(4, 32, 2));
  map.set(flowKey(5), flowEntry(4, 3500, 2));
  map.set(flowKey(6), flowEntry(4, 3700, 2));
  map.set(flowKey(7), flowEntry(4, 1_000_000, 9)); // a state that nobody described
  const { examined, deleted, restored, path } = map.sweep();
  assert.equal({ examined, deleted, restored, path }, { examined: 7, deleted: 2, restored: 0, path: "flows.flows4" });
  assert.equal(portsOf(map), [1, 2, 4, 5, 7]);
});

test("the second entry of a translated flow goes with the flow, never before", () => {
  using program = loadForTest(flows.object, flows.manifest);
  const map = live<FlowKey, object>(program, flows4);
  const other = 0x0a000009;
  map.set(flowKey(1), flowEntry(4, 5, 1));
  map.set(flowKey(101, { high: other }), companionEntry(4, 1000, 1)); // idle itself, but its flow lives
  map.set(flowKey(2), flowEntry(4, 31, 1));
  map.set(flowKey(102, { high: other }), companionEntry(4, 10, 2)); // its flow has expired
  map.set(flowKey(103, { high: other }), companionEntry(4, 10, 3)); // its flow is gone
  map.set(flowKey(104, { high: other }), companionEntry(4, 0, 4)); // reserved just now, its flow is about to be stored
  map.sweep();
  map.sweep();
  assert.equal(portsOf(map), [1, 101, 104]);
});

test("the same for IPv6", () => {
  using program = loadForTest(flows.object, flows.manifest);
  const map = live<FlowKey, object>(program, flows6);
  const key = (lowPort: number): FlowKey => flowKey(lowPort, { low: LOW6, high: HIGH6 });
  map.set(key(1), flowEntry(6, 5, 1));
  map.set(key(2), companionEntry(6, 1000, 1));
  map.set(key(3), flowEntry(6, 1000, 1));
  assert.is(map.sweep().deleted, 1);
  assert.is(map.size, 2);
});

test("tries and per-CPU maps are swept too; of the processors' values the latest counts", () => {
  using program = loadForTest(object, manifest);
  const past = process.hrtime.bigint() - 1n;
  const future = past + 3_600_000_000_000n;
  const routes = live<{ prefix: number; length: number }, { at: bigint }>(program, named("routes"));
  for (let i = 0; i < 20; i++) routes.set({ prefix: (i << 24) >>> 0, length: 8 }, { at: i % 2 === 0 ? past : future });
  assert.is(routes.sweep().deleted, 10);
  assert.is(routes.size, 10);

  const perCpu = program.map("perCpu");
  const slots = new BigUint64Array(perCpu.info.slots).fill(past);
  const stored = (key: number): void => perCpu.set(new Uint8Array(Uint32Array.of(key).buffer), new Uint8Array(slots.buffer));
  stored(1);
  slots[slots.length - 1] = future;
  stored(2);
  const { examined, deleted } = live(program, named("perCpu")).sweep();
  assert.equal({ examined, deleted }, { examined: 2, deleted: 1 });
});

test("what packets renew during a sweep stays", () => {
  using program = loadForTest(flows.object, flows.manifest);
  const map = live<FlowKey, object>(program, flows4);
  const renewed = 64;
  const stale = flowEntry(4, 100, 1);
  for (let port = 0; port < 10_000; port++) map.set(flowKey(port), stale);
  const found: number[] = [];
  const steps = map.sweeping();
  let step = steps.next();
  // Packets come between the steps of the sweep, and renew what is still there.
  for (let first = true; !step.done; step = steps.next(), first = false) {
    for (let port = 0; port < renewed; port++) {
      if (program.run("ingress", frameFor(port)).retval === TC_ACT_OK && first) found.push(port);
    }
  }
  assert.ok(found.length > 0 && found.length < renewed, `${found.length}: the first step had the half of them`);
  assert.equal(portsOf(map), found);
  assert.is(step.value.deleted, 10_000 - found.length);
});

test("a large table is swept in steps", () => {
  using program = loadForTest(flows.object, flows.manifest);
  const map = live<FlowKey, object>(program, flows4);
  const fresh = flowEntry(4, 0, 1);
  for (let port = 0; port < 10_000; port++) map.set(flowKey(port), fresh);
  assert.is([...map.sweeping()].length, 2);
  assert.is(map.size, 10_000);
});

test.run();

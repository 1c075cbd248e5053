/** What a sweep deletes and what it leaves, over maps that a program in the kernel writes too. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { MapEntry, Shape } from "../../codegen/bundle/manifest.js";
import { layOut } from "../../dsl/core/shape.js";
import { compile, manifestOf } from "../fixtures/compile.js";
import { mapEntry } from "../fixtures/pipelines.js";
import { readTicks } from "../machine/ticks.js";
import { loadForTest, type TestProgram } from "../test-run/load.js";
import { LiveMap } from "./live.js";

const int = (bits: 8 | 16 | 32 | 64): Shape => ({ kind: "int", bits, order: "host" });
const struct = (...entries: (readonly [string, Shape])[]): Shape => ({ kind: "struct", name: "Test", ...layOut(entries, false) });

interface Flow {
  seen: number;
  state: number;
  companion: boolean;
  main4: number;
}
const flow = struct(["seen", int(32)], ["state", int(8)], ["companion", { kind: "bool" }], ["main4", int(32)]);
const prefix = struct(["length", int(32)], ["address", { kind: "int", bits: 32, order: "network" }]);
const states = [
  { name: "new", timeout: 30 },
  { name: "established", timeout: 3600 },
];
const expires = { field: "at", after: "0" };
const stamped = struct(["at", int(64)]);

const entries: readonly MapEntry[] = [
  mapEntry({ path: "flows", kind: "lruHash", value: flow, valueSize: 12, maxEntries: 20_000, states }),
  mapEntry({ path: "ticks", kind: "array", key: undefined, maxEntries: 1 }),
  mapEntry({ path: "routes", kind: "lpmTrie", key: prefix, keySize: 8, value: stamped, maxEntries: 100, expires }),
  mapEntry({ path: "perCpu", kind: "perCpuHash", value: stamped, maxEntries: 100, expires }),
];

const object = compile(`
struct flow { __u32 seen; __u8 state; __u8 companion; __u32 main4; };
struct prefix { __u32 length; __u32 address; };
struct stamped { __u64 at; };
#define MAP(NAME, TYPE, ENTRIES, KEY, VALUE, FLAGS) \\
  struct { __uint(type, TYPE); __uint(max_entries, ENTRIES); __type(key, KEY); __type(value, VALUE); __uint(map_flags, FLAGS); } NAME SEC(".maps")
MAP(flows, BPF_MAP_TYPE_LRU_HASH, 20000, __u32, struct flow, 0);
MAP(ticks, BPF_MAP_TYPE_ARRAY, 1, __u32, __u64, 0);
MAP(routes, BPF_MAP_TYPE_LPM_TRIE, 100, struct prefix, struct stamped, BPF_F_NO_PREALLOC);
MAP(perCpu, BPF_MAP_TYPE_PERCPU_HASH, 100, __u32, struct stamped, 0);

SEC("xdp") int sweep_xdp(struct xdp_md *ctx) {
  __u32 zero = 0;
  __u64 *now = bpf_map_lookup_elem(&ticks, &zero);
  if (now) *now = bpf_jiffies64();
  // renews the flow that the packet names
  __u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  if (data + 4 > end) return XDP_DROP;
  __u32 key = data[0] | data[1] << 8;
  struct prefix none = {};
  struct flow *flow = bpf_map_lookup_elem(&flows, &key);
  if (!flow) return XDP_DROP;
  flow->seen = bpf_jiffies64();
  return bpf_map_lookup_elem(&routes, &none) || bpf_map_lookup_elem(&perCpu, &key) ? XDP_TX : XDP_PASS;
}
`);
const manifest = manifestOf({ hooks: [{ hook: "xdp", program: "sweep_xdp", section: "xdp" }], maps: entries });

function live<K, V>(program: TestProgram, path: string): LiveMap<K, V> {
  const entry = entries.find(one => one.path === path);
  if (!entry) throw new Error(path);
  return new LiveMap<K, V>(program.map(path).kernel, entry);
}

const XDP_PASS = 2;

/** `seconds` ago, in ticks. */
function ago(seconds: number): number {
  const { now, perSecond } = readTicks();
  return (now - seconds * perSecond) >>> 0;
}

function frameFor(key: number): Uint8Array {
  const frame = new Uint8Array(64);
  frame.set([key & 0xff, key >> 8]);
  return frame;
}

test("the runtime's ticks are the kernel's", () => {
  using program = loadForTest(object, manifest);
  const before = readTicks().now;
  program.run("xdp", frameFor(0));
  const after = readTicks().now;
  const kernel = Number(BigInt.asUintN(32, live<number, bigint>(program, "ticks").get(0) ?? 0n));
  assert.ok(kernel - before >= -1 && after - kernel >= -1, `${before} <= ${kernel} <= ${after}`);
});

test("a flow goes when it has idled as long as its state allows", () => {
  using program = loadForTest(object, manifest);
  const flows = live<number, Flow>(program, "flows");
  const put = (key: number, seconds: number, state: number): void =>
    flows.set(key, { seen: ago(seconds), state, companion: false, main4: 0 });
  put(1, 0, 0);
  put(2, 28, 0);
  put(3, 32, 0);
  put(4, 32, 1);
  put(5, 3500, 1);
  put(6, 3700, 1);
  put(7, 1_000_000, 9); // a state that nobody described
  const { examined, deleted, restored, path } = flows.sweep();
  assert.equal({ examined, deleted, restored, path }, { examined: 7, deleted: 2, restored: 0, path: "flows" });
  assert.equal([...flows.keys()].sort(), [1, 2, 4, 5, 7]);
});

test("the second entry of a translated flow goes with the flow, never before", () => {
  using program = loadForTest(object, manifest);
  const flows = live<number, Flow>(program, "flows");
  const put = (key: number, seconds: number, main4: number): void =>
    flows.set(key, { seen: ago(seconds), state: 0, companion: main4 !== 0, main4 });
  put(1, 5, 0);
  put(101, 1000, 1); // idle itself, but its flow lives
  put(2, 31, 0);
  put(102, 10, 2); // its flow has expired
  put(103, 10, 3); // its flow is gone
  put(104, 0, 4); // reserved just now, its flow is about to be stored
  flows.sweep();
  flows.sweep();
  assert.equal([...flows.keys()].sort(), [1, 101, 104]);
});

test("tries and per-CPU maps are swept too; of the processors' values the latest counts", () => {
  using program = loadForTest(object, manifest);
  const past = process.hrtime.bigint() - 1n;
  const future = past + 3_600_000_000_000n;
  const routes = live<{ prefix: number; length: number }, { at: bigint }>(program, "routes");
  for (let i = 0; i < 20; i++) routes.set({ prefix: (i << 24) >>> 0, length: 8 }, { at: i % 2 === 0 ? past : future });
  assert.is(routes.sweep().deleted, 10);
  assert.is(routes.size, 10);

  const perCpu = program.map("perCpu");
  const slots = new BigUint64Array(perCpu.info.slots).fill(past);
  const stored = (key: number): void => perCpu.set(new Uint8Array(Uint32Array.of(key).buffer), new Uint8Array(slots.buffer));
  stored(1);
  slots[slots.length - 1] = future;
  stored(2);
  const { examined, deleted } = live(program, "perCpu").sweep();
  assert.equal({ examined, deleted }, { examined: 2, deleted: 1 });
});

test("what packets renew during a sweep stays", async () => {
  using program = loadForTest(object, manifest);
  const flows = live<number, Flow>(program, "flows");
  const renewed = 64;
  const stale = { seen: ago(100), state: 0, companion: false, main4: 0 };
  for (let key = 0; key < 10_000; key++) flows.set(key, stale);
  const found = new Set<number>();
  const steps = flows.sweeping();
  let step = steps.next();
  // Packets come between the steps of the sweep, and renew what is still there.
  for (; !step.done; step = steps.next()) {
    for (let key = 0; key < renewed; key++) if (program.run("xdp", frameFor(key)).retval === XDP_PASS) found.add(key);
  }
  assert.ok(found.size > 0 && found.size < renewed, `${found.size}: the first step had the half of them`);
  assert.equal(new Set(flows.keys()), found);
  assert.is(step.value.deleted, 10_000 - found.size);
});

test("a large table is swept in steps", () => {
  using program = loadForTest(object, manifest);
  const flows = live<number, Flow>(program, "flows");
  const fresh = { seen: ago(0), state: 0, companion: false, main4: 0 };
  for (let key = 0; key < 10_000; key++) flows.set(key, fresh);
  assert.is([...flows.sweeping()].length, 2);
  assert.is(flows.size, 10_000);
});

test.run();

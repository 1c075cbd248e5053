import { test } from "uvu";
import * as assert from "uvu/assert";
import type { MapEntry, Shape } from "../../codegen/bundle/manifest.js";
import { layOut } from "../../dsl/core/shape.js";
import { DatapathError } from "../errors.js";
import { compile, manifestOf } from "../fixtures/compile.js";
import { mapEntry } from "../fixtures/pipelines.js";
import { native } from "../native/index.js";
import { loadForTest, type TestProgram } from "../test-run/load.js";
import { EventStream } from "./events.js";
import { LiveMap } from "./live.js";
import { pathOf } from "./path.js";

const int = (bits: 8 | 16 | 32 | 64, order: "host" | "network" = "host"): Shape => ({ kind: "int", bits, order });
const struct = (...entries: (readonly [string, Shape])[]): Shape => ({ kind: "struct", name: "Test", ...layOut(entries, false) });
const flow = struct(["port", int(16, "network")], ["hits", int(64)]);
const prefix = struct(["length", int(32)], ["address", int(32, "network")]);
const event = struct(["number", int(32)], ["kind", int(8)]);
const counter = struct(["packets", int(64)], ["bytes", int(64)]);

const entries: MapEntry[] = [
  mapEntry({ path: "hash", kind: "hash", value: flow, valueSize: 16, maxEntries: 4000 }),
  mapEntry({ path: "small", kind: "hash", maxEntries: 2 }),
  mapEntry({ path: "lru", kind: "lruHash", maxEntries: 100 }),
  mapEntry({ path: "percpu", kind: "perCpuHash", maxEntries: 100 }),
  mapEntry({ path: "table", kind: "array", key: undefined, maxEntries: 10 }),
  mapEntry({ path: "counters", kind: "counter", key: undefined, value: counter, valueSize: 16, maxEntries: 1 }),
  mapEntry({ path: "routes", kind: "lpmTrie", key: prefix, keySize: 8, maxEntries: 100 }),
  mapEntry({ path: "devices", kind: "devMap", key: int(32), value: undefined, valueSize: 4, maxEntries: 8 }),
  mapEntry({ path: "captured", kind: "ring", key: undefined, value: int(32), keySize: 0, valueSize: 0, maxEntries: 4096 }),
  mapEntry({ path: "ring", kind: "ring", key: undefined, value: event, keySize: 0, valueSize: 0, maxEntries: 4096 }),
];

const object = compile(`
struct flow { __u16 port; __u64 hits; };
struct prefix { __u32 length; __u32 address; };
struct counter { __u64 packets, bytes; };
struct event { __u32 number; __u8 kind; };
#define MAP(NAME, TYPE, ENTRIES, KEY, VALUE, FLAGS) \\
  struct { __uint(type, TYPE); __uint(max_entries, ENTRIES); __type(key, KEY); __type(value, VALUE); __uint(map_flags, FLAGS); } NAME SEC(".maps")
MAP(hash, BPF_MAP_TYPE_HASH, 4000, __u32, struct flow, 0);
MAP(small, BPF_MAP_TYPE_HASH, 2, __u32, __u64, 0);
MAP(lru, BPF_MAP_TYPE_LRU_HASH, 100, __u32, __u64, 0);
MAP(percpu, BPF_MAP_TYPE_PERCPU_HASH, 100, __u32, __u64, 0);
MAP(table, BPF_MAP_TYPE_ARRAY, 10, __u32, __u64, 0);
MAP(counters, BPF_MAP_TYPE_PERCPU_ARRAY, 1, __u32, struct counter, 0);
MAP(routes, BPF_MAP_TYPE_LPM_TRIE, 100, struct prefix, __u64, BPF_F_NO_PREALLOC);
MAP(devices, BPF_MAP_TYPE_DEVMAP, 8, __u32, __u32, 0);
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } captured SEC(".maps");
struct record { __u32 event, count; __u8 packet[8]; };

SEC("xdp") int live_xdp(struct xdp_md *ctx) {
  __u32 zero = 0;
  struct counter *c = bpf_map_lookup_elem(&counters, &zero);
  if (!c) return XDP_ABORTED;
  c->packets += 1;
  c->bytes += 100;
  __u64 *seen = bpf_map_lookup_elem(&percpu, &zero);
  if (seen) *seen += 1;
  __u64 *number = bpf_map_lookup_elem(&table, &zero);
  if (!number) return XDP_ABORTED;
  __u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  if (data + 3 > end) return XDP_ABORTED;
  struct record r = { end - data, 3, { data[0], data[1], data[2] } };
  bpf_ringbuf_output(&captured, &r, sizeof r, 0);
  struct event e = { __sync_fetch_and_add(number, 1) + 1, 7 };
  return bpf_ringbuf_output(&ring, &e, sizeof e, 0) ? XDP_DROP : XDP_PASS;
}
`);

const frame = new Uint8Array(64);
const manifest = manifestOf({ hooks: [{ hook: "xdp", program: "live_xdp", section: "xdp" }], maps: entries });

function entry(path: string): MapEntry {
  const found = entries.find(one => one.path === path);
  if (!found) throw new Error(path);
  return found;
}

function live<K, V>(program: TestProgram, path: string): LiveMap<K, V> {
  return new LiveMap<K, V>(program.map(path).kernel, entry(path));
}

function code(work: () => unknown): string {
  try {
    work();
    return "done";
  } catch (error) {
    if (error instanceof DatapathError) return error.code;
    throw error;
  }
}

test("a hash map: set, get, walk in batches, delete, clear", () => {
  using program = loadForTest(object, manifest);
  const map = live<number, { port: number; hits: bigint }>(program, "hash");
  for (let i = 0; i < 3000; i++) map.set(i, { port: i, hits: BigInt(i) });
  assert.is(map.size, 3000);
  assert.equal(map.get(2999), { port: 2999, hits: 2999n });
  assert.is(map.get(3001), undefined);
  assert.is(
    [...map].reduce((sum, [, { hits }]) => sum + hits, 0n),
    4498500n,
  );
  assert.is(map.delete(5), true);
  assert.is(map.delete(5), false);
  assert.is(map.has(5), false);
  map.clear();
  assert.is(map.size, 0);
});

test("a full map, a wrong index and a wrong value are told apart", () => {
  using program = loadForTest(object, manifest);
  const small = live<number, bigint>(program, "small");
  small.set(1, 1n);
  small.set(2, 2n);
  assert.is(
    code(() => small.set(3, 3n)),
    "DP6009",
  );
  assert.is(
    code(() => small.set(2, 5n)),
    "done",
  );
  assert.is(
    code(() => live(program, "table").set(10, 1n)),
    "DP6008",
  );
  assert.is(live(program, "table").get(10), undefined);
  assert.is(
    code(() => live(program, "hash").set(1, { port: 1 })),
    "DP6008",
  );
  assert.is(
    code(() => live(program, "lru").set(-1, 1n)),
    "DP6008",
  );
});

test("per-CPU maps give totals, and what is set is the total", () => {
  using program = loadForTest(object, manifest);
  const map = live<number, bigint>(program, "percpu");
  map.set(0, 40n);
  assert.is(map.get(0), 40n);
  program.run("xdp", frame);
  program.run("xdp", frame);
  assert.is(map.get(0), 42n);
  assert.equal([...live(program, "counters")], [[0, { packets: 2n, bytes: 200n }]]);
});

test("arrays have every index; deleting sets zero", () => {
  using program = loadForTest(object, manifest);
  const map = live<number, bigint>(program, "table");
  map.set(9, 5n);
  assert.is(map.size, 10);
  assert.equal([...map].at(-1), [9, 5n]);
  assert.is(map.delete(9), true);
  assert.is(map.get(9), 0n);
});

test("a trie's keys are a length and an address in network order", () => {
  using program = loadForTest(object, manifest);
  const map = live<{ length: number; address: number }, bigint>(program, "routes");
  map.set({ length: 8, address: 0x0a000000 }, 1n);
  map.set({ length: 16, address: 0x0a010000 }, 2n);
  assert.is(map.get({ length: 32, address: 0x0a010203 }), 2n);
  assert.is(map.get({ length: 32, address: 0x0a020203 }), 1n);
  assert.equal(
    [...map].map(([{ length }]) => length).sort((a, b) => a - b),
    [8, 16],
  );
});

test("a trie over plain addresses takes them as programs do", () => {
  using program = loadForTest(object, manifest);
  const map = live<unknown, bigint>(program, "routes");
  map.set({ prefix: 0x0a000000, length: 8 }, 1n);
  map.set(0x0a000001, 2n);
  assert.is(map.get(0x0a000001), 2n);
  assert.is(map.get(0x0a000002), 1n);
  assert.is(map.delete({ prefix: 0x0a000000, length: 8 }), true);
  assert.is(map.get(0x0a000002), undefined);
  assert.is(
    code(() => map.set({ prefix: 0x0a000000, length: 33 }, 1n)),
    "DP6008",
  );
});

test("expired entries are not seen, and a sweep makes room", () => {
  using program = loadForTest(object, manifest);
  const aged = { ...entry("hash"), expires: { field: "hits", after: "1000000000" } };
  const map = new LiveMap<number, { port: number; hits: bigint }>(program.map("hash").kernel, aged);
  const now = process.hrtime.bigint();
  map.set(1, { port: 1, hits: now });
  map.set(2, { port: 2, hits: now - 2_000_000_000n });
  assert.equal([...map.keys()], [1]);
  assert.is(map.get(2), undefined);
  assert.is(map.size, 1);
  assert.is([...program.map("hash").entries()].length, 2);
  assert.is(map.sweep().deleted, 1);
  assert.is([...program.map("hash").entries()].length, 1);
});

test("an event's packet follows it", async () => {
  using program = loadForTest(object, manifest);
  const map = new (native().KernelMap)(native().duplicate(program.map("captured").kernel.fd));
  const stream = new EventStream<number>(map, entry("captured"));
  program.run("xdp", Uint8Array.of(1, 2, 3, ...new Uint8Array(61)));
  for await (const emitted of stream.emitted()) {
    assert.equal(emitted, { event: 64, packet: Buffer.of(1, 2, 3) });
    break;
  }
});

test("a device map stores interface indexes", () => {
  using program = loadForTest(object, manifest);
  const map = live<number, number>(program, "devices");
  map.set(3, 1);
  assert.is(map.get(3), 1);
  assert.is(map.get(4), undefined);
});

test("events come in order, none is lost while there is room, and closing ends the loop", async () => {
  using program = loadForTest(object, manifest);
  const map = new (native().KernelMap)(native().duplicate(program.map("ring").kernel.fd));
  const stream = new EventStream<{ number: number; kind: number }>(map, entry("ring"));
  const seen: number[] = [];
  const sending = setInterval(() => {
    for (let i = 0; i < 50; i++) program.run("xdp", frame);
  }, 5);
  for await (const { number, kind } of stream) {
    assert.is(kind, 7);
    seen.push(number);
    if (seen.length === 1000) break;
  }
  clearInterval(sending);
  assert.equal(
    seen,
    Array.from({ length: 1000 }, (_, i) => i + 1),
  );
  assert.equal(await stream.next(), { done: true, value: undefined });
});

test("a function of the class is a path", () => {
  interface P {
    readonly limit: { readonly buckets: object };
  }
  assert.is(
    pathOf<P>(p => p.limit.buckets),
    "limit.buckets",
  );
  assert.throws(() => pathOf<P>(() => 5), /give a function/);
  assert.throws(() => pathOf<P>(p => p), /give a function/);
});

test.run();

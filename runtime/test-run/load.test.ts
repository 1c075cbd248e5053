import { test } from "uvu";
import * as assert from "uvu/assert";
import { DatapathError } from "../errors.js";
import { compile, manifestOf } from "../fixtures/compile.js";
import { loadForTest } from "./load.js";

const object = compile(`
volatile const __u32 limit SEC(".rodata.params") = 7;
volatile __u32 wanted SEC(".data.settings") = 1;
struct world { __u64 clock, count, index; __u32 random[64]; };
volatile struct world world SEC(".data.world") = {1};
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1000); __type(key, __u32); __type(value, __u64); } seen SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u64); } counts SEC(".maps");

SEC("xdp") int test_xdp(struct xdp_md *ctx) {
  __u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  __u32 zero = 0;
  __u64 *count = bpf_map_lookup_elem(&counts, &zero);
  if (count) *count += 1;
  if (data + 14 > end) return XDP_ABORTED;
  data[0] = limit; data[1] = wanted; data[2] = world.clock; data[3] = world.random[0];
  __u64 one = 1; __u32 key = data[5];
  bpf_map_update_elem(&seen, &key, &one, 0);
  return XDP_DROP;
}
SEC("tc") int test_in(struct __sk_buff *skb) { skb->mark += 1; return skb->ifindex == 1 ? TC_ACT_OK : TC_ACT_SHOT; }
`);

const source = { file: "test.dp.ts", line: 1, column: 1 };
const variable = { bits: 32, boolean: false, offset: 0, size: 4, min: "0", max: "200", source } as const;
const manifest = manifestOf({
  hooks: [
    { hook: "xdp", program: "test_xdp", section: "xdp" },
    { hook: "ingress", program: "test_in", section: "tc" },
  ],
  params: [{ ...variable, path: "limit", initial: "7" }],
  settings: [{ ...variable, path: "wanted", initial: "1" }],
  maps: [
    {
      path: "seen",
      symbol: "seen",
      kind: "hash",
      key: { kind: "int", bits: 32, order: "host" },
      value: { kind: "int", bits: 64, order: "host" },
      keySize: 4,
      valueSize: 8,
      maxEntries: 1000,
      scope: "pipeline",
      shared: undefined,
      expires: undefined,
      initial: [{ key: Buffer.from([9, 0, 0, 0]).toString("base64"), value: Buffer.alloc(8, 1).toString("base64") }],
    },
    {
      path: "counts",
      symbol: "counts",
      kind: "perCpuArray",
      key: undefined,
      value: { kind: "int", bits: 64, order: "host" },
      keySize: 4,
      valueSize: 8,
      maxEntries: 2,
      scope: "pipeline",
      shared: undefined,
      expires: undefined,
      initial: [],
    },
  ],
});

test("a packet goes through a hook with params, settings, clock and random numbers", () => {
  using program = loadForTest(object, manifest, { params: { limit: 42 } });
  const frame = new Uint8Array(64).fill(0xee);
  const first = program.run("xdp", frame, { clock: 5n, random: [99] });
  assert.is(first.retval, 1);
  assert.equal([...first.bytes.subarray(0, 5)], [42, 1, 5, 99, 0xee]);
  assert.is(first.bytes.length, 64);
  program.set("wanted", "3");
  assert.is(program.run("xdp", frame).bytes[1], 3);
});

test("maps hold the build's entries and what packets put there", () => {
  using program = loadForTest(object, manifest);
  program.run("xdp", new Uint8Array(64).fill(0xee));
  const keys = [...program.map("seen").entries()].map(([key]) => key[0] ?? 0).sort((a, b) => a - b);
  assert.equal(keys, [9, 0xee]);
  const counts = [...program.map("counts").entries()];
  assert.is(counts.length, 2);
  let total = 0n;
  const value = counts[0]?.[1] ?? new Uint8Array();
  for (let i = 0; i < value.length; i += 8) total += Buffer.from(value).readBigUInt64LE(i);
  assert.is(total, 1n);
  program.map("seen").clear();
  assert.is([...program.map("seen").entries()].length, 0);
});

test("a tc hook sees its context and leaves its mark", () => {
  using program = loadForTest(object, manifest);
  const result = program.run("ingress", new Uint8Array(64), { ifindex: 1, mark: 10 });
  assert.is(result.retval, 0);
  assert.is(result.mark, 11);
});

test("large maps are read in batches, none left out", () => {
  using program = loadForTest(object, manifest);
  const map = program.map("seen");
  for (let i = 0; i < 1000; i++) map.set(Uint8Array.of(i & 255, i >> 8, 0, 0), new Uint8Array(8));
  assert.is(new Set([...map.entries()].map(([key]) => Buffer.from(key).readUInt32LE(0))).size, 1000);
});

test("what the kernel says of a program", () => {
  using program = loadForTest(object, manifest);
  const info = program.info("xdp");
  assert.is(info.name, "test_xdp");
  assert.ok(info.verifiedInstructions > 10);
  assert.is(program.instructions("xdp").length, info.instructions * 8);
});

test("wrong params are refused by name and range", () => {
  const code = (params: { [path: string]: number }): string => {
    try {
      loadForTest(object, manifest, { params }).close();
      return "loaded";
    } catch (error) {
      return error instanceof DatapathError ? error.code : String(error);
    }
  };
  assert.is(code({ limit: 201 }), "DP6006");
  assert.is(code({ limits: 1 }), "DP6005");
  assert.is(code({ limit: 1.5 }), "DP6006");
});

test.run();

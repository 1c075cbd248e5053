import { existsSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DatapathError } from "../errors.js";
import { compile, manifestOf } from "../fixtures/compile.js";
import { mapEntry, temporaryFolder } from "../fixtures/pipelines.js";
import { loadForTest } from "../test-run/load.js";
import { newerThan } from "./features.js";
import { originOf, readRejection } from "./verifier.js";

// Logs are kept in the folder for temporary files; here in one that goes with the test.
const temporary = temporaryFolder();
process.env.TMPDIR = temporary.path;
test.after(() => temporary[Symbol.dispose]());

const hooks = [{ hook: "xdp", program: "reject_xdp", section: "xdp" }] as const;

function rejection(code: string, parts: Parameters<typeof manifestOf>[0] = {}): DatapathError {
  try {
    loadForTest(compile(code), manifestOf({ hooks, ...parts })).close();
  } catch (error) {
    if (error instanceof DatapathError) return error;
    throw error;
  }
  throw new Error("it was loaded");
}

const BAD = `
SEC("xdp") int reject_xdp(struct xdp_md *ctx) {
  __u8 *data = (void *)(long)ctx->data;
#line 17 "edge.dp.ts"
  return data[3];
}`;

test("a rejection names the line of TypeScript, the verifier's reason and a file with the whole log", () => {
  const source = { file: "src/edge.dp.ts", line: 17, column: 9 };
  const error = rejection(BAD, { lines: [{ line: 4, source }] });
  assert.is(error.code, "DP6013");
  assert.is(error.exitCode, 4);
  assert.match(error.message, /^the verifier rejected the program: src\/edge\.dp\.ts:17:9: invalid access to packet/);
  const file = /the whole log: (\S+)\)/.exec(error.message)?.[1] ?? "";
  assert.ok(existsSync(file));
  assert.match(readFileSync(file, "utf8"), /BEGIN PROG LOAD LOG[\s\S]*invalid access to packet[\s\S]*processed \d+ insns/);
});

test("a line of program.c is followed to the TypeScript it came from", () => {
  const source = { file: "edge.dp.ts", line: 30, column: 5 };
  const error = rejection(BAD.replace("edge.dp.ts", "program.c"), { lines: [{ line: 10, source }] });
  assert.match(error.message, /edge\.dp\.ts:30:5: invalid access/);
});

test("logs of older kernels, which name no line, are placed by the object's own line information", () => {
  const object = compile(BAD);
  const log = `libbpf: prog 'reject_xdp': -- BEGIN PROG LOAD LOG --
0: R1=ctx(off=0,imm=0) R10=fp0
; __u8 *data = (void *)(long)ctx->data;
0: (61) r1 = *(u32 *)(r1 +0)          ; R1_w=pkt(off=0,r=0,imm=0)
; return data[3];
1: (71) r0 = *(u8 *)(r1 +3)
R1 invalid mem access 'scalar'
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
libbpf: prog 'reject_xdp': -- END PROG LOAD LOG --`;
  const rejection = readRejection(log, object, manifestOf({ hooks }));
  assert.is(rejection?.reason, "R1 invalid mem access 'scalar'");
  assert.equal(rejection?.source, { file: "edge.dp.ts", line: 17, column: 1 });
});

test("a line without an entry belongs to the one before", () => {
  const place = (line: number): { file: string; line: number; column: number } => ({ file: "a.dp.ts", line, column: 1 });
  const manifest = manifestOf({ lines: [10, 20, 30].map(line => ({ line, source: place(line * 10) })) });
  assert.is(originOf(manifest, 9), undefined);
  assert.is(originOf(manifest, 10)?.line, 100);
  assert.is(originOf(manifest, 29)?.line, 200);
  assert.is(originOf(manifest, 31)?.line, 300);
});

test("a long log is kept whole", () => {
  const steps = Array.from({ length: 400 }, (_, i) => `x += ctx->ingress_ifindex * ${i + 3};`).join("\n");
  const error = rejection(
    `SEC("xdp") int reject_xdp(struct xdp_md *ctx) { volatile int x = 0; ${steps} return *(__u8 *)(long)ctx->data; }`,
  );
  const log = readFileSync(/the whole log: (\S+)\)/.exec(error.message)?.[1] ?? "", "utf8");
  assert.ok(log.length > 50_000, `${log.length}`);
  assert.match(log, /processed \d+ insns/);
});

test("a map that cannot be made is told from a rejected program", () => {
  const error = rejection(
    `struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 0xffffffff); __type(key, __u32); __type(value, __u64); } huge SEC(".maps");
     SEC("xdp") int reject_xdp(struct xdp_md *ctx) { __u32 key = 0; return bpf_map_lookup_elem(&huge, &key) ? XDP_PASS : XDP_DROP; }`,
    { maps: [mapEntry({ path: "huge", kind: "hash", maxEntries: 0xffffffff })] },
  );
  assert.is(error.code, "DP6015", error.message);
  assert.match(error.message, /huge/);
});

test("a kernel that is too old for a feature is named, not the verifier's confusion", () => {
  const error = rejection(BAD, {
    features: [
      { name: "ring buffer", since: "5.8" },
      { name: "time travel", since: "99.1" },
    ],
  });
  assert.is(error.code, "DP6012");
  assert.is(error.exitCode, 3);
  assert.match(error.message, /needs time travel \(Linux 99\.1\)/);
  assert.equal(
    newerThan(
      [
        { name: "a", since: "5.10" },
        { name: "b", since: "6.6" },
      ],
      "6.1.0-13-amd64",
    ).map(one => one.name),
    ["b"],
  );
});

test("a manifest that speaks of other programs or maps than the object's is damaged", () => {
  const good = `SEC("xdp") int reject_xdp(struct xdp_md *ctx) { return XDP_PASS; }`;
  assert.is(rejection(good, { maps: [mapEntry({ path: "nosuch", kind: "hash" })] }).code, "DP6002");
  assert.is(rejection(good, { hooks: [{ hook: "xdp", program: "nosuch", section: "xdp" }] }).code, "DP6002");
});

test.run();

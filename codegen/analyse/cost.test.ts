/** The bound against what the kernel's verifier counts, and against paths that can be counted by hand. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readObject } from "../object/elf.js";
import { backwardJumps, instructionsByLine, lengthOf, type ObjectProgram, programsOf } from "../object/programs.js";
import { costOf } from "./cost.js";

const folder = mkdtempSync(join(tmpdir(), "datapath-cost-"));
const pins = `/sys/fs/bpf/datapath-cost-${process.pid}`;
test.after(() => {
  rmSync(folder, { recursive: true });
  rmSync(pins, { recursive: true, force: true });
});

const CONTEXT = `
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned u32; typedef unsigned long long u64;
struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
#define DATA u8 *data = (u8 *)(long)ctx->data, *end = (u8 *)(long)ctx->data_end
char license_name[] __attribute__((section("license"))) = "GPL";
#define PROGRAM(name) __attribute__((section("xdp"))) int name(struct xdp_md *ctx)
`;

const PROGRAMS: Readonly<Record<string, string>> = {
  straight: `PROGRAM(straight) { return 2; }`,
  checks: `PROGRAM(checks) { DATA; if (data + 42 > end) return 2; if (data[12] != 8) return 2; if (data[13] != 6) return 2; return data[20] == 1 ? 3 : 1; }`,
  diamonds: `PROGRAM(diamonds) { DATA; if (data + 60 > end) return 2; u32 s = 0;
#line 5 "diamonds.dp.ts"
    if (data[1] > 7) s += data[2]; else s ^= data[3] * 3;
    if (data[4] > 7) s += data[5]; else s ^= data[6] * 3;
    if (data[7] > 7) s += data[8]; else s ^= data[9] * 3;
    if (data[10] > 7) s += data[11]; else s ^= data[12] * 3;
    *(u32 *)(data + 20) = s; return 2; }`,
  options: `PROGRAM(options) { DATA; u32 at = 20;
    for (int i = 0; i < 6; i++) { u8 *p = data + (at & 0x3fff); if (p + 2 > end) return 2; if (p[0] == 0) break; if (p[0] == 1) { at += 1; continue; } at += p[1]; }
    return at > 100 ? 1 : 2; }`.replace("for (int", `_Pragma("clang loop unroll(full)") for (int`),
};

function compile(source: string, file: string): ObjectProgram {
  const object = join(folder, `${file}.o`);
  const input = join(folder, `${file}.c`);
  writeFileSync(input, CONTEXT + source);
  execFileSync("clang-19", ["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-fwrapv", "-c", input, "-o", object]);
  const [program] = programsOf(readObject(readFileSync(object)));
  if (!program) throw new Error(`${file} holds no program`);
  return program;
}
/** The kernel's own count, from the last line of its log. */
function verified(file: string): bigint {
  try {
    const loaded = spawnSync("bpftool", ["-d", "prog", "load", join(folder, `${file}.o`), `${pins}-${file}`], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    const count = /processed (\d+) insns/.exec(loaded.stderr + loaded.stdout)?.[1];
    if (loaded.status !== 0 || count === undefined) throw new Error(`bpftool: ${loaded.stderr.slice(-2000)}`);
    return BigInt(count);
  } finally {
    rmSync(`${pins}-${file}`, { force: true });
  }
}

for (const [name, source] of Object.entries(PROGRAMS)) {
  test(`${name}: the bound is not below the verifier's count`, () => {
    const program = compile(source, name);
    assert.equal(backwardJumps(program), []);
    const { verified: bound, instructions } = costOf(program);
    assert.is(instructions, lengthOf(program));
    const counted = verified(name);
    assert.ok(bound >= counted, `${bound} is below ${counted}`);
    assert.ok(counted > 1n);
  });
}

test("without joins the bound is exact", () => {
  assert.is(costOf(compile(PROGRAMS.straight ?? "", "exact")).verified, verified("exact"));
});

test("where paths join in one state, the bound does not multiply", () => {
  // sixteen branches whose outcome only goes to the packet: 2^16 paths
  const source = `PROGRAM(joins) { DATA; if (data + 60 > end) return 2; u32 s = 0;
    ${Array.from({ length: 16 }, (_, i) => `if (data[${i}] > 7) s += data[${i + 20}] * 3;`).join(" ")}
    *(u32 *)(data + 40) = s; return 2; }`;
  const { verified: bound } = costOf(compile(source, "joins"));
  const counted = verified("joins");
  assert.ok(bound >= counted, `${bound} is below ${counted}`);
  assert.ok(bound < 3n * counted, `${bound} is far above ${counted}`);
});

test("each line has its share", () => {
  const program = compile(PROGRAMS.diamonds ?? "", "lines");
  const ofFile = costOf(program).lines.filter(line => line.file.endsWith("diamonds.dp.ts"));
  const at = (line: number): bigint => ofFile.find(cost => cost.line === line)?.verified ?? 0n;
  // each diamond is met by at least the two paths of the one before
  assert.ok(at(5) > 0n && at(6) > at(5) && at(8) >= at(6));
  const { lines, verified: all } = costOf(program);
  assert.ok(lines.reduce((sum, line) => sum + line.verified, 0n) <= all);
  const count = instructionsByLine(program).find(({ file, line }) => file.endsWith("diamonds.dp.ts") && line === 6);
  assert.ok((count?.instructions ?? 0) > 2);
});

test("a loop is found", () => {
  const loop = `PROGRAM(loop) { DATA; if (data + 64 > end) return 2; volatile u32 s = 0; _Pragma("clang loop unroll(disable)") for (u32 i = 0; i < 50; i++) s += i; return s; }`;
  const program = compile(loop, "loop");
  assert.is(backwardJumps(program).length, 1);
  assert.throws(() => costOf(program), /has a loop/);
});

test("what is no object is refused", () => {
  const bytes = readFileSync(join(folder, "checks.o"));
  assert.throws(() => readObject(new TextEncoder().encode("hello")), /not an ELF file/);
  assert.throws(() => readObject(bytes.subarray(0, 200)), /outside the file/);
  const host = new Uint8Array(bytes);
  host[18] = 62;
  assert.throws(() => readObject(host), /not an eBPF object/);
});

test.run();

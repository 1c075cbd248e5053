import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { disassemble } from "./disassemble.js";

/** A program of many kinds of instruction; what it computes is of no interest. */
const program = `
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
struct context { u32 data, data_end; };
struct { int (*type)[2]; u32 *key; u64 *value; int (*max_entries)[8]; } map __attribute__((section(".maps"), used));
static void *(*lookup)(void *, const void *) = (void *)1;
static u64 (*clock)(void) = (void *)5;
volatile const int limit = 3; volatile u64 rate = 5; int totals[10];
__attribute__((section("tc"))) int sample(struct context *context) {
  u8 *data = (u8 *)(long)context->data, *end = (u8 *)(long)context->data_end;
  if (data + 40 > end) return 2;
  u32 key = (data[3] | data[4] << 8) % 7;
  long below = (int)key - 5;
  u64 *value = lookup(&map, &key);
  u32 *half = (u32 *)value;
  if (value) {
    __sync_fetch_and_add(value, 1);
    u64 old = __sync_fetch_and_add(value, key + 1);
    *(u64 *)(data + 8) = old;
    __sync_val_compare_and_swap(value, 7, old);
    old = __sync_lock_test_and_set(value, 9);
    *(u16 *)(data + 2) = __builtin_bswap16(*(u16 *)(data + 4));
    *(u32 *)(data + 20) = __builtin_bswap32(*(u32 *)(data + 24));
    *(u64 *)(data + 32) = -__builtin_bswap64(*(u64 *)(data + 16)) * old;
    __sync_fetch_and_or(value, old);
    *(volatile u32 *)(data + 16) = __sync_fetch_and_xor(half, 3) + __sync_val_compare_and_swap(half, 1, 2) + __sync_lock_test_and_set(half, 4);
    totals[key & 7] = below;
  }
  if (limit > 4 && below < -2) return (int)clock() >> 3;
  return 0x123456789abcull / (key + 1) > rate ? data[9] ^ 0x55 : -(int)key;
}
char declared[] __attribute__((section("license"))) = "GPL";`;

test("instructions read as llvm-objdump writes them", () => {
  const folder = mkdtempSync(join(tmpdir(), "datapath-disassemble-"));
  try {
    const object = join(folder, "program.o");
    run("clang-19", ["-O2", "-target", "bpf", "-mcpu=v3", "-x", "c", "-c", "-", "-o", object], program);
    run("llvm-objcopy-19", ["-O", "binary", "--only-section=tc", object, join(folder, "code")], "");
    // Without alu32 it does not know 32-bit atomics; with it, it writes 32-bit loads as if they had another destination.
    const withHalves = objdump(object, ["--mattr=+alu32"]);
    const expected = objdump(object, []).map((line, index) => (line.includes("<unknown>") ? (withHalves[index] ?? "") : line));
    const found = disassemble(readFileSync(join(folder, "code"))).map(({ address, text }) => `${address}: ${text}`);
    assert.ok(found.length > 60);
    assert.equal(found, expected);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a helper is named when its name is known", () => {
  const call = Uint8Array.of(0x85, 0, 0, 0, 5, 0, 0, 0);
  assert.equal(
    disassemble(call, id => (id === 5 ? "ktime_get_ns" : undefined)),
    [{ address: 0, text: "call ktime_get_ns#5" }],
  );
});

test("sign-extending moves and loads of the fourth version of the instruction set", () => {
  const code = Uint8Array.of(0xbf, 0x21, 8, 0, 0, 0, 0, 0, 0x91, 0x10, 4, 0, 0, 0, 0, 0);
  assert.equal(
    disassemble(code).map(({ text }) => text),
    ["r1 = (s8)r2", "r0 = *(s8 *)(r1 + 4)"],
  );
});

/** The lines of objdump: address and instruction, without its hexadecimal numbers and jump targets. */
function objdump(object: string, options: readonly string[]): string[] {
  return run("llvm-objdump-19", ["-d", "--no-show-raw-insn", "-j", "tc", ...options, object], "")
    .split("\n")
    .flatMap(line => /^ +(\d+):\s+(.*)$/.exec(line)?.slice(1).join(": ") ?? [])
    .map(line => line.replace(/ <[^ ]*\+[^ ]*>$/, "").replace(/0x[0-9a-f]+/g, digits => BigInt(digits).toString()));
}

function run(command: string, args: string[], input: string): string {
  const done = spawnSync(command, args, { input, encoding: "utf8" });
  assert.is(done.status, 0, `${command}: ${done.error?.message ?? done.stderr}`);
  return done.stdout;
}

test.run();

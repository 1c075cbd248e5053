import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DatapathError } from "../errors.js";
import { compile } from "../fixtures/compile.js";
import { checkElf } from "./check.js";

const object = compile(`
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } seen SEC(".maps");
SEC("xdp") int check_xdp(struct xdp_md *ctx) { __u32 key = 1; return bpf_map_lookup_elem(&seen, &key) ? XDP_PASS : XDP_DROP; }
`);

function refusal(bytes: Uint8Array): string {
  try {
    checkElf(bytes);
    return "accepted";
  } catch (error) {
    assert.instance(error, DatapathError);
    assert.is(error instanceof DatapathError && error.code, "DP6004");
    return error instanceof Error ? error.message : "";
  }
}

function changed(at: number, value: number): Uint8Array {
  const bytes = Uint8Array.from(object);
  new DataView(bytes.buffer).setUint32(at, value, true);
  return bytes;
}

test("what clang makes is accepted", () => {
  assert.is(refusal(object), "accepted");
});

test("an object cut off anywhere is refused", () => {
  // The file ends with the section table, or with padding behind it.
  for (let size = 0; size < object.length - 64; size += 41) assert.match(refusal(object.subarray(0, size)), /malformed/);
});

test("what is no ELF for BPF is refused by name", () => {
  assert.match(refusal(Buffer.from("#!/bin/sh\n".repeat(100))), /not an ELF file/);
  assert.match(refusal(changed(16, 2 | (62 << 16))), /not a relocatable object for BPF/);
});

test("a type that holds itself is refused", () => {
  const looped = compile(`typedef int number; number value SEC(".data.settings"); SEC("xdp") int loop_xdp(void *ctx) { return value; }`);
  const view = new DataView(looped.buffer, looped.byteOffset, looped.byteLength);
  // A typedef's record is (name, 8 << 24, type): the one in this object refers to the integer in front of it.
  for (let at = 0; at + 12 <= looped.length; at += 4) {
    const [info, refers] = [view.getUint32(at + 4, true), view.getUint32(at + 8, true)];
    if (info !== 8 << 24 || refers === 0 || refers > 50) continue;
    const before = refers;
    for (let id = 1; id < 50; id++) {
      view.setUint32(at + 8, id, true);
      if (/holds itself/.test(refusal(looped))) return;
    }
    view.setUint32(at + 8, before, true);
  }
  assert.unreachable("no typedef was found to bend");
});

test("no mutant that is let through crashes libbpf", () => {
  const script = fileURLToPath(new URL("../fixtures/elf-mutants.ts", import.meta.url));
  const run = spawnSync(process.execPath, ["--conditions=datapath", "--import", "tsx", script, `${process.pid}`, "3000"], {
    encoding: "utf8",
    timeout: 100_000,
  });
  assert.is(run.status, 0, `seed ${process.pid}, mutant ${run.stderr.split("\r").at(-2)}: ${run.signal ?? run.stderr.slice(-500)}`);
  const tally: unknown = JSON.parse(run.stdout);
  assert.ok(typeof tally === "object" && tally !== null && "opened" in tally && Number(tally.opened) > 300, run.stdout);
});

test.run();

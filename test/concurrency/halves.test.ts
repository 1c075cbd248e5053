// test: timeout 120
/** User space reads fields of 8 bytes that a program on another processor changes at every packet: never half of one value and half of another. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmdirSync, unlinkSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../codegen/compile.js";
import { loadObject } from "../../runtime/load/object.js";
import { LiveMap } from "../../runtime/maps/live.js";
import { native } from "../../runtime/native/index.js";

/** how long it is read, in milliseconds */
const LASTS = 1500;

interface Halves {
  readonly early: bigint;
  readonly late: bigint;
}
const isWhole = (value: bigint): boolean => value >> 32n === (value & 0xffff_ffffn);

test("a field that programs add to is read whole: arrays, hash maps, per-CPU maps and flow tables, alone and in walks", async () => {
  const { bundle } = await compile(new URL("halves.dp.ts", import.meta.url).pathname);
  if (!bundle) throw new Error("it does not compile");
  const { manifest } = bundle;
  using loaded = loadObject(bundle.object, manifest);
  const program = loaded.programs.get("xdp");
  if (!program) throw new Error("it has no program");
  const folder = `/sys/fs/bpf/datapath-halves-${process.pid}`;
  mkdirSync(folder);
  native().pin(program.fd, `${folder}/xdp`);
  const script = new URL("run.ts", import.meta.url).pathname;
  const node = ["--conditions=datapath", "--import", "tsx", script, `${folder}/xdp`, "0", "4000000000"];
  const runner = spawn(process.execPath, node, { stdio: ["pipe", "pipe", "inherit"] });
  try {
    await once(runner.stdout, "data");
    runner.stdin.end("go");
    const maps = manifest.maps.flatMap(entry => {
      const kernel = loaded.maps.get(entry.symbol);
      const key = { array: 0, hash: 7, perCpu: 0, flows: { number: 1, zero: 0 } }[entry.path];
      return kernel && key !== undefined ? [{ path: entry.path, key, map: new LiveMap<unknown, Halves>(kernel, entry) }] : [];
    });
    assert.is(maps.length, 4);
    const seen = new Map<string, Set<bigint>>(maps.map(({ path }) => [path, new Set()]));
    const torn: string[] = [];
    const look = (path: string, { early, late }: Halves): void => {
      seen.get(path)?.add(early);
      for (const value of [early, late]) if (!isWhole(value)) torn.push(`${path}: ${value.toString(16)}`);
    };
    for (const end = Date.now() + LASTS; Date.now() < end; ) {
      for (const { path, key, map } of maps) {
        for (let i = 0; i < 50; i++) {
          const one = map.get(key);
          if (one) look(path, one);
        }
        for (const [, value] of map) look(path, value);
      }
    }
    assert.equal(torn, []);
    for (const [path, values] of seen) assert.ok(values.size > 100, `${path} was read while it changed: ${values.size} values`);
  } finally {
    runner.kill("SIGKILL");
    await once(runner, "exit");
    unlinkSync(`${folder}/xdp`);
    rmdirSync(folder);
  }
});

test.run();

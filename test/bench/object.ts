/** Objects in the kernel as the bench needs them: descriptors, what the kernel says of them, and their maps. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Manifest } from "../../codegen/bundle/manifest.js";
import { loadObject } from "../../runtime/load/object.js";
import { type KernelMap, native, type ProgramInfo } from "../../runtime/native/index.js";
import { run } from "../lab/command.js";

export interface Loaded extends Disposable {
  readonly fd: number;
  readonly info: ProgramInfo;
  map(name: string): KernelMap;
}

const flags = ["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-fwrapv", "-fno-strict-aliasing", "-Wall", "-Werror"];

/** Compiles C written by hand, with the flags that the compiler uses for its own. */
export async function compileC(path: string, options: { readonly source?: string; readonly tc?: boolean } = {}): Promise<Uint8Array> {
  const source = options.source ?? readFileSync(path, "utf8");
  const machine = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  const folder = dirname(path);
  const out = `/dev/shm/dp-bench-${process.pid}.o`;
  await run(
    ["clang-19", ...flags, ...(options.tc ? ["-DTC"] : []), `-I/usr/include/${machine}`, `-I${folder}`, "-x", "c", "-", "-c", "-o", out],
    { input: source },
  );
  const bytes = readFileSync(out);
  await run(["rm", out]);
  return bytes;
}

/** Loads one program of an object that was written by hand. */
export function loadRaw(object: Uint8Array, program: string): Loaded {
  const elf = new (native().ElfObject)(object, program);
  for (const { name } of elf.programs()) elf.setAutoload(name, name === program);
  elf.load(0);
  const maps = new Map<string, KernelMap>();
  const fd = elf.programFd(program);
  return {
    fd,
    info: native().programInfo(fd),
    map(name) {
      const known = maps.get(name) ?? new (native().KernelMap)(elf.mapFd(name));
      maps.set(name, known);
      return known;
    },
    [Symbol.dispose]() {
      for (const map of maps.values()) map.close();
      native().closeFd(fd);
      elf.close();
    },
  };
}

/** Loads one hook's program of a bundle. */
export function loadHook(object: Uint8Array, manifest: Manifest, hook: "xdp" | "ingress" | "egress"): Loaded {
  const loaded = loadObject(object, manifest, { hooks: [hook] });
  const program = loaded.programs.get(hook);
  if (!program) throw new Error(`${manifest.name} has no ${hook}`);
  return {
    fd: program.fd,
    info: native().programInfo(program.fd),
    map(path) {
      const symbol = manifest.maps.find(map => map.path === path)?.symbol ?? path;
      const map = loaded.maps.get(symbol);
      if (!map) throw new Error(`${manifest.name} has no map ${path}`);
      return map;
    },
    [Symbol.dispose]() {
      loaded.close();
    },
  };
}

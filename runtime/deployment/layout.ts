/**
 * Where a deployment lies in the BPF file system:
 *
 *     /sys/fs/bpf/datapath/PIPELINE/
 *       current -> g7                   the commit; what it names is what should run
 *       links/TARGET/HOOK               a pinned link, or the text that places a clsact filter
 *       g7/                             a generation; g6, the one before, is kept for going back
 *         manifest/0 …                  what the program's maps and variables are
 *         maps/PATH                     maps of the pipeline
 *         targets/TARGET/record/0 …     the device and its params
 *         targets/TARGET/maps/PATH      maps of the target
 *         targets/TARGET/programs/HOOK
 *         targets/TARGET/parts/HOOK     the array that a split program finds its other parts in
 */
import { join } from "node:path";
import type { HookName } from "../../codegen/bundle/manifest.js";

export const BPF_FOLDER = "/sys/fs/bpf";
export const ROOT = `${BPF_FOLDER}/datapath`;
/** Folders of the root that are no pipelines begin so. */
export const RESERVED = "_";

/**
 * A map's path as a file name: dots become hyphens, and what is left that could be mistaken is escaped.
 * `bridge.stations` → `bridge-stations`
 */
export function fileName(path: string): string {
  return path.replace(/[^A-Za-z0-9_$:#[\].]/g, character => `%${Buffer.from(character).toString("hex")}%`).replaceAll(".", "-");
}

export class Layout {
  readonly root: string;
  readonly pipeline: string;
  readonly folder: string;

  constructor(root: string, pipeline: string) {
    this.root = root;
    this.pipeline = pipeline;
    this.folder = join(root, pipeline);
  }

  get current(): string {
    return join(this.folder, "current");
  }
  get links(): string {
    return join(this.folder, "links");
  }
  link(target: string, hook: HookName): string {
    return join(this.links, target, hook);
  }
  generation(number: number): string {
    return join(this.folder, `g${number}`);
  }
  manifest(number: number): string {
    return join(this.generation(number), "manifest");
  }
  map(number: number, path: string): string {
    return join(this.generation(number), "maps", fileName(path));
  }
  targets(number: number): string {
    return join(this.generation(number), "targets");
  }
  target(number: number, target: string): string {
    return join(this.targets(number), target);
  }
  targetRecord(number: number, target: string): string {
    return join(this.target(number, target), "record");
  }
  targetMap(number: number, target: string, path: string): string {
    return join(this.target(number, target), "maps", fileName(path));
  }
  /** The kernel empties an array of programs that nobody holds, so it is pinned as long as its program may run. */
  parts(number: number, target: string, hook: HookName): string {
    return join(this.target(number, target), "parts", hook);
  }
  program(number: number, target: string, hook: HookName): string {
    return join(this.target(number, target), "programs", hook);
  }
}

/** The number of a generation's folder. */
export function generationNumber(name: string | undefined): number | undefined {
  const found = name === undefined ? null : /^g([1-9]\d*)$/.exec(name);
  return found ? Number(found[1]) : undefined;
}

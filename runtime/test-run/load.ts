/** A bundle's programs in the kernel, off every device: packets are given by hand. */
import type { HookName, Manifest } from "../../codegen/bundle/manifest.js";
import { checkElf } from "../elf/check.js";
import { DatapathError } from "../errors.js";
import { type LoadedObject, loadObject } from "../load/object.js";
import { readValues, storeInteger, type VariableInput, WORLD } from "../load/sections.js";
import type { FlowTableStart } from "../maps/flow-table.js";
import { RawMap } from "../maps/raw.js";
import { isNativeError, native, type ProgramInfo } from "../native/index.js";
import { type PacketContext, readSkBuff, skBuffContext, xdpContext } from "./context.js";

/** A packet may grow by this much and still be seen whole. */
const ROOM = 4096;
/** struct { u64 clock; u64 count; u64 index; u32 random[64]; } */
const WORLD_RANDOM = 24;
const WORLD_RANDOMS = 64;
/** a test build's verdict, and on tc the tag of the packet's metadata: behind the random numbers, u64 each */
const WORLD_VERDICT = WORLD_RANDOM + 4 * WORLD_RANDOMS;
const WORLD_TAG = WORLD_VERDICT + 8;

export interface TestLoadOptions {
  readonly params?: { readonly [path: string]: VariableInput };
  /** first contents of `.rodata.target`, by its size */
  readonly target?: (size: number) => Uint8Array;
  readonly logLevel?: 0 | 1 | 2;
  /** how flow tables begin; as this machine wants it if left out */
  readonly flowTables?: FlowTableStart;
}

export interface RunOptions extends PacketContext {
  /** nanoseconds; what `now()` gives in a test build */
  readonly clock?: bigint;
  /** what `random()` gives, in order, at most 64 */
  readonly random?: readonly number[];
  /** runs of the same packet, timed; maps see every one */
  readonly repeat?: number;
}

export interface RunResult {
  /** the program's own: XDP_* or TC_ACT_* */
  readonly retval: number;
  readonly bytes: Uint8Array;
  /** nanoseconds a run */
  readonly duration: number;
  /** tc only */
  readonly mark: number | undefined;
  readonly priority: number | undefined;
  /** tc only: earliest departure, nanoseconds */
  readonly departure: bigint | undefined;
  /** test builds: the program's own verdict, encoded (action in the low byte, detail above) */
  readonly verdict: bigint | undefined;
  /** test builds on tc: the VLAN tag in the packet's metadata */
  readonly tag: { readonly tpid: number; readonly tci: number } | undefined;
}

export interface TestProgram {
  /**
   * One packet through one hook.
   * @throws {DatapathError} DP6014 where the kernel takes no such packet: shorter than 14 bytes, or for XDP longer
   *   than a page holds (about 3,500)
   */
  run(hook: HookName, bytes: Uint8Array, options?: RunOptions): RunResult;
  /** a map by its dotted path, in stored bytes */
  map(path: string): RawMap;
  /** sets a setting by its path */
  set(path: string, value: VariableInput): void;
  info(hook: HookName): ProgramInfo;
  /** the programs that go on behind a hook's first, where it is split */
  parts(hook: HookName): readonly ProgramInfo[];
  /** what the kernel keeps of a program, 8 bytes an instruction */
  instructions(hook: HookName): Uint8Array;
  readonly log: string;
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Loads an object with its own, unpinned maps.
 * @throws {DatapathError} 6xxx
 * @example
 * using program = loadForTest(object, manifest, { params: { "mss.limit": 1400 } });
 * program.run("xdp", frame).retval; // 1: XDP_DROP
 */
export function loadForTest(object: Uint8Array, manifest: Manifest, options: TestLoadOptions = {}): TestProgram {
  checkElf(object);
  const values = readValues(manifest, options.params ?? {});
  const loaded = loadObject(object, manifest, {
    params: values.params,
    settings: values.settings,
    ...(options.flowTables && { flowTables: options.flowTables }),
    ...(options.target && { target: options.target }),
    ...(options.logLevel !== undefined && { logLevel: options.logLevel }),
  });
  return new LoadedTest(loaded, manifest);
}

class LoadedTest implements TestProgram {
  readonly #loaded: LoadedObject;
  readonly #manifest: Manifest;

  constructor(loaded: LoadedObject, manifest: Manifest) {
    this.#loaded = loaded;
    this.#manifest = manifest;
  }

  get log(): string {
    return this.#loaded.log;
  }

  run(hook: HookName, bytes: Uint8Array, options: RunOptions = {}): RunResult {
    this.#setWorld(options);
    try {
      const { retval, data, duration, context } = native().testRun(this.#fd(hook), {
        data: bytes,
        context: hook === "xdp" ? xdpContext(bytes.length, options) : skBuffContext(options),
        room: bytes.length + ROOM,
        contextRoom: hook === "xdp" ? 0 : 192,
        repeat: options.repeat ?? 1,
      });
      const left = hook === "xdp" ? undefined : readSkBuff(context);
      return {
        retval,
        bytes: new Uint8Array(data),
        duration,
        mark: left?.mark,
        priority: left?.priority,
        departure: left?.departure,
        ...this.#told(hook),
      };
    } catch (error) {
      if (isNativeError(error)) {
        throw new DatapathError("DP6014", `a test run of ${hook} with ${bytes.length} bytes: ${error.message}`, {
          cause: error,
          hint: "the kernel takes 14 bytes up to about 3,500 (XDP), and devices of this network namespace only",
        });
      }
      throw error;
    }
  }

  map(path: string): RawMap {
    const entry = this.#manifest.maps.find(map => map.path === path);
    const map = entry && this.#loaded.maps.get(entry.symbol);
    if (!map) throw new DatapathError("DP6007", `"${path}" in pipeline ${this.#manifest.name}`);
    return new RawMap(map);
  }

  set(path: string, value: VariableInput): void {
    const { settings } = readValues(this.#manifest, { [path]: value });
    const variable = this.#manifest.settings.find(one => one.path === path);
    const section = this.#loaded.maps.get(".data.settings");
    const stored = settings.get(path);
    if (!variable || !section || stored === undefined) throw new DatapathError("DP6005", `"${path}" is not a setting`);
    const key = new Uint8Array(4);
    const bytes = section.lookup(key) ?? new Uint8Array(section.info().valueSize);
    storeInteger(bytes, variable.offset, variable.size, stored);
    section.update(key, bytes, 0);
  }

  info(hook: HookName): ProgramInfo {
    return native().programInfo(this.#fd(hook));
  }

  parts(hook: HookName): readonly ProgramInfo[] {
    return (this.#loaded.parts.get(hook)?.programs ?? []).map(({ fd }) => native().programInfo(fd));
  }

  instructions(hook: HookName): Uint8Array {
    return native().translatedInstructions(this.#fd(hook));
  }

  close(): void {
    this.#loaded.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #fd(hook: HookName): number {
    const program = this.#loaded.programs.get(hook);
    if (!program) throw new DatapathError("DP7010", `pipeline ${this.#manifest.name} has no ${hook}`);
    return program.fd;
  }

  /** What a test build left in its world. */
  #told(hook: HookName): Pick<RunResult, "verdict" | "tag"> {
    const bytes = this.#loaded.maps.get(WORLD)?.lookup(new Uint8Array(4));
    if (!bytes || bytes.length < WORLD_TAG + 8) return { verdict: undefined, tag: undefined };
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const tag = view.getBigUint64(WORLD_TAG, true);
    const present = hook !== "xdp" && tag >> 48n !== 0n;
    const proto = Number((tag >> 16n) & 0xffffn);
    return {
      verdict: view.getBigUint64(WORLD_VERDICT, true),
      tag: present ? { tpid: ((proto & 0xff) << 8) | (proto >> 8), tci: Number(tag & 0xffffn) } : undefined,
    };
  }

  #setWorld(options: RunOptions): void {
    const world = this.#loaded.maps.get(WORLD);
    if (!world) return;
    const random = options.random ?? [];
    if (random.length > WORLD_RANDOMS) throw new RangeError(`${random.length} random numbers; a test build holds ${WORLD_RANDOMS}`);
    const bytes = new Uint8Array(world.info().valueSize);
    storeInteger(bytes, 0, 8, options.clock ?? 0n);
    storeInteger(bytes, 8, 8, BigInt(random.length));
    for (const [i, value] of random.entries()) storeInteger(bytes, WORLD_RANDOM + 4 * i, 4, BigInt(value >>> 0));
    world.update(new Uint8Array(4), bytes, 0);
  }
}

/** A bundle in the kernel, given packets by hand through BPF_PROG_TEST_RUN. Knows nothing of the compiler. */
import { readFileSync } from "node:fs";
import type { Manifest, MapEntry } from "../codegen/bundle/manifest.js";
import { decodeVerdict } from "../codegen/specialise/verdict.js";
import { contentsOf } from "../dsl/core/flow-slots.js";
import { sizeOf } from "../dsl/core/shape.js";
import { DEFAULT_HZ } from "../dsl/core/world.js";
import { NODE_SEED } from "../dsl/maps/flow-table.js";
import { joinFrame } from "../dsl/packet/frame.js";
import { native, type Ring } from "../runtime/native/index.js";
import { loadForTest, type RunResult, type TestProgram } from "../runtime/test-run/load.js";
import type { Hook } from "./hook.js";
import type { Entries, KernelOutcome, KernelSession, RunChoice, Slots } from "./kernel.js";
import { ABORTED } from "./simulate.js";
import { deviceIndex, randomNumbers, type World } from "./world.js";

/** Where packets are counted that were dropped. */
const DROPS = ":drops";

/** As many as a test build holds. */
const RANDOM_NUMBERS = 64;

/** One bundle in the kernel, for one hook. */
export class Session implements KernelSession {
  readonly #manifest: Manifest;
  readonly #object: Uint8Array;
  readonly #hook: Hook;
  #program: TestProgram | undefined;
  #params = "";
  /** rings by path, and what each gave so far */
  readonly #rings = new Map<string, { readonly ring: Ring; readonly records: Uint8Array[] }>();

  constructor(manifest: Manifest, object: Uint8Array, hook: Hook) {
    this.#manifest = manifest;
    this.#object = object;
    this.#hook = hook;
  }

  async run(bytes: Uint8Array, world: World, options: RunChoice = {}): Promise<KernelOutcome> {
    const program = this.#load(world);
    const next = randomNumbers(world);
    const result = program.run(this.#hook, bytes, {
      clock: world.clock ?? 0n,
      random: Array.from({ length: RANDOM_NUMBERS }, () => next()),
      ...(world.device !== undefined && { ifindex: deviceIndex(world) }),
      ...(world.mark !== undefined && { mark: world.mark }),
      ...(world.departure !== undefined && { departure: world.departure }),
      ...(world.priority !== undefined && { priority: world.priority }),
    });
    return this.#outcome(program, result, options.maps ?? true);
  }

  /** How many packets were dropped, by reason, since the program was loaded. */
  drops(): ReadonlyMap<string, bigint> {
    const counts = new Map<string, bigint>();
    const entry = this.#manifest.maps.find(({ path }) => path === DROPS);
    if (!this.#program || !entry) return counts;
    for (const [key, value] of entriesOf(this.#program, entry)) {
      const site = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
      const reason = this.#manifest.drops[site]?.reason ?? ABORTED;
      counts.set(reason, (counts.get(reason) ?? 0n) + new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
    }
    return counts;
  }

  async close(): Promise<void> {
    this.#unload();
  }

  #unload(): void {
    for (const { ring } of this.#rings.values()) ring.close();
    this.#rings.clear();
    this.#program?.close();
  }

  /** All records that a ring got since the program was loaded. */
  #recordsOf(program: TestProgram, path: string): readonly Uint8Array[] {
    let entry = this.#rings.get(path);
    if (!entry) {
      entry = { ring: new (native().Ring)(program.map(path).kernel.fd), records: [] };
      this.#rings.set(path, entry);
    }
    entry.records.push(...entry.ring.read());
    return entry.records;
  }

  /** Params are frozen when a program is loaded: other params are another load, whose maps begin as the bundle's. */
  #load(world: World): TestProgram {
    const given = world.params ?? {};
    const params = Object.entries(given).filter(([path]) => this.#manifest.params.some(param => param.path === path));
    const text = JSON.stringify([params.map(([path, value]) => [path, String(value)]), targetText(world)]);
    if (!this.#program || this.#params !== text) {
      this.#unload();
      this.#program = loadForTest(this.#object, this.#manifest, {
        params: Object.fromEntries(params),
        flowTables: { seed: NODE_SEED, tickNanoseconds: BigInt(1_000_000_000 / DEFAULT_HZ), processors: 1 },
        target: size => targetBytes(this.#manifest, world, size),
      });
      this.#params = text;
    }
    for (const setting of this.#manifest.settings) {
      const value = given[setting.path];
      this.#program.set(setting.path, value ?? BigInt(setting.initial));
    }
    return this.#program;
  }

  #outcome(program: TestProgram, result: RunResult, withMaps: boolean): KernelOutcome {
    const { action, detail } = decodeVerdict(Number(result.verdict ?? 0n));
    const maps = new Map<string, Entries>();
    const events = new Map<string, readonly Uint8Array[]>();
    const slots = new Map<string, Slots>();
    for (const entry of withMaps ? this.#manifest.maps : []) {
      if (entry.path.startsWith(":")) continue;
      if (entry.flow) slots.set(entry.path, slotsOf(program, entry));
      else if (entry.kind === "ring") events.set(entry.path, this.#recordsOf(program, entry.path));
      else maps.set(entry.path, entriesOf(program, entry));
    }
    const { mark, priority, departure } = result;
    return {
      verdict: verdictNames[action] ?? "drop",
      reason: action === 1 ? this.#manifest.drops[detail]?.reason : action === 7 ? ABORTED : undefined,
      bytes: withTag(result),
      device: action === 4 || (action === 5 && detail !== 0) ? detail : undefined,
      ...(mark !== undefined && { mark }),
      ...(priority !== undefined && { priority }),
      ...(departure !== undefined && { departure }),
      maps,
      events,
      slots,
    };
  }
}

const verdictNames: readonly (KernelOutcome["verdict"] | undefined)[] = [
  undefined,
  "drop",
  "pass",
  "reflect",
  "redirect",
  "route",
  "flood",
  "drop",
];

/** A tag that tc keeps beside the frame, put back where the wire has it. */
function withTag(result: RunResult): Uint8Array {
  const { tag, bytes } = result;
  if (!tag) return bytes;
  return joinFrame({
    bytes,
    tag: { tpid: tag.tpid, id: tag.tci & 0xfff, priority: tag.tci >> 13, dropEligible: (tag.tci & 0x1000) !== 0 },
  });
}

/** A map's stored entries as Node has them: per-CPU values summed field by field, since a test run is on one CPU. */
function entriesOf(program: TestProgram, entry: MapEntry): Entries {
  const map = program.map(entry.path);
  const perCpu = entry.kind === "perCpuHash" || entry.kind === "perCpuLruHash" || entry.kind === "perCpuArray" || entry.kind === "counter";
  if (entry.kind === "scratch") return [];
  const entries: (readonly [Uint8Array, Uint8Array])[] = [];
  const slot = perCpu ? processor() : 0;
  for (const [key, value] of map.entries())
    entries.push([key.slice(), perCpu ? usedSlot(value, entry.valueSize, slot) : value.slice(0, entry.valueSize)]);
  return entries;
}

/** What a flow table's slots hold. */
function slotsOf(program: TestProgram, { path, flow, key, value }: MapEntry): Slots {
  const bytes = program.map(path).get(new Uint8Array(4));
  return bytes && flow && key && value ? [...contentsOf(bytes, flow, sizeOf(key), sizeOf(value))] : [];
}

/** The slot of the processor that test runs stay on. The others hold what the build put in, or nothing. */
function usedSlot(value: Uint8Array, size: number, slot: number): Uint8Array {
  const stride = Math.ceil(size / 8) * 8;
  return value.slice(stride * slot, stride * slot + size);
}

/** The addon runs tests on the first processor that this thread may use. */
function processor(): number {
  const allowed = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync("/proc/thread-self/status", "utf8"));
  return Number(allowed?.[1] ?? 0);
}

function targetText(world: World): string {
  return Object.entries(world.target ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join();
}

function targetBytes(manifest: Manifest, world: World, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const { name, offset, size: width } of manifest.target) {
    let value = BigInt(name === "position" ? 0 : (world.target?.[name] ?? (name === "ticksPerSecond" ? DEFAULT_HZ : 0)));
    for (let i = 0; i < width; i++) {
      bytes[offset + i] = Number(value & 0xffn);
      value >>= 8n;
    }
  }
  return bytes;
}

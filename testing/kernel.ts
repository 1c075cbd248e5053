/** The seam between the tests' language and the kernel: who compiles, loads and runs is not known here. */
import type { SlotContent } from "../dsl/core/spec.js";
import type { Pipeline } from "../dsl/index.js";
import type { Hook } from "./hook.js";
import type { World } from "./world.js";

/** A map's stored bytes; per-CPU values as totals. */
export type Entries = readonly (readonly [key: Uint8Array, value: Uint8Array])[];

/** A flow table's slots that were ever used. */
export type Slots = readonly (readonly [slot: number, content: SlotContent])[];

/** What the kernel did with one packet. */
export interface KernelOutcome {
  readonly verdict: "pass" | "reflect" | "drop" | "redirect" | "route" | "flood";
  /** of a drop */
  readonly reason: string | undefined;
  /** the packet afterwards, as it is on the wire */
  readonly bytes: Uint8Array;
  /** of a redirect; undefined where the run cannot tell */
  readonly device: number | undefined;
  /** tc: undefined where the run cannot tell */
  readonly mark?: number;
  readonly priority?: number;
  readonly departure?: bigint;
  /** the contents of every map that the program uses, by path: `bridge.stations` */
  readonly maps: ReadonlyMap<string, Entries>;
  /** the slots of every flow table, by path */
  readonly slots?: ReadonlyMap<string, Slots>;
  /** what each ring got since the session began, by path: whole records */
  readonly events?: ReadonlyMap<string, readonly Uint8Array[]>;
}

/** What of a run is wanted. */
export interface RunChoice {
  /** `false` leaves the maps' contents out, which take longest */
  readonly maps?: boolean;
}

/** A pipeline's hook, compiled and loaded; its maps stay from packet to packet. */
export interface KernelSession {
  run(bytes: Uint8Array, world: World, choice?: RunChoice): Promise<KernelOutcome>;
  /** How many packets were dropped, by reason, since the session began; more than `run` told where the kernel counted wrong. */
  drops(): ReadonlyMap<string, bigint>;
  close(): Promise<void>;
}

/** Where a test has a program cut in two: in its largest part, at the best place or at any, by a number. */
export interface Cut {
  readonly choice?: number;
}
export interface OpenOptions {
  /** for the compiler's own tests: the program in parts */
  readonly cuts?: readonly Cut[];
}

export interface KernelRunner {
  /** Why this machine or user cannot run programs in the kernel; undefined where it can. */
  unavailable(): string | undefined;
  /** Compiles a test build (time and random numbers come from the world) of what `make` makes, and loads it. */
  open<P extends Pipeline>(make: () => P, hook: Hook, options?: OpenOptions): Promise<KernelSession>;
}

/** Loads the runner, and with it compiler and runtime, when a test asks for the kernel. */
export async function kernelRunner(): Promise<KernelRunner> {
  const { runner } = await import("./kernel-runner.js");
  return runner;
}

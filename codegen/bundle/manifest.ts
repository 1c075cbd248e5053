/**
 * What a bundle says of itself: the contract between the compiler and the runtime. Plain JSON. The runtime imports
 * this file alone from `codegen/`.
 *
 * A bundle is the folder `NAME.dpo/` with `manifest.json`, `program.o` and `program.c`.
 */
import type { Shape } from "../../dsl/core/shape.js";
import type { FlowGeometry, FlowState } from "../../dsl/core/spec.js";

export type { FlowGeometry, FlowState, Shape };
export type HookName = "xdp" | "ingress" | "egress";

/** A 64-bit or wider integer as decimal text, since JSON has none. */
export type IntegerText = string;

export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface HookEntry {
  readonly hook: HookName;
  /** the function in the ELF, also the kernel's program name: at most 15 characters */
  readonly program: string;
  /** ELF section: "xdp" or "tc" */
  readonly section: string;
  /** a program that was too much for one: what goes on where it ends, by tail calls */
  readonly parts?: HookParts | undefined;
}

export interface HookParts {
  /** the ELF's map of programs, which the runtime fills before it attaches anything */
  readonly map: string;
  /** the functions, in the order of the map's slots */
  readonly programs: readonly string[];
}

/** A param (frozen before load, in `.rodata.params`) or a setting (live, in `.data.settings`): one scalar. */
export interface Variable {
  /** dotted path in the pipeline class: `mss.limit`; what `--set` and `dp set` name */
  readonly path: string;
  readonly bits: 8 | 16 | 32 | 48 | 64 | 128;
  readonly boolean: boolean;
  /** byte offset in its section's map value; stored little-endian in the width's natural size (u48 in 8 bytes) */
  readonly offset: number;
  readonly size: number;
  readonly initial: IntegerText;
  readonly min: IntegerText;
  readonly max: IntegerText;
  readonly source: SourcePlace;
}

/** `position`: 0 at the target's own device, 1 at the host's end of a container's veth, where the directions are turned round. */
export type TargetValueName = "address" | "address6" | "gateway" | "mac" | "ifindex" | "mtu" | "ticksPerSecond" | "position";
/** A value that the runtime fills in for each target, at load, in `.rodata.target`. */
export interface TargetValue {
  readonly name: TargetValueName;
  readonly offset: number;
  readonly size: number;
}

export type MapKind =
  | "hash"
  | "lruHash"
  | "perCpuHash"
  | "perCpuLruHash"
  | "lpmTrie"
  | "prefixTable"
  | "array"
  | "perCpuArray"
  | "devMap"
  | "ring"
  | "counter"
  | "scratch"
  | "flowTable";

export interface MapEntry {
  /** dotted path: `bridge.stations`. Compiler-made maps begin with a colon: `:drops`, `:hooks` */
  readonly path: string;
  /** the ELF's map name */
  readonly symbol: string;
  readonly kind: MapKind;
  /** layouts; undefined for key of arrays (u32) and for rings (value is the event) */
  readonly key: Shape | undefined;
  readonly value: Shape | undefined;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly scope: "pipeline" | "target";
  readonly shared: string | undefined;
  readonly expires: { readonly field: string; readonly after: IntegerText } | undefined;
  /** tables of flows: states by the number in an entry's field `state`, and how long it may idle there after `seen` (u32, ticks) */
  readonly states?: readonly FlowState[] | undefined;
  /** entries that the build put in: base64 of key and value bytes, loaded when the map is new */
  readonly initial: readonly { readonly key: string; readonly value: string }[];
  /** flow tables: where everything lies in the one value of their array */
  readonly flow?: FlowGeometry;
}

/** A place that drops; its index is the slot in the map `:drops` (per CPU, u64 a slot). */
export interface DropSite {
  readonly reason: string;
  /** path of the block instance, "" for the pipeline itself */
  readonly block: string;
  readonly source: SourcePlace;
}

/** program.c line → TypeScript. Sorted by `line`; a line without entry belongs to the one before. */
export interface LineEntry {
  readonly line: number;
  readonly source: SourcePlace;
}

export interface Feature {
  /** what the kernel must have, in users' terms: "ring buffer" */
  readonly name: string;
  /** the first kernel release that has it: "5.8" */
  readonly since: string;
}

export interface Manifest {
  readonly format: 1;
  /** the pipeline's name: letters, digits, hyphen; at most 40 */
  readonly name: string;
  /** the version of datapath that made it */
  readonly compiler: string;
  readonly hooks: readonly HookEntry[];
  readonly params: readonly Variable[];
  readonly settings: readonly Variable[];
  readonly target: readonly TargetValue[];
  readonly maps: readonly MapEntry[];
  readonly drops: readonly DropSite[];
  readonly lines: readonly LineEntry[];
  readonly features: readonly Feature[];
  /** sha256 of every source that went in, by path relative to the source root, sorted */
  readonly sources: readonly { readonly file: string; readonly sha256: string }[];
  /** sha256 of program.o and program.c */
  readonly object: string;
  readonly code: string;
  /** sha256 over sources, options and tool versions: the identity of the build */
  readonly hash: string;
}

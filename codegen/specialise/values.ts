/**
 * What an expression is while a program is specialised: a build-time value, a run-time scalar, a view of memory, or a
 * choice between such, told apart at run time by a tag.
 */
import type { ts } from "ts-morph";
import type { ArrayShape, FlagsShape, HeaderShape, OverlayShape, Scalar, StructShape } from "../../dsl/core/shape.js";
import type { Buffer, Domain, Expr, Local, MapDecl, Pointer } from "../ir/ir.js";
import type { Frame } from "./frame.js";

/** A value that is the same for every packet. */
export interface Known {
  readonly kind: "known";
  readonly value: unknown;
}

/** A run-time integer or boolean. `make` gives a new expression node each time, since a node stands at one place only. */
export interface ScalarValue {
  readonly kind: "scalar";
  readonly domain: Domain;
  readonly make: () => Expr;
  /** what a boolean's truth tells */
  readonly whenTrue?: readonly Fact[];
  readonly whenFalse?: readonly Fact[];
  /** the local that holds it, where there is one: facts attach to it */
  readonly local?: Local;
  /** the packet state whose offset it was computed from; it must not outlive that state */
  readonly offsetOf?: number;
}

/** Where a view's bytes are. */
export type Where =
  | { readonly kind: "packet"; readonly position: Position }
  | { readonly kind: "entry"; readonly pointer: Pointer; readonly map: MapDecl; readonly life: MapLife | undefined }
  | FlowWhere
  | { readonly kind: "buffer"; readonly buffer: Buffer };

/** An entry of a flow table: its slot, for what is atomic, and the copy of the rest. */
export interface FlowWhere {
  readonly kind: "flow";
  /** the value in the slot; NULL where there is no such flow */
  readonly pointer: Pointer;
  readonly copy: Pointer;
  readonly map: MapDecl;
}

/** A place in the packet: `offset` is a number at build time or a local that is never assigned again. */
export interface Position {
  readonly state: number;
  readonly offset: number | Local;
}
/** A map whose writes end views, and the count of its writes when the view was made. */
export interface MapLife {
  readonly symbol: string;
  readonly count: number;
}

export type ViewShape = HeaderShape | StructShape | OverlayShape | FlagsShape | ArrayShape;

/** Structured memory that is read and written in place. */
export interface View {
  readonly kind: "view";
  readonly shape: ViewShape;
  /** the class whose getters it has */
  readonly of: object | undefined;
  readonly where: Where;
  /** bytes from `where` */
  readonly offset: number;
  /** bits into the byte at `offset`, for flags */
  readonly bit: number;
  /** run-time element of an enclosing array */
  readonly index: Index | undefined;
  readonly name: string;
}
export interface Index {
  readonly value: () => Expr;
  readonly stride: number;
  readonly length: number;
  readonly guarded: boolean;
}

/** An `atomic` field. */
export interface AtomicValue {
  readonly kind: "atomic";
  readonly bits: 32 | 64;
  readonly where: Where;
  readonly offset: number;
  readonly index: Index | undefined;
  readonly name: string;
}

/** An object that exists only while a packet is handled: a literal, or an instance of a class made with `new`. */
export interface RecordValue {
  readonly kind: "record";
  readonly fields: ReadonlyMap<string, Value>;
  readonly of: object | undefined;
  /** properties that are computed when read */
  readonly lazy?: ReadonlyMap<string, (node: ts.Node) => Value>;
}

/** One of several values. */
export interface Choice {
  readonly kind: "choice";
  readonly tag: Tag;
  readonly cases: readonly Value[];
}
/** What tells the cases of a choice apart; choices derived from one another share it, so that narrowing one narrows all. */
export interface Tag {
  readonly id: number;
  /** an expression that is true for this case (pure; made anew at each test), and what its truth proves */
  readonly test: (index: number) => Expr;
  readonly proves?: (index: number) => readonly Fact[];
}

/** A verdict as one number, see `verdict.ts`. */
export interface VerdictValue {
  readonly kind: "verdict";
  readonly make: () => Expr;
  readonly constant: number | undefined;
}
export interface DeviceValue {
  readonly kind: "device";
  readonly index: () => Expr;
}
/** What a lookup in a flow table gives. */
export interface FlowValue {
  readonly kind: "flow";
  readonly where: FlowWhere;
}
export interface PacketValue {
  readonly kind: "packet";
}
/** A function or arrow written inside datapath code. */
export interface Closure {
  readonly kind: "closure";
  readonly node: ts.FunctionExpression | ts.ArrowFunction | ts.FunctionDeclaration;
  readonly frame: Frame;
}
/** A method picked off a value, not yet called. */
export interface Method {
  readonly kind: "method";
  readonly self: Value;
  readonly name: string;
}
/** What an error left behind; anything done with it is silent. */
export interface Poison {
  readonly kind: "poison";
}

export type Value =
  | Known
  | ScalarValue
  | View
  | AtomicValue
  | RecordValue
  | Choice
  | VerdictValue
  | DeviceValue
  | FlowValue
  | PacketValue
  | Closure
  | Method
  | Poison;

/** Something that holds on a branch. */
export type Fact =
  | { readonly kind: "narrow"; readonly tag: Tag; readonly cases: readonly number[] }
  | { readonly kind: "proven"; readonly pointer: Pointer; readonly size: number }
  | { readonly kind: "equals"; readonly local: Local; readonly value: bigint };

export const undefinedValue: Known = { kind: "known", value: undefined };
export const poison: Poison = { kind: "poison" };
export const packetValue: PacketValue = { kind: "packet" };

export function known(value: unknown): Known {
  return { kind: "known", value };
}
export function isUndefined(value: Value): boolean {
  return value.kind === "known" && value.value === undefined;
}
export function localValue(local: Local, offsetOf?: number): ScalarValue {
  const base = { kind: "scalar", domain: local.domain, local, make: (): Expr => ({ op: "local", local }) } as const;
  if (local.domain === "boolean") {
    return { ...base, whenTrue: [{ kind: "equals", local, value: 1n }], whenFalse: [{ kind: "equals", local, value: 0n }] };
  }
  return offsetOf === undefined ? base : { ...base, offsetOf };
}

/** The scalar of a whole integer field. */
export function wholeScalar(bits: 8 | 16 | 32 | 48 | 64 | 128, order: "host" | "network"): Scalar {
  const bytes = (bits / 8) as Scalar["bytes"];
  return { bytes, order, shift: 0, width: bits };
}

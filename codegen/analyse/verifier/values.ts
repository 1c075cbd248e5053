/** What the verifier knows of a register or a stack slot, as far as that decides which way it goes and when it stops. */
import { cut } from "./bits.js";
import * as range from "./range.js";

/** A number. Copies are the same object, so that what a branch tells of one it tells of all. */
export interface Scalar {
  readonly kind: "scalar";
  readonly range: range.Range;
  /**
   * Not 0 where the kernel knows one value, which is not known here: the same only where it was made alike from what was
   * the same. Two numbers with different ones are told apart wherever that counts.
   */
  readonly mark: number;
  /** copies of it are told apart from numbers that are only equal: not of what was one known number from the start */
  readonly linked: boolean;
  /** a decided branch, an address or a helper's size came from it: states differ where it does */
  precise: boolean;
  /** what it was computed from, which is precise where it is */
  readonly from: readonly Scalar[];
}
/** Into the packet: a constant beside a variable part, and how far checks have come from there. */
export interface PacketPointer {
  readonly kind: "packet";
  /** the same for pointers that differ by a constant */
  readonly id: number;
  readonly offset: number;
  /** what was added that is not a constant */
  readonly part: Scalar;
  /** bytes from `offset` 0 that are in the packet; BEYOND where it is known to lie behind the end */
  readonly range: number;
}
/** Into a map's value or other memory that a helper gave, by where it came from. */
export interface MemoryPointer {
  readonly kind: "memory";
  readonly source: number;
  /** of those that may be NULL: one check tells of all with the same */
  readonly id: number;
  readonly nullable: boolean;
  /** looked up by a key that is known: of an array the kernel then knows that it is there (6.14) */
  readonly found: boolean;
  readonly offset: number;
  /** what was added that is not a constant */
  readonly part: Scalar;
}
export interface StackPointer {
  readonly kind: "stack";
  readonly offset: number;
}
export interface Fixed {
  readonly kind: "context" | "end" | "invalid";
}
export type Value = Scalar | PacketPointer | MemoryPointer | StackPointer | Fixed;

export const CONTEXT: Fixed = { kind: "context" };
export const PACKET_END: Fixed = { kind: "end" };
/** a packet pointer after the packet has moved */
export const INVALID: Fixed = { kind: "invalid" };
export const BEYOND = -2;

export function scalar(of: range.Range, from: readonly Scalar[] = [], mark = 0): Scalar {
  const linked = range.only(of) === undefined;
  return { kind: "scalar", range: of, mark: linked ? mark : 0, linked, precise: false, from };
}
/** The same number, of which more is known now. */
export function refined(value: Scalar, of: range.Range, from: readonly Scalar[]): Scalar {
  return { ...scalar(of, from, value.mark), linked: value.linked };
}
/** Any number of so many bytes. */
export function anything(bytes: number, from: readonly Scalar[] = [], mark = 0): Scalar {
  return scalar(range.ofBytes[bytes] ?? range.UNKNOWN, from, mark);
}
/** An immediate. */
export function constant(value: number): Scalar {
  return scalar(range.single(cut(BigInt(value))));
}
/** A number of 64 bits, by its halves. */
export function wide(upper: number, lower: number): Scalar {
  return scalar(range.single((BigInt(upper >>> 0) << 32n) | BigInt(lower >>> 0)));
}
/** A mark of what numbers stand for; never 0. Two are alike by accident once in 2^52. */
export function markOf(...parts: readonly number[]): number {
  let [a, b] = [0x811c_9dc5, 0x1234_5678];
  for (const part of parts) {
    a = Math.imul(a ^ (part >>> 0), 0x0100_0193) ^ Math.floor(part / 2 ** 32);
    b = Math.imul(b ^ a ^ (b >>> 15), 0x85eb_ca6b);
  }
  return (a >>> 0) * 2 ** 20 + (b >>> 12) + 1;
}
/** As a signed number, where it is one and near enough. */
export function constantOf(value: Value | undefined): number | undefined {
  if (value?.kind !== "scalar") return undefined;
  const exact = range.only(value.range);
  return exact === undefined ? undefined : Number(BigInt.asIntN(64, exact));
}

/** The verifier depends on a number, and so on what it came from. */
export function markPrecise(value: Value | undefined): void {
  if (value?.kind !== "scalar" || value.precise) return;
  const waiting = [value];
  for (let one = waiting.pop(); one; one = waiting.pop()) {
    if (one.precise) continue;
    one.precise = true;
    for (const source of one.from) if (!source.precise) waiting.push(source);
  }
}

/** The result of an arithmetic instruction. */
export function compute(operation: number, wide: boolean, left: Scalar, right: Scalar): Scalar {
  const mark = left.mark === 0 && right.mark === 0 ? 0 : markOf(operation, wide ? 1 : 0, ...identity(left), ...identity(right));
  return scalar(range.compute(operation, wide, left.range, right.range), [left, right], mark);
}
function identity({ range: { u64 }, mark }: Scalar): readonly number[] {
  return mark === 0 ? [Number(u64.min), Number(u64.max)] : [mark];
}

/** The low 32 bits. */
export function word(value: Scalar): Scalar {
  const low = range.lowHalf(value.range);
  return low === value.range ? value : scalar(low, [value], value.mark === 0 ? 0 : markOf(32, value.mark));
}
/** The low bytes. */
export function narrow(value: Scalar, bytes: number): Scalar {
  const [all, held] = [range.ofBytes[bytes] ?? range.UNKNOWN, value.range];
  if (held.u64.max <= all.u64.max) return value;
  return bytes === 4 ? word(value) : scalar(all, [value], value.mark === 0 ? 0 : markOf(bytes, value.mark));
}
/** Whether all that one number may be the other may be too. */
export function isWithin(old: Scalar, now: Scalar): boolean {
  return (old.mark === 0 || old.mark === now.mark) && range.covers(old.range, now.range);
}

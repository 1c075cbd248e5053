/**
 * What the verifier knows of a number: which of its bits, and four intervals, with a sign and without, of the whole and of
 * its low half. Each tells something of the others. The rules are those of Linux 6.18 (`reg_bounds_sync` and what calls
 * it); older kernels know a little less.
 */
import {
  ANY,
  add,
  and,
  type Bits,
  both,
  cut,
  exactly,
  includes,
  LOW,
  low,
  multiply,
  ofRange,
  or,
  shiftLeft,
  shiftRight,
  shiftSigned,
  subtract,
  U64,
  withLow,
  xor,
} from "./bits.js";

/** Both ends belong to it. */
export interface Interval {
  readonly min: bigint;
  readonly max: bigint;
}
export interface Range {
  readonly bits: Bits;
  readonly u64: Interval;
  readonly s64: Interval;
  readonly u32: Interval;
  readonly s32: Interval;
}
/** A range while it is being narrowed. */
export type Draft = { -readonly [Part in keyof Range]: Range[Part] };

const U32_ALL: Interval = { min: 0n, max: LOW };
const S32_ALL: Interval = { min: -(1n << 31n), max: (1n << 31n) - 1n };
const U64_ALL: Interval = { min: 0n, max: U64 };
const S64_ALL: Interval = { min: -(1n << 63n), max: (1n << 63n) - 1n };

export const UNKNOWN: Range = { bits: ANY, u64: U64_ALL, s64: S64_ALL, u32: U32_ALL, s32: S32_ALL };

function s64(n: bigint): bigint {
  return BigInt.asIntN(64, n);
}
function s32(n: bigint): bigint {
  return BigInt.asIntN(32, n);
}
function u32(n: bigint): bigint {
  return BigInt.asUintN(32, n);
}

const small = new Map<bigint, Range>();

/** @param value as an unsigned number of 64 bits */
export function single(value: bigint): Range {
  const known = small.get(value);
  if (known) return known;
  const made = { bits: exactly(value), u64: point(value), s64: point(s64(value)), u32: point(u32(value)), s32: point(s32(value)) };
  if (small.size < 4096) small.set(value, made);
  return made;
}
function point(n: bigint): Interval {
  return { min: n, max: n };
}
/** Unsigned numbers of so many bytes. */
export const ofBytes: Readonly<Record<number, Range>> = { 1: upTo(0xffn), 2: upTo(0xffffn), 4: upTo(LOW), 8: UNKNOWN };

function upTo(max: bigint): Range {
  return settled({ ...UNKNOWN, bits: ofRange(0n, max), u64: { min: 0n, max }, u32: { min: 0n, max } });
}

/** The only number of a range; undefined where there are more. */
export function only({ bits }: Range): bigint | undefined {
  return bits.mask === 0n ? bits.value : undefined;
}
/** The same of the low half. */
export function onlyLow({ bits }: Range): bigint | undefined {
  return (bits.mask & LOW) === 0n ? bits.value & LOW : undefined;
}

function within(outer: Interval, inner: Interval): boolean {
  return outer.min <= inner.min && inner.max <= outer.max;
}
/** Whether all that one number may be the other may be too. */
export function covers(old: Range, now: Range): boolean {
  if (old === now || old === UNKNOWN) return true;
  return (
    within(old.u64, now.u64) &&
    within(old.s64, now.s64) &&
    within(old.u32, now.u32) &&
    within(old.s32, now.s32) &&
    includes(old.bits, now.bits)
  );
}

export function narrowed(interval: Interval, min: bigint, max: bigint): Interval {
  if (min <= interval.min && max >= interval.max) return interval;
  return { min: min > interval.min ? min : interval.min, max: max < interval.max ? max : interval.max };
}

/** What the bits tell of the intervals. */
function byBits(draft: Draft): void {
  const { value, mask } = draft.bits;
  const most = value | mask;
  const [sign64, sign32] = [1n << 63n, 1n << 31n];
  draft.u64 = narrowed(draft.u64, value, most);
  draft.s64 = narrowed(draft.s64, s64(value | (mask & sign64)), s64(value | (mask & (sign64 - 1n))));
  draft.u32 = narrowed(draft.u32, value & LOW, most & LOW);
  draft.s32 = narrowed(draft.s32, s32(value | (mask & sign32)), s32(value | (mask & (sign32 - 1n))));
}

/** What the whole tells of its low half, and there each interval of the other. */
function lowByWhole(draft: Draft): void {
  for (const { min, max } of [draft.u64, draft.s64]) {
    const [high, highest] = [min >> 32n, max >> 32n];
    if (high === highest) {
      if (u32(min) <= u32(max)) draft.u32 = narrowed(draft.u32, u32(min), u32(max));
      if (s32(min) <= s32(max)) draft.s32 = narrowed(draft.s32, s32(min), s32(max));
    } else if (u32(high + 1n) === u32(highest) && s32(min) < 0n && s32(max) >= 0n) {
      draft.s32 = narrowed(draft.s32, s32(min), s32(max));
    }
  }
  const unsigned = draft.u32;
  if (s32(unsigned.min) <= s32(unsigned.max)) draft.s32 = narrowed(draft.s32, s32(unsigned.min), s32(unsigned.max));
  const signed = draft.s32;
  if (u32(signed.min) <= u32(signed.max)) draft.u32 = narrowed(draft.u32, u32(signed.min), u32(signed.max));
}

/** What the intervals of the whole tell of each other. */
function signByWhole(draft: Draft): void {
  const unsigned = draft.u64;
  if (s64(unsigned.min) <= s64(unsigned.max)) draft.s64 = narrowed(draft.s64, s64(unsigned.min), s64(unsigned.max));
  const [min, max] = [cut(draft.s64.min), cut(draft.s64.max)];
  if (min <= max) {
    draft.u64 = narrowed(draft.u64, min, max);
  } else if (draft.u64.max < min) {
    // the two overlap on one side only
    draft.s64 = narrowed(draft.s64, draft.u64.min, S64_ALL.max);
    draft.u64 = narrowed(draft.u64, 0n, max);
  } else if (max < draft.u64.min) {
    draft.s64 = narrowed(draft.s64, S64_ALL.min, s64(draft.u64.max));
    draft.u64 = narrowed(draft.u64, min, U64);
  }
}

/** What the low half tells of the whole. */
function wholeByLow(draft: Draft): void {
  const { u32: half } = draft;
  draft.u64 = narrowed(draft.u64, (draft.u64.min & ~LOW) | half.min, (draft.u64.max & ~LOW) | half.max);
  draft.s64 = narrowed(draft.s64, (draft.s64.min & ~LOW) | half.min, (draft.s64.max & ~LOW) | half.max);
  if (draft.s32.min >= 0n && draft.s64.min >= S32_ALL.min && draft.s64.max <= S32_ALL.max) {
    draft.u64 = draft.s32;
    draft.s64 = draft.s32;
    draft.bits = both(draft.bits, ofRange(draft.s32.min, draft.s32.max));
  }
}

/** Everything that each part of what is known tells of the others. */
export function settled(of: Range): Range {
  if (of.bits.mask === 0n) return single(of.bits.value);
  const draft: Draft = { ...of };
  byBits(draft);
  for (let round = 0; round < 3; round++) {
    lowByWhole(draft);
    signByWhole(draft);
    wholeByLow(draft);
  }
  const whole = both(draft.bits, ofRange(draft.u64.min, draft.u64.max));
  draft.bits = withLow(whole, both(low(whole), ofRange(draft.u32.min, draft.u32.max)));
  byBits(draft);
  return draft;
}

/** The low half alone, what is above being zero. */
export function lowHalf(of: Range): Range {
  if (of.u64.max <= LOW) return of;
  const signed = of.s32.min >= 0n ? of.s32 : of.u32;
  return settled({ ...of, bits: low(of.bits), u64: of.u32, s64: signed });
}

/** The low bytes, in their order or turned around. */
export function lowBytes(of: Range, bytes: number, turned: boolean): Range {
  const change = (n: bigint): bigint => {
    if (!turned) return BigInt.asUintN(8 * bytes, n);
    let result = 0n;
    for (let i = 0; i < bytes; i++) result = (result << 8n) | ((n >> BigInt(8 * i)) & 0xffn);
    return result;
  };
  return settled({ ...UNKNOWN, bits: { value: change(of.bits.value), mask: change(of.bits.mask) } });
}

export const OPERATION = {
  add: 0x00,
  subtract: 0x10,
  multiply: 0x20,
  or: 0x40,
  and: 0x50,
  shiftLeft: 0x60,
  shiftRight: 0x70,
  xor: 0xa0,
  shiftSigned: 0xc0,
} as const;

/** The result of an arithmetic instruction, on 64 bits or on the low 32. */
export function compute(operation: number, wide: boolean, a: Range, b: Range): Range {
  const result = wide ? whole(operation, a, b) : half(operation, a, b);
  // also of an operation on 32 bits nothing is known then
  return result ? settled(result) : UNKNOWN;
}

interface Result {
  readonly bits: Bits;
  readonly unsigned: Interval;
  readonly signed: Interval;
}
interface Width {
  readonly bits: 32 | 64;
  readonly unsigned: Interval;
  readonly signed: Interval;
}
const HALF: Width = { bits: 32, unsigned: U32_ALL, signed: S32_ALL };
const WHOLE: Width = { bits: 64, unsigned: U64_ALL, signed: S64_ALL };

function whole(operation: number, a: Range, b: Range): Range | undefined {
  const left = { bits: a.bits, unsigned: a.u64, signed: a.s64 };
  const right = { bits: b.bits, unsigned: b.u64, signed: b.s64 };
  const result = apply(WHOLE, operation, left, right, only(b));
  if (!result) return undefined;
  const isShift = operation === OPERATION.shiftLeft || operation === OPERATION.shiftRight || operation === OPERATION.shiftSigned;
  const halves = isShift ? undefined : apply(HALF, operation, lowOf(a), lowOf(b), onlyLow(b));
  // a shift by the half of a number says where its sign went
  const signed = operation === OPERATION.shiftLeft && only(b) === 32n ? { min: a.s32.min << 32n, max: a.s32.max << 32n } : result.signed;
  return { bits: result.bits, u64: result.unsigned, s64: signed, u32: halves?.unsigned ?? U32_ALL, s32: halves?.signed ?? S32_ALL };
}
function half(operation: number, a: Range, b: Range): Range | undefined {
  const result = apply(HALF, operation, lowOf(a), lowOf(b), onlyLow(b));
  if (!result) return undefined;
  const signed = result.signed.min >= 0n ? result.signed : result.unsigned;
  return { bits: low(result.bits), u64: result.unsigned, s64: signed, u32: result.unsigned, s32: result.signed };
}
function lowOf({ bits, u32, s32 }: Range): Result {
  return { bits: low(bits), unsigned: u32, signed: s32 };
}

/** @param exact what the right operand is, where that is known */
function apply(width: Width, operation: number, a: Result, b: Result, exact: bigint | undefined): Result | undefined {
  switch (operation) {
    case OPERATION.add:
      return { bits: clipped(width, add(a.bits, b.bits)), ...sum(width, a, b.unsigned, b.signed) };
    case OPERATION.subtract: {
      return { bits: clipped(width, subtract(a.bits, b.bits)), ...sum(width, a, negated(b.unsigned), negated(b.signed)) };
    }
    case OPERATION.multiply: {
      const unsigned = { min: a.unsigned.min * b.unsigned.min, max: a.unsigned.max * b.unsigned.max };
      const [{ min, max }, by] = [a.signed, b.signed];
      const corners = [min * by.min, min * by.max, max * by.min, max * by.max];
      const signed = { min: least(corners), max: most(corners) };
      return {
        bits: clipped(width, multiply(a.bits, b.bits)),
        unsigned: within(width.unsigned, unsigned) ? unsigned : width.unsigned,
        signed: within(width.signed, signed) ? signed : width.signed,
      };
    }
    case OPERATION.and: {
      const bits = and(a.bits, b.bits);
      return logical(width, bits, { min: bits.value, max: least([a.unsigned.max, b.unsigned.max]) });
    }
    case OPERATION.or: {
      const bits = or(a.bits, b.bits);
      return logical(width, bits, { min: most([a.unsigned.min, b.unsigned.min]), max: bits.value | bits.mask });
    }
    case OPERATION.xor: {
      const bits = xor(a.bits, b.bits);
      return logical(width, bits, { min: bits.value, max: bits.value | bits.mask });
    }
    case OPERATION.shiftLeft: {
      if (exact === undefined || exact >= BigInt(width.bits)) return undefined;
      const fits = a.unsigned.max <= 1n << (BigInt(width.bits - 1) - exact);
      const unsigned = fits ? { min: a.unsigned.min << exact, max: a.unsigned.max << exact } : width.unsigned;
      return { bits: clipped(width, shiftLeft(a.bits, exact)), unsigned, signed: width.signed };
    }
    case OPERATION.shiftRight: {
      if (exact === undefined || exact >= BigInt(width.bits)) return undefined;
      const unsigned = { min: a.unsigned.min >> exact, max: a.unsigned.max >> exact };
      return { bits: shiftRight(a.bits, exact), unsigned, signed: width.signed };
    }
    case OPERATION.shiftSigned: {
      if (exact === undefined || exact >= BigInt(width.bits)) return undefined;
      const signed = { min: a.signed.min >> exact, max: a.signed.max >> exact };
      return { bits: shiftSigned(a.bits, exact, width.bits), unsigned: width.unsigned, signed };
    }
    default:
      return undefined;
  }
}
function clipped(width: Width, bits: Bits): Bits {
  return width.bits === 64 ? bits : low(bits);
}
function negated({ min, max }: Interval): Interval {
  return { min: -max, max: -min };
}
/** How often a sum went around. */
function turns(width: Width, n: bigint): number {
  if (n < 0n) return -1;
  return n > width.unsigned.max ? 1 : 0;
}
/** Sums, unless some wrap around and some do not. */
function sum(width: Width, a: Result, unsigned: Interval, signed: Interval): { readonly unsigned: Interval; readonly signed: Interval } {
  const plain = { min: a.unsigned.min + unsigned.min, max: a.unsigned.max + unsigned.max };
  const wrapped = { min: BigInt.asUintN(width.bits, plain.min), max: BigInt.asUintN(width.bits, plain.max) };
  const withSign = { min: a.signed.min + signed.min, max: a.signed.max + signed.max };
  return {
    unsigned: turns(width, plain.min) === turns(width, plain.max) ? wrapped : width.unsigned,
    signed: within(width.signed, withSign) ? withSign : width.signed,
  };
}
function logical(width: Width, bits: Bits, unsigned: Interval): Result {
  const signed = { min: BigInt.asIntN(width.bits, unsigned.min), max: BigInt.asIntN(width.bits, unsigned.max) };
  return { bits, unsigned, signed: signed.min <= signed.max ? signed : width.signed };
}
const least = (of: readonly bigint[]): bigint => of.reduce((a, b) => (a < b ? a : b));
const most = (of: readonly bigint[]): bigint => of.reduce((a, b) => (a > b ? a : b));

/** Whether the operand of a bitwise operation is all ones or zero: newer kernels then walk both. */
export function isSigns(of: Range, wide: boolean): boolean {
  const { min, max } = wide ? of.s64 : of.s32;
  return min === -1n && max === 0n;
}

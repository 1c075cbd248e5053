/**
 * The bits of a number of 64 that are known: `value` has those that are set, `mask` those that may be either. As the
 * verifier keeps them beside its intervals ("tnum").
 */

export interface Bits {
  readonly value: bigint;
  readonly mask: bigint;
}

export const U64 = (1n << 64n) - 1n;
export const LOW = 0xffff_ffffn;
const HIGH = U64 ^ LOW;

export const ANY: Bits = { value: 0n, mask: U64 };

export function cut(n: bigint): bigint {
  return BigInt.asUintN(64, n);
}
export function exactly(value: bigint): Bits {
  return { value, mask: 0n };
}

/** What all numbers of an unsigned interval have in common. */
export function ofRange(min: bigint, max: bigint): Bits {
  const differ = min ^ max;
  if (differ === 0n) return exactly(min);
  const open = (1n << BigInt(differ.toString(2).length)) - 1n;
  return open >= U64 ? ANY : { value: min & ~open, mask: open };
}

export function add(a: Bits, b: Bits): Bits {
  const sum = a.value + b.value;
  const unknown = cut((sum + a.mask + b.mask) ^ sum) | a.mask | b.mask;
  return { value: cut(sum) & ~unknown, mask: unknown };
}
export function subtract(a: Bits, b: Bits): Bits {
  const difference = a.value - b.value;
  const unknown = cut((difference + a.mask) ^ (difference - b.mask)) | a.mask | b.mask;
  return { value: cut(difference) & ~unknown, mask: unknown };
}
export function and(a: Bits, b: Bits): Bits {
  const value = a.value & b.value;
  return { value, mask: (a.value | a.mask) & (b.value | b.mask) & ~value };
}
export function or(a: Bits, b: Bits): Bits {
  const value = a.value | b.value;
  return { value, mask: (a.mask | b.mask) & ~value };
}
export function xor(a: Bits, b: Bits): Bits {
  const mask = a.mask | b.mask;
  return { value: (a.value ^ b.value) & ~mask, mask };
}
/** Digit by digit: what is not known of one spreads over all of the other. */
export function multiply(a: Bits, b: Bits): Bits {
  let sum: Bits = exactly(0n);
  for (let [left, right] = [a, b]; (left.value | left.mask) !== 0n; ) {
    if ((left.value & 1n) !== 0n) sum = add(sum, { value: 0n, mask: right.mask });
    else if ((left.mask & 1n) !== 0n) sum = add(sum, { value: 0n, mask: right.value | right.mask });
    left = { value: left.value >> 1n, mask: left.mask >> 1n };
    right = { value: cut(right.value << 1n), mask: cut(right.mask << 1n) };
  }
  return add(exactly(cut(a.value * b.value)), sum);
}
export function shiftLeft({ value, mask }: Bits, by: bigint): Bits {
  return { value: cut(value << by), mask: cut(mask << by) };
}
export function shiftRight({ value, mask }: Bits, by: bigint): Bits {
  return { value: value >> by, mask: mask >> by };
}
/** With the sign, of numbers of so many bits; where the sign is not known, no bit that takes its place is. */
export function shiftSigned({ value, mask }: Bits, by: bigint, width: 32 | 64): Bits {
  const shifted = (n: bigint) => BigInt.asUintN(width, BigInt.asIntN(width, n) >> by);
  return { value: shifted(value), mask: shifted(mask) };
}

/** What both say of one number. */
export function both(a: Bits, b: Bits): Bits {
  const mask = a.mask & b.mask;
  return { value: (a.value | b.value) & ~mask, mask };
}
/** Whether some number is as both say. */
export function meet(a: Bits, b: Bits): boolean {
  return ((a.value ^ b.value) & ~(a.mask | b.mask)) === 0n;
}
/** Whether all that `b` may be `a` may be too. */
export function includes(a: Bits, b: Bits): boolean {
  return (b.mask & ~a.mask) === 0n && ((b.value ^ a.value) & ~a.mask) === 0n;
}

export function low({ value, mask }: Bits): Bits {
  return { value: value & LOW, mask: mask & LOW };
}
export function withLow(of: Bits, half: Bits): Bits {
  return { value: (of.value & HIGH) | (half.value & LOW), mask: (of.mask & HIGH) | (half.mask & LOW) };
}

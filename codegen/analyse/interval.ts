/** Arithmetic on integer intervals, both ends included. Mathematical: nothing wraps here. */
import type { Interval } from "../ir/ir.js";

export type { Interval };

/** Beyond this nothing is told apart any more; every machine width lies far inside. */
export const LIMIT = 1n << 300n;

export const TWO_53 = 1n << 53n;

export function interval(min: bigint, max: bigint): Interval {
  return { min, max };
}
export function point(value: bigint): Interval {
  return { min: value, max: value };
}
/** 0…2^bits − 1 */
export function unsigned(bits: number): Interval {
  return { min: 0n, max: (1n << BigInt(bits)) - 1n };
}
/** −2^(bits−1)…2^(bits−1) − 1 */
export function signed(bits: number): Interval {
  const half = 1n << BigInt(bits - 1);
  return { min: -half, max: half - 1n };
}

export function isPoint(a: Interval): boolean {
  return a.min === a.max;
}
export function within(a: Interval, b: Interval): boolean {
  return a.min >= b.min && a.max <= b.max;
}
export function contains(a: Interval, value: bigint): boolean {
  return value >= a.min && value <= a.max;
}
export function same(a: Interval, b: Interval): boolean {
  return a.min === b.min && a.max === b.max;
}
/** The smallest interval that holds both. */
export function hull(a: Interval, b: Interval): Interval {
  return { min: least(a.min, b.min), max: greatest(a.max, b.max) };
}
/** What both hold; undefined when that is nothing. */
export function meet(a: Interval, b: Interval): Interval | undefined {
  const min = greatest(a.min, b.min);
  const max = least(a.max, b.max);
  return min <= max ? { min, max } : undefined;
}

export function add(a: Interval, b: Interval): Interval {
  return clamp(a.min + b.min, a.max + b.max);
}
export function subtract(a: Interval, b: Interval): Interval {
  return clamp(a.min - b.max, a.max - b.min);
}
export function scale(a: Interval, factor: bigint): Interval {
  return factor >= 0n ? clamp(a.min * factor, a.max * factor) : clamp(a.max * factor, a.min * factor);
}
export function multiply(a: Interval, b: Interval): Interval {
  return corners(a, b, (x, y) => x * y);
}
/** Truncating division, as bigint's, by whatever of the divisor is not zero. */
export function divide(a: Interval, b: Interval): Interval {
  const parts = [meet(b, interval(-LIMIT, -1n)), meet(b, interval(1n, LIMIT))];
  const all = parts.flatMap(part => (part ? [corners(a, part, (x, y) => x / y)] : []));
  // quotients fall towards zero, so a dividend's zero is inside already; nothing is left of a divisor 0…0
  return all.length > 0 ? all.reduce(hull) : point(0n);
}
/** Remainder with the dividend's sign, by whatever of the divisor is not zero. */
export function remainder(a: Interval, b: Interval): Interval {
  // a dividend below every divisor is its own remainder
  if (a.min >= 0n && b.min > a.max) return a;
  const magnitude = greatest(0n, greatest(absolute(b.min), absolute(b.max)) - 1n);
  return interval(a.min < 0n ? greatest(a.min, -magnitude) : 0n, a.max > 0n ? least(a.max, magnitude) : 0n);
}

/** The hull of `f` at the four corners: right for every f that is monotonic in each argument. */
export function corners(a: Interval, b: Interval, f: (x: bigint, y: bigint) => bigint): Interval {
  const values = [f(a.min, b.min), f(a.min, b.max), f(a.max, b.min), f(a.max, b.max)];
  return clamp(values.reduce(least), values.reduce(greatest));
}

export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
export function greatest(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
export function absolute(a: bigint): bigint {
  return a < 0n ? -a : a;
}
/** Division that rounds down, for either sign. */
export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}
/** Division that rounds up, for either sign. */
export function ceilDivide(a: bigint, b: bigint): bigint {
  return -floorDivide(-a, b);
}
/** 2^k − 1, the smallest that is no less than `value` */
export function onesAbove(value: bigint): bigint {
  return value <= 0n ? 0n : (1n << BigInt(value.toString(2).length)) - 1n;
}

/** `0…65535`, `−1`, `0…2^64 − 1`: as a reader would write it. */
export function showInterval(a: Interval): string {
  return isPoint(a) ? showInteger(a.min) : `${showInteger(a.min)}…${showInteger(a.max)}`;
}
export function showInteger(value: bigint): string {
  if (value < 0n) return `−${showInteger(-value)}`;
  if (value >= 1n << 33n) {
    const bits = value.toString(2).length;
    const power = 1n << BigInt(bits - 1);
    if (value === power) return `2^${bits - 1}`;
    if (value === power * 2n - 1n) return `(2^${bits} − 1)`;
  }
  return value >= LIMIT ? "…" : value.toString();
}

function clamp(min: bigint, max: bigint): Interval {
  return { min: greatest(least(min, LIMIT), -LIMIT), max: least(greatest(max, -LIMIT), LIMIT) };
}

import type { u32, u128 } from "../core/integers.js";
import { intrinsic } from "../core/intrinsic.js";

/** The lesser of two bigints. */
export function min<T extends bigint>(a: T, b: T): T {
  return a < b ? a : b;
}
/** The greater of two bigints. */
export function max<T extends bigint>(a: T, b: T): T {
  return a > b ? a : b;
}

/**
 * The first `length` bits of an IPv4 (u32) or IPv6 (u128) address, the others zero.
 * @param length 0 … 32, or 0 … 128
 * @throws RangeError for any other length.
 * @example prefixOf(ip.src, 24) === ipv4("192.0.2.0")
 */
export function prefixOf<T extends u32 | u128>(address: T, length: number): T;
export function prefixOf(address: number | bigint, length: number): number | bigint {
  const width = typeof address === "bigint" ? 128 : 32;
  if (!Number.isInteger(length) || length < 0 || length > width)
    throw new RangeError(`prefixOf: a prefix of ${length} bits in an address of ${width}`);
  const rest = BigInt(width - length);
  const prefix = (BigInt(address) >> rest) << rest;
  return typeof address === "bigint" ? prefix : Number(prefix);
}

intrinsic("min", min);
intrinsic("max", max);
intrinsic("prefixOf", prefixOf);

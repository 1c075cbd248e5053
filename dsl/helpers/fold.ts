/** Ones' complement sums (RFC 1071, RFC 1624): datapath code, inlined where it is called. */
import { type u16, type u32, u64, type u128 } from "../core/integers.js";

/**
 * A sum of 16-bit words folded into one, carries added back in. Inverted, it is an internet checksum (RFC 1071).
 * @param sum 0 … 2^48 − 1
 * @example ip.checksum = 0xffff - fold16(sum);
 */
export function fold16(sum: number): u16 {
  const once = (sum % 65536) + Math.trunc(sum / 65536);
  const twice = (once % 65536) + Math.trunc(once / 65536);
  // The third leaves no carry; the mask says so to range analysis.
  return ((twice % 65536) + Math.trunc(twice / 65536)) & 0xffff;
}

/** What a checksum becomes when words of what it covers change by `difference`: Σ (~old + new) (RFC 1624, equation 3). */
export function checksumAfter(checksum: u16, difference: number): u16 {
  // 0xffff0000 is zero in ones' complement, and keeps the sum from being +0, as the kernel's csum_fold sees to.
  return 0xffff - fold16(0xffff_ffff - checksum + difference);
}

/** ~old + new of a u32, as one term of a difference. */
export function changed32(before: u32, after: u32): number {
  return 0xffff_ffff - before + after;
}

/** ~old + new of anything up to 16 bits, in the low end of its word. */
export function changed16(before: u16, after: u16): number {
  return 0xffff - before + after;
}

/** The sum of a u128's 32-bit words. */
export function wordsOf(value: u128): number {
  const low = u64(value);
  const high = u64(value >> 64n);
  return Number(high >> 32n) + Number(high & 0xffff_ffffn) + Number(low >> 32n) + Number(low & 0xffff_ffffn);
}

/** The sum of a u128's words where all bits are ones: what `wordsOf` of a complement adds up to. */
export const ALL_ONES = 4 * 0xffff_ffff;

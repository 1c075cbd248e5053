/**
 * SYN cookies (RFC 4987 section 3.6) as the running kernel makes and takes them: it alone has the secret. Node, and the
 * kernel in a test build, have a hash in its place that is the same in both.
 */
import type { u16, u32, u128 } from "../core/integers.js";
import { intrinsic } from "../core/intrinsic.js";
import { hashEnd, hashWord } from "./hash.js";

const SEED = 0x5c00_c1e5;

function hashOf(words: readonly number[]): number {
  return hashEnd(words.reduce((hash, word) => hashWord(hash, word), SEED));
}
function wordsOf(address: bigint): number[] {
  return [96n, 64n, 32n, 0n].map(shift => Number((address >> shift) & 0xffff_ffffn));
}
/** The upper half is the connection's, the lower one also the segment size's. */
function cookieOf(words: readonly number[], mss: number): number {
  return (hashOf(words) ^ (mss & 0xffff)) >>> 0;
}
function isCookieOf(words: readonly number[], acknowledgement: number): boolean {
  return (acknowledgement - 1) >>> 16 === hashOf(words) >>> 16;
}

/**
 * The sequence number of a SYN-ACK to this SYN, from which the kernel will know the connection by the ACK alone. Linux 6.0.
 * @param sequence the SYN's
 * @param mss the SYN's maximum segment size, which the cookie keeps: the kernel takes the next below of a few
 */
export const synCookie4: (source: u32, destination: u32, sourcePort: u16, destinationPort: u16, sequence: u32, mss: u16) => u32 = intrinsic(
  "synCookie4",
  (source: u32, destination: u32, sourcePort: u16, destinationPort: u16, sequence: u32, mss: u16) =>
    cookieOf([source, destination, sourcePort * 0x1_0000 + destinationPort, sequence], mss),
);
/** The same over IPv6. */
export const synCookie6: (source: u128, destination: u128, sourcePort: u16, destinationPort: u16, sequence: u32, mss: u16) => u32 =
  intrinsic("synCookie6", (source: u128, destination: u128, sourcePort: u16, destinationPort: u16, sequence: u32, mss: u16) =>
    cookieOf([...wordsOf(source), ...wordsOf(destination), sourcePort * 0x1_0000 + destinationPort, sequence], mss),
  );

/**
 * Whether an ACK answers a cookie that the kernel, or `synCookie4`, made in the last minutes. Linux 6.0.
 * @param sequence the ACK's, one more than the SYN's
 * @param acknowledgement the ACK's, one more than the cookie
 */
export const isSynCookie4: (
  source: u32,
  destination: u32,
  sourcePort: u16,
  destinationPort: u16,
  sequence: u32,
  acknowledgement: u32,
) => boolean = intrinsic(
  "isSynCookie4",
  (source: u32, destination: u32, sourcePort: u16, destinationPort: u16, sequence: u32, acknowledgement: u32) =>
    isCookieOf([source, destination, sourcePort * 0x1_0000 + destinationPort, (sequence - 1) >>> 0], acknowledgement),
);
/** The same over IPv6. */
export const isSynCookie6: (
  source: u128,
  destination: u128,
  sourcePort: u16,
  destinationPort: u16,
  sequence: u32,
  acknowledgement: u32,
) => boolean = intrinsic(
  "isSynCookie6",
  (source: u128, destination: u128, sourcePort: u16, destinationPort: u16, sequence: u32, acknowledgement: u32) =>
    isCookieOf(
      [...wordsOf(source), ...wordsOf(destination), sourcePort * 0x1_0000 + destinationPort, (sequence - 1) >>> 0],
      acknowledgement,
    ),
);

/** Hashes that Node and the kernel compute alike: datapath code, inlined where it is called. */
import { type u8, u32 } from "../core/integers.js";

/** Where an FNV-1a hash of 32 bits begins. */
export const FNV_START: u32 = 0x811c_9dc5;

/**
 * One step of FNV-1a, 32 bits: for bytes that come one at a time.
 * @example let h = FNV_START; for (let i = 0; i < 4; i++) h = fnv1a(h, octet(address, i));
 */
export function fnv1a(hash: u32, byte: u8): u32 {
  return Math.imul(hash ^ byte, 0x0100_0193) >>> 0;
}

/**
 * One step of a fast hash: mixes a word in (MurmurHash3's round for 32 bits). Begin with a seed, end with
 * {@link hashEnd}.
 * @example const slot = hashEnd(hashWord(hashWord(seed, ip.src), ip.dst)) % 4096;
 */
export function hashWord(hash: u32, word: u32): u32 {
  const mixed = Math.imul(word, 0xcc9e_2d51) >>> 0;
  const turned = Math.imul(((mixed << 15) | (mixed >>> 17)) >>> 0, 0x1b87_3593) >>> 0;
  const joined = (hash ^ turned) >>> 0;
  return u32(Math.imul(((joined << 13) | (joined >>> 19)) >>> 0, 5) + 0xe654_6b64);
}

/** Spreads every bit of a hash over all (MurmurHash3's finaliser); the last step of {@link hashWord}. */
export function hashEnd(hash: u32): u32 {
  const first = Math.imul((hash ^ (hash >>> 16)) >>> 0, 0x85eb_ca6b) >>> 0;
  const second = Math.imul((first ^ (first >>> 13)) >>> 0, 0xc2b2_ae35) >>> 0;
  return (second ^ (second >>> 16)) >>> 0;
}

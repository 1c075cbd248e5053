/** The slots of a flow table's memory: where a key may be, and what stands there. For Node and the runtime alike. */
import type { FlowGeometry, SlotContent } from "./spec.js";

/** Slots of a set: what one hint, of two words, has fingerprints for. */
export const WAYS = 8;
/** The seed, the idle times and the sets of a CPU share one line in front. */
export const HEAD = { seed: 0, idle: 8, ownSets: 16, bytes: 64 } as const;
/** A lock has a line of its own: CPUs that wait for one must not slow another's holder. */
export const LOCK_BYTES = 64;
/** A control word: three flags, and above them the version, which each change of the slot counts up. */
export const CONTROL = { changing: 1n, live: 2n, established: 4n, version: 8n } as const;

/** Where a key may be: its two sets, the slot that it takes first, and its fingerprint. */
export interface Where {
  readonly first: number;
  readonly second: number;
  readonly home: number;
  readonly fingerprint: number;
}

const MASK = (1n << 64n) - 1n;

/** @param key whole words, the last one zero padded */
export function whereOf(key: Uint8Array, { setBits, regionBits, keyWords }: FlowGeometry, seed: bigint): Where {
  const view = new DataView(key.buffer, key.byteOffset);
  let h = ((view.getBigUint64(0, true) ^ seed) * 0x9e37_79b9_7f4a_7c15n) & MASK;
  for (let i = 1; i < Math.max(2, keyWords); i++) {
    const word = i < keyWords ? view.getBigUint64(i * 8, true) : 0n;
    h = ((h ^ (h >> 32n) ^ word) * 0xc2b2_ae3d_27d4_eb4fn) & MASK;
  }
  const first = Number(h >> BigInt(64 - setBits));
  const others = (1n << BigInt(regionBits)) - 1n;
  return {
    first,
    second: first ^ Number(((h >> 44n) & others) | 1n),
    fingerprint: Number((h >> 28n) & 0xffffn) | 1,
    home: first * WAYS + Number((h >> 25n) & 7n),
  };
}

/** What every slot of a table's memory holds that was ever used. */
export function* contentsOf(
  bytes: Uint8Array,
  geometry: FlowGeometry,
  keyBytes: number,
  valueBytes: number,
): Iterable<readonly [slot: number, content: SlotContent]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let slot = 0; slot < WAYS << geometry.setBits; slot++) {
    const at = geometry.slotsAt + slot * geometry.slotBytes;
    const control = view.getBigUint64(at + geometry.control, true);
    if (control === 0n) continue;
    const value = Uint8Array.from(bytes.subarray(at + geometry.value, at + geometry.value + valueBytes));
    // The time may lie in the value's padding, which reads as zero.
    const inside = geometry.seen - geometry.value;
    if (inside >= 0) value.fill(0, inside, inside + 4);
    yield [
      slot,
      {
        key: Uint8Array.from(bytes.subarray(at, at + keyBytes)),
        live: (control & CONTROL.live) !== 0n,
        established: (control & CONTROL.established) !== 0n,
        seen: view.getUint32(at + geometry.seen, true),
        fingerprint: view.getUint16(geometry.hintsAt + 2 * slot, true),
        value,
      },
    ];
  }
}

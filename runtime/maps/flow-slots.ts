/** Where a flow table's key may be, and what its control words say: as the programs have it (`dsl/core/flow-slots.ts`). */
import type { FlowGeometry } from "../../codegen/bundle/manifest.js";

/** Slots of a set. */
export const WAYS = 8;
/** The first line of a table, by bytes. */
export const HEAD = { seed: 0, idle: 8, cpuShift: 16 } as const;
/** Flags of a control word; above them is the version. */
export const CONTROL = { changing: 1n, live: 2n, established: 4n } as const;

const MASK = (1n << 64n) - 1n;

export interface Sets {
  readonly first: number;
  readonly second: number;
  readonly fingerprint: number;
}

/** @param key whole words, the last one zero padded */
export function setsOf(key: Uint8Array, { setBits, regionBits, keyWords }: FlowGeometry, seed: bigint): Sets {
  const view = new DataView(key.buffer, key.byteOffset);
  let h = ((view.getBigUint64(0, true) ^ seed) * 0x9e37_79b9_7f4a_7c15n) & MASK;
  for (let i = 1; i < Math.max(2, keyWords); i++) {
    const word = i < keyWords ? view.getBigUint64(i * 8, true) : 0n;
    h = ((h ^ (h >> 32n) ^ word) * 0xc2b2_ae3d_27d4_eb4fn) & MASK;
  }
  const first = Number(h >> BigInt(64 - setBits));
  const others = (1n << BigInt(regionBits)) - 1n;
  return { first, second: first ^ Number(((h >> 44n) & others) | 1n), fingerprint: Number((h >> 28n) & 0xffffn) | 1 };
}

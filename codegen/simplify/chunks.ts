/** Cuts runs of bytes into loads and stores of 8, 4, 2 and 1 bytes. */

export type ChunkSize = 1 | 2 | 4 | 8;
export interface Chunk {
  readonly offset: number;
  readonly size: ChunkSize;
}
const SIZES: readonly ChunkSize[] = [8, 4, 2, 1];

/** A copy in as few pieces as there can be; where an end is aligned, each piece is at a multiple of its size there. */
export function copyChunks(
  to: { offset: number; aligned: boolean },
  from: { offset: number; aligned: boolean },
  length: number,
): readonly Chunk[] {
  const found: Chunk[] = [];
  for (let at = 0; at < length; ) {
    const fits = (size: ChunkSize): boolean =>
      at + size <= length && (!to.aligned || (to.offset + at) % size === 0) && (!from.aligned || (from.offset + at) % size === 0);
    const size = SIZES.find(fits) ?? 1;
    found.push({ offset: to.offset + at, size });
    at += size;
  }
  return found;
}

/**
 * Constants, with the fewest instructions: a store takes the constant into a register first, which is two instructions
 * for what does not fit 32 bits signed.
 */
export function constantChunks(offset: number, values: readonly number[], aligned: boolean): readonly Chunk[] {
  const best: { cost: number; found: readonly Chunk[] }[] = [];
  best[values.length] = { cost: 0, found: [] };
  for (let i = values.length - 1; i >= 0; i--) {
    for (const size of SIZES) {
      const next = best[i + size];
      if (!next || (aligned && (offset + i) % size !== 0)) continue;
      const cost = next.cost + (size === 8 && !fitsImmediate(values.slice(i, i + 8)) ? 3 : 2);
      if (cost < (best[i]?.cost ?? Number.POSITIVE_INFINITY)) best[i] = { cost, found: [{ offset: offset + i, size }, ...next.found] };
    }
  }
  return best[0]?.found ?? [];
}

/** Whether eight bytes, the lowest first, are the sign extension of the first four. */
function fitsImmediate(values: readonly number[]): boolean {
  const sign = (values[3] ?? 0) & 0x80 ? 0xff : 0;
  return values.slice(4).every(byte => byte === sign);
}

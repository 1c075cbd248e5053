/**
 * The direct table of a `prefixTable` as user space and Node make it from prefixes: a root of 2^16 cells by the address's
 * first half, behind it chunks of 256 cells for the third byte and for the last one. A cell says where to go on.
 *
 * The kernel's maps hold two of these, the halves: packets read one while the other is written, and the switch is one store.
 */

import type { Shape } from "./shape.js";

/** Cells of a chunk. The root is as many chunks. */
export const CHUNK_CELLS = 256;
/** Chunks of the root. */
export const ROOT_CHUNKS = 256;

/**
 * How large the maps are, and how a cell is read: 0 is no prefix; below `pointer` it is the value plus 1, or its index plus 1;
 * else the chunk's index plus `pointer`.
 */
export interface DirectGeometry {
  readonly maxEntries: number;
  /** cells hold values of 8 or 16 bits themselves; others lie in an array */
  readonly inCells: boolean;
  /** bytes of a cell */
  readonly cellBytes: 2 | 4;
  readonly pointer: number;
  /** chunks of one half */
  readonly chunks: number;
}

/**
 * @param maxEntries the most prefixes
 * @param value what a prefix leads to
 */
export function directGeometry(maxEntries: number, value: Shape): DirectGeometry {
  const bits = value.kind === "int" && value.bits <= 16 ? value.bits : undefined;
  // a prefix longer than 16 bits has a chunk for its third byte, one longer than 24 another for its last
  const chunks = ROOT_CHUNKS + Math.min(2 * maxEntries, 2 ** 16 + maxEntries);
  const narrow = 2 * chunks < 2 ** 15 && (bits === undefined ? 2 * maxEntries < 2 ** 15 : bits === 8);
  return { maxEntries, inCells: bits !== undefined, cellBytes: narrow ? 2 : 4, pointer: narrow ? 2 ** 15 : 2 ** 31, chunks };
}

/** The cell of a prefix: of its value, or of its place among the half's values. */
export function cellOf(stored: Uint8Array, place: number, half: 0 | 1, { inCells, maxEntries }: DirectGeometry): number {
  if (!inCells) return 1 + half * maxEntries + place;
  return 1 + (stored[0] ?? 0) + 256 * (stored.length > 1 ? (stored[1] ?? 0) : 0);
}

export interface DirectPrefix {
  readonly address: number;
  /** 0 … 32 */
  readonly length: number;
  readonly cell: number;
}

/** The chunks of one half, those that no cell leads to left out. */
export function directChunks(prefixes: readonly DirectPrefix[], half: 0 | 1, geometry: DirectGeometry): Uint16Array | Uint32Array {
  const { pointer, chunks, cellBytes } = geometry;
  const cells = cellBytes === 2 ? new Uint16Array(chunks * CHUNK_CELLS) : new Uint32Array(chunks * CHUNK_CELLS);
  let used = ROOT_CHUNKS;
  /** The first cell of the chunk behind a cell, which is made where it is missing: whatever led here holds for all of it. */
  const behind = (at: number): number => {
    const cell = cells[at] ?? 0;
    if (cell >= pointer) return (cell - pointer - half * chunks) * CHUNK_CELLS;
    const first = used * CHUNK_CELLS;
    cells.fill(cell, first, first + CHUNK_CELLS);
    cells[at] = pointer + half * chunks + used;
    used += 1;
    return first;
  };
  // shorter prefixes first: what is longer overwrites its part
  for (const { address, length, cell } of [...prefixes].sort((a, b) => a.length - b.length)) {
    let at = address >>> 16;
    let depth = 16;
    while (length > depth) {
      at = behind(at) + ((address >>> (24 - depth)) & 255);
      depth += 8;
    }
    const count = 2 ** (depth - length);
    const first = at - (at % count);
    cells.fill(cell, first, first + count);
  }
  return cells.subarray(0, used * CHUNK_CELLS);
}

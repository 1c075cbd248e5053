/** A prefix table of a running pipeline. */
import type { MapEntry } from "../../codegen/bundle/manifest.js";
import { CHUNK_CELLS, cellOf, directChunks, directGeometry } from "../../dsl/core/direct-prefixes.js";
import { DatapathError } from "../errors.js";
import { isNativeError, type KernelMap, native } from "../native/index.js";
import { LiveMap } from "./live.js";
import { RawMap } from "./raw.js";

/** The arrays that packets are looked up in. */
export interface DirectMaps {
  readonly chunks: KernelMap;
  /** none where the cells hold the values */
  readonly values: KernelMap | undefined;
  readonly half: KernelMap;
}
/** The manifest's paths of those arrays. */
export const directPaths = (path: string): { readonly [part in keyof DirectMaps]: string } => ({
  chunks: `:${path}.chunks`,
  values: `:${path}.values`,
  half: `:${path}.half`,
});

/** An address is its whole width. */
export type PrefixKey = number | { readonly prefix: number; readonly length: number };

/**
 * Prefixes that are looked up directly. A change is worked out beside what packets read, and becomes visible as a whole, in one
 * moment; it takes some milliseconds. Many changes are one with `replace`.
 */
export class LivePrefixTable<V, K = PrefixKey> extends LiveMap<K, V> {
  readonly #prefixes: RawMap;
  readonly #direct: DirectMaps;
  readonly #entry: MapEntry;
  readonly #alone: <T>(change: () => T) => T;

  /** @param alone runs a change while no other process makes one */
  constructor(map: KernelMap, entry: MapEntry, direct: DirectMaps, alone: <T>(change: () => T) => T) {
    super(map, entry);
    this.#prefixes = new RawMap(map);
    this.#entry = entry;
    this.#direct = direct;
    this.#alone = alone;
  }

  /** @throws {DatapathError} as `LiveMap.set`; packets then see what they saw before */
  override set(key: unknown, value: unknown): void {
    this.#alone(() => {
      super.set(key, value);
      this.#publish();
    });
  }

  override delete(key: K): boolean {
    return this.#alone(() => {
      const was = super.delete(key);
      if (was) this.#publish();
      return was;
    });
  }

  override clear(): void {
    this.#alone(() => {
      super.clear();
      this.#publish();
    });
  }

  /**
   * Puts these prefixes in the place of all that there were. Packets see either the old ones or the new ones.
   * @throws {DatapathError} as `set`; then the prefixes are as before
   */
  replace(entries: Iterable<readonly [key: K, value: unknown]>): void {
    this.#alone(() => {
      const before = [...this.#prefixes.entries()].map(([key, value]) => [key.slice(), value.slice()] as const);
      try {
        super.clear();
        for (const [key, value] of entries) super.set(key, value);
      } catch (error) {
        super.clear();
        for (const [key, value] of before) this.#prefixes.set(key, value);
        throw error;
      }
      this.#publish();
    });
  }

  /** Makes the half that no packet reads, and has packets read it. */
  #publish(): void {
    try {
      this.#write();
    } catch (cause) {
      if (isNativeError(cause)) throw new DatapathError("DP6016", `${this.path}: ${cause.message}`, { cause });
      throw cause;
    }
  }

  #write(): void {
    const { chunks, values, half } = this.#direct;
    const { maxEntries } = this.#entry;
    const geometry = directGeometry(maxEntries, this.#entry.value ?? { kind: "bool" });
    const index = new Uint8Array(4);
    const now = (half.lookup(index)?.[0] ?? 0) & 1;
    const next = now === 0 ? 1 : 0;
    const entries = [...this.#prefixes.entries()];
    const cells = directChunks(
      entries.map(([key, value], i) => ({ ...prefixOf(key), cell: cellOf(value, i, next, geometry) })),
      next,
      geometry,
    );
    // a packet that began before the last switch may still read this half
    native().gracePeriod();
    writeElements(chunks, next * geometry.chunks, new Uint8Array(cells.buffer, 0, cells.byteLength), CHUNK_CELLS * geometry.cellBytes);
    if (values) {
      const { valueSize } = values.info();
      const stored = new Uint8Array(entries.length * valueSize);
      for (const [i, [, value]] of entries.entries()) stored.set(value.subarray(0, valueSize), i * valueSize);
      writeElements(values, next * maxEntries, stored, valueSize);
    }
    half.update(index, Uint8Array.of(next, 0, 0, 0), 0);
  }
}

/** struct bpf_lpm_trie_key: the length in host order, the address in network order. */
function prefixOf(key: Uint8Array): { readonly length: number; readonly address: number } {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  return { length: view.getUint32(0, true), address: view.getUint32(4) };
}

/** Elements of an array from one on. */
export function writeElements(map: KernelMap, first: number, bytes: Uint8Array, size: number): void {
  const count = bytes.length / size;
  if (count === 0) return;
  const keys = new Uint32Array(count).map((_, i) => first + i);
  map.updateBatch(new Uint8Array(keys.buffer), bytes, 0);
}

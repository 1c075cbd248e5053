/** A map's entries as stored bytes, in batches where the kernel has them for its kind. */
import { type Batch, failedWith, type KernelMap, type MapInfo } from "../native/index.js";

const FIRST_BATCH = 256;
const LARGEST_BATCH = 65_536;
/** BPF_MAP_TYPE_* that are indexed rather than keyed: every index has an entry */
const INDEXED: ReadonlySet<number> = new Set([2, 6]);

export type RawEntry = readonly [key: Uint8Array, value: Uint8Array];

export class RawMap {
  readonly #map: KernelMap;
  readonly info: MapInfo;

  constructor(map: KernelMap) {
    this.#map = map;
    this.info = map.info();
  }

  get kernel(): KernelMap {
    return this.#map;
  }

  /** All slots of per-CPU kinds, each padded to 8 bytes. */
  get(key: Uint8Array): Uint8Array | undefined {
    return this.#map.lookup(key);
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.#map.update(key, value, 0);
  }

  delete(key: Uint8Array): boolean {
    return this.#map.delete(key);
  }

  /** What is there now. Entries made or deleted meanwhile may or may not be seen; none is seen twice by batches. */
  *entries(): Generator<RawEntry> {
    const { keySize } = this.info;
    for (const batch of this.#batches()) {
      const size = batch.count === 0 ? 0 : batch.values.length / batch.count;
      for (let i = 0; i < batch.count; i++)
        yield [batch.keys.subarray(i * keySize, (i + 1) * keySize), batch.values.subarray(i * size, (i + 1) * size)];
    }
  }

  clear(): void {
    if (INDEXED.has(this.info.type)) {
      for (const [key, value] of this.entries()) this.set(key, new Uint8Array(value.length));
      return;
    }
    for (const [key] of [...this.entries()]) this.#map.delete(key);
  }

  *#batches(): Generator<Batch> {
    let count = FIRST_BATCH;
    let cursor: Uint8Array | undefined;
    for (;;) {
      let batch: Batch;
      try {
        batch = this.#map.lookupBatch(cursor, count);
      } catch (error) {
        // A bucket with more entries than fit: the cursor has not moved, so a larger batch goes on from it.
        if (failedWith(error, "ENOSPC") && count < LARGEST_BATCH) {
          count *= 4;
          continue;
        }
        if (cursor === undefined && failedWith(error, "ENOTSUPP", "EOPNOTSUPP", "ENOTSUP", "EINVAL")) {
          yield* this.#oneByOne();
          return;
        }
        throw error;
      }
      yield batch;
      if (!batch.cursor) return;
      cursor = batch.cursor;
      count = Math.min(count * 2, LARGEST_BATCH);
    }
  }

  *#oneByOne(): Generator<Batch> {
    for (let key = this.#map.nextKey(undefined); key; ) {
      const values = this.#map.lookup(key);
      // The kernel begins anew behind a key that is gone, and who walks may delete what was yielded.
      const next = this.#map.nextKey(key);
      if (values) yield { keys: key, values, count: 1, cursor: undefined };
      key = next;
    }
  }
}

/** A map's entries as stored bytes, in batches where the kernel has them for its kind. */
import { type Batch, failedWith, type KernelMap, type MapInfo } from "../native/index.js";

const FIRST_BATCH = 256;
const LARGEST_BATCH = 65_536;
/** linux/bpf.h: an update that must not replace an entry */
const BPF_NOEXIST = 1;
/** BPF_MAP_TYPE_* that are indexed rather than keyed: every index has an entry */
const INDEXED: ReadonlySet<number> = new Set([2, 6]);

/** `seen`: of kinds that keep the time of an entry's last packet themselves, in ticks. */
export type RawEntry = readonly [key: Uint8Array, value: Uint8Array, seen?: number];

/** What became of an entry that was thought to be over. */
export type Collected = "deleted" | "restored" | "kept";

export class RawMap {
  readonly #map: KernelMap;
  readonly info: MapInfo;

  constructor(map: KernelMap, info: MapInfo = map.info()) {
    this.#map = map;
    this.info = info;
  }

  get kernel(): KernelMap {
    return this.#map;
  }

  /** All slots of per-CPU kinds, each padded to 8 bytes. */
  get(key: Uint8Array): Uint8Array | undefined {
    return this.#map.lookup(key);
  }

  /** The whole entry of a key. */
  find(key: Uint8Array): RawEntry | undefined {
    const value = this.get(key);
    return value && [key, value];
  }

  /** @param flags BPF_ANY, BPF_NOEXIST, BPF_EXIST */
  set(key: Uint8Array, value: Uint8Array, flags = 0): void {
    this.#map.update(key, value, flags);
  }

  delete(key: Uint8Array): boolean {
    return this.#map.delete(key);
  }

  /**
   * Deletes an entry if it is over: it is read again first, and put back where a packet renewed it between the two, so that
   * what a packet of that moment does not find is all that can be lost.
   */
  collect(key: Uint8Array, isOver: (entry: RawEntry) => boolean): Collected {
    const now = this.get(key);
    if (!now || !isOver([key, now])) return "kept";
    const last = this.#take(key);
    if (last === "unsupported") return this.delete(key) ? "deleted" : "kept";
    if (!last) return "kept";
    if (isOver([key, last])) return "deleted";
    try {
      this.#map.update(key, last, BPF_NOEXIST);
      return "restored";
    } catch (error) {
      // It has begun anew meanwhile.
      if (failedWith(error, "EEXIST")) return "kept";
      throw error;
    }
  }

  #take(key: Uint8Array): Uint8Array | undefined | "unsupported" {
    try {
      return this.#map.take(key);
    } catch (error) {
      if (failedWith(error, "ENOTSUPP", "EOPNOTSUPP", "ENOTSUP", "EINVAL")) return "unsupported";
      throw error;
    }
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

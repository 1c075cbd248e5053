/** A map of a running pipeline, in the types of its class. */
import type { MapEntry, Shape } from "../../codegen/bundle/manifest.js";
import { DatapathError } from "../errors.js";
import { failedWith, isNativeError, type KernelMap } from "../native/index.js";
import { add, CodecError, decode, encode, type Value } from "./codec.js";
import { type Expiry, expiryOf, readClocks } from "./expiry.js";
import { rawMapOf } from "./flow-table.js";
import { storedKey } from "./prefix.js";
import type { RawEntry, RawMap } from "./raw.js";
import { type SweepFigures, sweepMap } from "./sweep.js";

const INDEX: Shape = { kind: "int", bits: 32, order: "host" };
/** linux/bpf.h: an update that must not make an entry */
const BPF_EXIST = 2;

/**
 * Reads and writes go to the kernel at once; a walk reads in batches. Values of per-CPU maps are the sums over all
 * processors, and setting one puts it on one processor and zero on the others.
 */
export class LiveMap<K, V> implements Iterable<[K, Readonly<V>]> {
  readonly #raw: RawMap;
  readonly #entry: MapEntry;
  readonly #key: Shape;
  readonly #value: Shape;
  /** what programs do not see; entries of flows they judge themselves */
  readonly #expiry: Expiry | undefined;

  constructor(map: KernelMap, entry: MapEntry) {
    this.#raw = rawMapOf(map, entry);
    this.#entry = entry;
    this.#key = entry.key ?? INDEX;
    // A device map stores the interface's index.
    this.#value = entry.value ?? { kind: "int", bits: entry.valueSize === 8 ? 64 : 32, order: "host" };
    this.#expiry = expiryOf(entry, this.#raw.info);
  }

  get path(): string {
    return this.#entry.path;
  }

  get maxEntries(): number {
    return this.#entry.maxEntries;
  }

  /** The entry as a copy, or undefined. Like the program, it does not see an entry that has expired. */
  get(key: K): V | undefined {
    const entry = this.#do(() => this.#raw.find(this.#keyBytes(key)));
    return entry && !this.#expiry?.(entry, readClocks()) ? (this.#decodeValue(entry[1]) as V) : undefined;
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  /** @throws {DatapathError} DP6008 for a value of the wrong form, DP6009 where the map is full */
  set(key: unknown, value: unknown): void {
    const bytes = this.#keyBytes(key);
    const stored = this.#valueBytes(value);
    this.#do(() => this.#raw.set(bytes, stored, this.#isIndexed ? BPF_EXIST : 0));
  }

  /**
   * Sets elements of an array from one on, in one call of the kernel.
   * @throws {DatapathError} DP6008 for a value of the wrong form, or behind the last element
   */
  setFrom(first: number, values: readonly unknown[]): void {
    if (!Number.isInteger(first) || first < 0 || first + values.length > this.maxEntries)
      throw new DatapathError("DP6008", `${this.path}: the index is outside of 0 to ${this.maxEntries - 1}`);
    const parts = values.map(value => this.#valueBytes(value));
    const keys = new Uint32Array(values.length).map((_, i) => first + i);
    if (values.length > 0) this.#do(() => this.#raw.kernel.updateBatch(new Uint8Array(keys.buffer), Buffer.concat(parts), 0));
  }

  /** Whether there was such an entry. Entries of arrays can't be deleted: they are set to zero. */
  delete(key: K): boolean {
    const bytes = this.#keyBytes(key);
    if (!this.#isIndexed) return this.#do(() => this.#raw.delete(bytes));
    const old = this.#do(() => this.#raw.get(bytes));
    if (old) this.#do(() => this.#raw.set(bytes, new Uint8Array(old.length)));
    return old !== undefined;
  }

  /** Entries now; the kernel keeps no count, so this walks the map. */
  get size(): number {
    let count = 0;
    for (const _ of this.#seen()) count++;
    return count;
  }

  *[Symbol.iterator](): Iterator<[K, Readonly<V>]> {
    for (const [key, value] of this.#seen()) yield [decode(this.#key, key) as K, this.#decodeValue(value) as V];
  }

  *keys(): Generator<K> {
    for (const [key] of this.#seen()) yield decode(this.#key, key) as K;
  }

  /**
   * Deletes what has expired and no one sees any more, so that it makes room: by `expires`, and flows by the timeouts of
   * their states. Living entries stay: one that a packet renews at this very moment is put back, and missed for some
   * microseconds at most.
   */
  sweep(): SweepFigures {
    const steps = this.sweeping();
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  /** The same in steps of some thousand entries, for who has other work to do between them. */
  *sweeping(): Generator<void, SweepFigures> {
    const steps = sweepMap(this.#raw, this.#entry);
    for (;;) {
      const step = this.#do(() => steps.next());
      if (step.done) return step.value;
      yield;
    }
  }

  clear(): void {
    this.#do(() => this.#raw.clear());
  }

  get #isIndexed(): boolean {
    return ["array", "perCpuArray", "counter", "scratch"].includes(this.#entry.kind);
  }

  get #stride(): number {
    return Math.ceil(this.#raw.info.valueSize / 8) * 8;
  }

  *#seen(): Generator<RawEntry> {
    const now = readClocks();
    const entries = this.#raw.entries();
    for (;;) {
      const { done, value: entry } = this.#do(() => entries.next());
      if (done || !entry) return;
      if (!this.#expiry?.(entry, now)) yield entry;
    }
  }

  /** The value of each processor. */
  #slots(bytes: Uint8Array): Value[] {
    const { slots, valueSize } = this.#raw.info;
    return Array.from({ length: slots }, (_, slot) => {
      const start = slot * this.#stride;
      return decode(this.#value, bytes.subarray(start, start + valueSize));
    });
  }

  #decodeValue(bytes: Uint8Array): Value {
    return this.#slots(bytes).reduce((total, one) => add(this.#value, total, one));
  }

  #keyBytes(key: unknown): Uint8Array {
    return this.#encode(this.#key, storedKey(this.#entry, key), "key", this.#raw.info.keySize);
  }

  #valueBytes(value: unknown): Uint8Array {
    const { slots, valueSize } = this.#raw.info;
    const one = this.#encode(this.#value, value, "value", valueSize);
    if (slots === 1) return one;
    const bytes = new Uint8Array(this.#stride * slots);
    bytes.set(one);
    return bytes;
  }

  #encode(shape: Shape, value: unknown, what: string, size: number): Uint8Array {
    try {
      const bytes = new Uint8Array(size);
      bytes.set(encode(shape, value, what));
      return bytes;
    } catch (cause) {
      if (cause instanceof CodecError) throw new DatapathError("DP6008", `${this.path}: ${cause.message}`, { cause });
      throw cause;
    }
  }

  #do<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (failedWith(cause, "E2BIG", "ENOSPC") && this.#isIndexed) {
        throw new DatapathError("DP6008", `${this.path}: the index is outside of 0 to ${this.maxEntries - 1}`, { cause });
      }
      if (failedWith(cause, "E2BIG", "ENOSPC")) {
        throw new DatapathError("DP6009", `${this.path} holds at most ${this.maxEntries} entries`, { cause });
      }
      if (failedWith(cause, "EINVAL") && (this.#entry.kind === "lpmTrie" || this.#entry.kind === "prefixTable")) {
        throw new DatapathError("DP6008", `${this.path}: the prefix is longer than its address`, { cause });
      }
      if (failedWith(cause, "EPERM")) throw new DatapathError("DP6011", `${this.path}: ${cause.message}`, { cause });
      if (isNativeError(cause)) throw new DatapathError("DP6016", `${this.path}: ${cause.message}`, { cause });
      throw cause;
    }
  }
}

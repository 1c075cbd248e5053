/**
 * A map's entries as stored bytes, so that they compare with the kernel's directly. One store serves all hash kinds;
 * what differs between them is what a full map does and which entries' views end.
 */
import { type Memory, readScalar, StaleViewError, writeScalar } from "../core/memory.js";
import type { Scalar } from "../core/shape.js";

/** Bytes as a key of a JavaScript Map. */
export function keyText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

interface Entry {
  readonly key: Uint8Array;
  value: Uint8Array;
}
export interface StoreOptions {
  readonly what: string;
  readonly maxEntries: number;
  readonly full: "refuse" | "evict";
  /** other CPUs write the entries too */
  readonly cpusShare: boolean;
}

export class Store {
  readonly #options: StoreOptions;
  /** in order of use where the map evicts, the least recently used first */
  readonly #entries = new Map<string, Entry>();
  #generation = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
  }
  get size(): number {
    return this.#entries.size;
  }
  find(identity: string): Uint8Array | undefined {
    const entry = this.#entries.get(identity);
    if (!entry) return undefined;
    if (this.#options.full === "evict") {
      this.#entries.delete(identity);
      this.#entries.set(identity, entry);
    }
    return entry.value;
  }
  /** Puts an entry in, or another value into the one that is there; false where the map is full. */
  put(identity: string, key: Uint8Array, value: Uint8Array): boolean {
    this.endViews();
    return this.add(identity, key, value);
  }
  has(identity: string): boolean {
    return this.#entries.has(identity);
  }
  /** The same without an end to the views. */
  add(identity: string, key: Uint8Array, value: Uint8Array): boolean {
    const known = this.#entries.has(identity);
    if (!known && this.#entries.size >= this.#options.maxEntries) {
      if (this.#options.full === "refuse") return false;
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
    if (this.#options.full === "evict") this.#entries.delete(identity);
    this.#entries.set(identity, { key, value });
    return true;
  }
  remove(identity: string): boolean {
    this.endViews();
    return this.#entries.delete(identity);
  }
  clear(): void {
    this.endViews();
    this.#entries.clear();
  }
  endViews(): void {
    this.#generation += 1;
  }
  *entries(): Iterable<readonly [Uint8Array, Uint8Array]> {
    for (const { key, value } of this.#entries.values()) yield [key.slice(), value.slice()];
  }
  values(): Iterable<readonly [identity: string, entry: Entry]> {
    return this.#entries;
  }

  /** The entry's bytes for a view, which ends with the next change of the map that may move it. */
  view(value: Uint8Array): Memory {
    const born = this.#generation;
    const { what, cpusShare } = this.#options;
    const check = (): void => {
      if (this.#generation !== born) {
        throw new StaleViewError(
          `a view of ${what} was used after the map changed: set, delete and inserting end its views; look the entry up again`,
        );
      }
    };
    return {
      wraps: cpusShare,
      read(offset: number, scalar: Scalar): bigint {
        check();
        return readScalar(value, offset, scalar);
      },
      write(offset: number, scalar: Scalar, stored: bigint): void {
        check();
        writeScalar(value, offset, scalar, stored);
      },
    };
  }
}

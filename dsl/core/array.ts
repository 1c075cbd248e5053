/** A live fixed-size array. */

/** An index that only run time knew was outside; in the kernel the packet is aborted and counted. */
export class IndexError extends RangeError {
  override readonly name = "IndexError";
}

type Load = (index: number) => unknown;
type Store = (index: number, value: unknown) => void;

export class ArrayView implements Iterable<unknown> {
  readonly #length: number;
  readonly #load: Load;
  readonly #store: Store;

  constructor(length: number, load: Load, store: Store) {
    this.#length = length;
    this.#load = load;
    this.#store = store;
  }
  get length(): number {
    return this.#length;
  }
  at(index: number): unknown {
    return this.#load(this.#inside(index));
  }
  put(index: number, value: unknown): void {
    this.#store(this.#inside(index), value);
  }
  equals(other: ArrayLike<unknown>): boolean {
    if (other.length !== this.#length) return false;
    for (let i = 0; i < this.#length; i++) if (this.#load(i) !== other[i]) return false;
    return true;
  }
  set(other: ArrayLike<unknown>): void {
    if (other.length !== this.#length) throw new RangeError(`set: ${other.length} elements into an array of ${this.#length}`);
    // All are read before the first is stored: the two may overlap.
    const elements = Array.from(other);
    for (const [i, element] of elements.entries()) this.#store(i, element);
  }
  fill(value: unknown): void {
    for (let i = 0; i < this.#length; i++) this.#store(i, value);
  }
  *[Symbol.iterator](): Iterator<unknown> {
    for (let i = 0; i < this.#length; i++) yield this.#load(i);
  }
  #inside(index: number): number {
    if (!Number.isInteger(index) || index < 0 || index >= this.#length)
      throw new IndexError(`index ${index} is outside 0 … ${this.#length - 1}`);
    return index;
  }

  /** The same array with `view[index]`. */
  indexed(): this {
    return new Proxy(this, {
      get: (target, key) => {
        const index = indexOf(key);
        if (index !== undefined) return target.at(index);
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
      set: (target, key, value) => {
        const index = indexOf(key);
        if (index === undefined) return false;
        target.put(index, value);
        return true;
      },
    });
  }
}

function indexOf(key: string | symbol): number | undefined {
  return typeof key === "string" && /^-?\d+(\.\d+)?$/.test(key) ? Number(key) : undefined;
}

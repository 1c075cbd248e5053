/** Prefixes of IPv4, looked up directly. */
import { CHUNK_CELLS, cellOf, type DirectGeometry, directChunks, directGeometry } from "../core/direct-prefixes.js";
import { array, shapeOfSchema } from "../core/fields.js";
import { u16, u32 } from "../core/integers.js";
import { type Memory, readScalar } from "../core/memory.js";
import type { FixedArray, Init, IntSchema, Storable } from "../core/schema.js";
import type { Scalar, Shape } from "../core/shape.js";
import { describe, specOf } from "../core/spec.js";
import { struct } from "../core/struct.js";
import { encode, load } from "../core/view.js";
import type { ArrayMap } from "./array.js";
import { sizeOfMap } from "./options.js";
import { type LpmTrie, type Prefix, prefixesOf } from "./trie.js";

interface Chunk {
  readonly cells: FixedArray<number, typeof CHUNK_CELLS>;
}
class NarrowChunk extends struct({ cells: array(u16, CHUNK_CELLS) }) {}
class WideChunk extends struct({ cells: array(u32, CHUNK_CELLS) }) {}

/** How a prefix table is made. */
export interface PrefixTableOptions {
  /** the most prefixes, 1 … 2^20 */
  readonly maxEntries: number;
  /** One table for the whole pipeline (the default), or one for each target. */
  readonly scope?: "target" | "pipeline";
}
const MOST = 2 ** 20;

/**
 * A map from prefixes of IPv4 addresses. `get` finds the longest that matches, as with an `lpmTrie`, in at most three
 * steps. User space and the build write it; programs read it.
 */
export class PrefixTable<V> {
  declare readonly "~kv"?: [u32, V];
  declare readonly "~prefixes": true;
  /** every prefix with its value: what the rest is made from */
  private readonly prefixes: LpmTrie<u32, V>;
  private readonly chunks: ArrayMap<Chunk>;
  private readonly values: ArrayMap<V>;
  /** which half of the chunks and values packets read */
  private readonly half: ArrayMap<u32>;
  /** makes the value of what a cell holds, where cells hold values */
  private readonly inCells: IntSchema<V> | undefined;
  private readonly halfChunks: number;
  private readonly pointer: number;
  readonly #direct: Direct;

  constructor(value: Storable<V>, options: PrefixTableOptions) {
    const { scope = "pipeline" } = options;
    const maxEntries = sizeOfMap("prefixTable", options.maxEntries);
    if (maxEntries > MOST) throw new RangeError(`prefixTable: maxEntries is ${maxEntries}, must be 1 … ${MOST}`);
    const geometry = directGeometry(maxEntries, shapeOfSchema(value, "the value of a prefixTable"));
    this.inCells = geometry.inCells && isInteger(value) ? value : undefined;
    this.halfChunks = geometry.chunks;
    this.pointer = geometry.pointer;
    this.prefixes = prefixesOf(value, { maxEntries, scope });
    const direct = new Direct(this.prefixes, geometry);
    this.#direct = direct;
    const chunk: Storable<Chunk> = geometry.cellBytes === 2 ? NarrowChunk : WideChunk;
    this.chunks = new DirectArray(chunk, 2 * geometry.chunks, () => direct.chunks, this.prefixes);
    this.values = new DirectArray(value, 2 * maxEntries, () => direct.values, this.prefixes);
    this.half = new DirectArray(u32, 1, () => [new Uint8Array(4)], this.prefixes);
  }

  /** The value of the longest prefix that the address is in, or undefined. It is not to be changed. */
  get(address: u32): V | undefined {
    const root = this.chunks.at((this.half.at(0) & 1) * this.halfChunks + (address >>> 24));
    let cell = root.cells[(address >>> 16) & 255] ?? 0;
    if (cell >= this.pointer) {
      const third = this.chunks.get(cell - this.pointer);
      if (!third) return undefined;
      cell = third.cells[(address >>> 8) & 255] ?? 0;
      if (cell >= this.pointer) {
        const last = this.chunks.get(cell - this.pointer);
        if (!last) return undefined;
        cell = last.cells[address & 255] ?? 0;
      }
    }
    if (cell === 0) return undefined;
    if (this.inCells) return this.inCells(cell - 1);
    return this.values.get(cell - 1);
  }

  /** Build time and tests: puts a prefix in; a plain address is its whole width. False where the table is full. */
  set(key: u32 | Prefix<u32>, value: Init<V>): boolean {
    this.#direct.change();
    return this.prefixes.set(key, value);
  }
  /** Build time and tests: takes exactly this prefix out; whether it was there. */
  delete(key: u32 | Prefix<u32>): boolean {
    this.#direct.change();
    return this.prefixes.delete(key);
  }
}

/**
 * A table of IPv4 prefixes that is looked up directly: 2 × (64 Ki cells, and 256 more for each prefix longer than 16 bits
 * and each longer than 24), of two bytes each with up to 8,063 prefixes, else (and for values of u16) of four. Values of more
 * than 16 bits lie beside, twice too. With maxEntries 1,000 that is 2.2 MiB.
 * @example
 * readonly owners = prefixTable(u16, { maxEntries: 1000 });
 * this.owners.set({ prefix: ipv4("10.0.0.0"), length: 8 }, 7);
 */
export function prefixTable<V>(value: Storable<V>, options: PrefixTableOptions): PrefixTable<V> {
  return new PrefixTable(value, options);
}

/** What the prefixes make, worked out anew when it is read after a change. Node uses the first half. */
class Direct {
  readonly #prefixes: object;
  readonly #geometry: DirectGeometry;
  #made: { readonly chunks: readonly Uint8Array[]; readonly values: readonly Uint8Array[] } | undefined;

  constructor(prefixes: object, geometry: DirectGeometry) {
    this.#prefixes = prefixes;
    this.#geometry = geometry;
  }
  change(): void {
    this.#made = undefined;
  }
  get chunks(): readonly Uint8Array[] {
    return this.#make().chunks;
  }
  get values(): readonly Uint8Array[] {
    return this.#make().values;
  }
  #make() {
    if (this.#made) return this.#made;
    const spec = specOf(this.#prefixes);
    const entries = spec?.what === "map" ? [...spec.entries()] : [];
    const cells = directChunks(
      entries.map(([key, value], i) => ({ ...prefixOf(key), cell: cellOf(value, i, 0, this.#geometry) })),
      0,
      this.#geometry,
    );
    const bytes = new Uint8Array(cells.buffer, 0, cells.byteLength);
    const size = CHUNK_CELLS * this.#geometry.cellBytes;
    const chunks = Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
    this.#made = { chunks, values: entries.map(([, value]) => value) };
    return this.#made;
  }
}

function isInteger<V>(schema: Storable<V>): schema is IntSchema<V> {
  return typeof schema === "function" && shapeOfSchema(schema, "the value of a prefixTable").kind === "int";
}

function prefixOf(key: Uint8Array): { readonly length: number; readonly address: number } {
  const part = (offset: number, order: "host" | "network"): number =>
    Number(readScalar(key, offset, { bytes: 4, order, shift: 0, width: 32 }));
  return { length: part(0, "host"), address: part(4, "network") };
}

/** Elements that are worked out; those behind the last one are zero. */
class DirectArray<V> implements ArrayMap<V> {
  readonly length: number;
  readonly #schema: Storable<V>;
  readonly #elements: () => readonly Uint8Array[];
  readonly #zero: Uint8Array;

  constructor(schema: Storable<V>, length: number, elements: () => readonly Uint8Array[], prefixes: object) {
    const shape: Shape = shapeOfSchema(schema, "the value of a prefixTable");
    const key: Shape = { kind: "int", bits: 32, order: "host" };
    this.length = length;
    this.#schema = schema;
    this.#elements = elements;
    this.#zero = new Uint8Array(schema.size);
    const of = specOf(prefixes);
    describe<DirectArray<V>>(this, {
      what: "map",
      kind: "array",
      key,
      value: shape,
      maxEntries: length,
      scope: of?.what === "map" ? of.scope : "pipeline",
      shared: undefined,
      expires: undefined,
      capture: 0,
      madeFrom: prefixes,
      *entries() {
        for (const [i, element] of elements().entries()) yield [encode(key, i, "index"), element] as const;
      },
    });
  }
  get(index: number): V | undefined {
    return index < this.length ? this.at(index) : undefined;
  }
  at(index: number): V {
    if (index < 0 || index >= this.length) throw new RangeError(`at(${index}) is outside 0 … ${this.length - 1}`);
    return load(this.#schema, readOnly(this.#elements()[index] ?? this.#zero), 0);
  }
}

function readOnly(bytes: Uint8Array): Memory {
  return {
    wraps: false,
    read: (offset: number, scalar: Scalar) => readScalar(bytes, offset, scalar),
    write: () => {
      throw new TypeError("a value of a prefixTable is not to be changed: set() the prefix again");
    },
  };
}

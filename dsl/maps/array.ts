/** Arrays: all entries are there from the start, and their views never end. */
import { shapeOfSchema } from "../core/fields.js";
import type { u32 } from "../core/integers.js";
import type { Memory } from "../core/memory.js";
import { readScalar, writeScalar } from "../core/memory.js";
import type { Init, Storable } from "../core/schema.js";
import { type Scalar, type Shape, sizeOf } from "../core/shape.js";
import { describe } from "../core/spec.js";
import { encode, load } from "../core/view.js";
import { sizeOfMap } from "./options.js";

/** Entries by number. */
export interface ArrayMap<V> {
  readonly "~kv"?: [u32, V];
  readonly length: number;
  /** The entry, or undefined outside 0 … length − 1. */
  get(index: number): V | undefined;
  /** The entry; the index must provably be in 0 … length − 1 (Node throws a RangeError otherwise). */
  at(index: number): V;
}

const indexShape: Shape = { kind: "int", bits: 32, order: "host" };

class NodeArray<V> implements ArrayMap<V> {
  readonly length: number;
  readonly #schema: Storable<V>;
  readonly #values: readonly Uint8Array[];
  readonly #cpusShare: boolean;

  constructor(schema: Storable<V>, values: readonly Uint8Array[], cpusShare: boolean) {
    this.length = values.length;
    this.#schema = schema;
    this.#values = values;
    this.#cpusShare = cpusShare;
  }
  get(index: number): V | undefined {
    const value = this.#values[index];
    return value && load(this.#schema, this.#memory(value), 0);
  }
  at(index: number): V {
    const value = this.#values[index];
    if (!value) throw new RangeError(`at(${index}) is outside 0 … ${this.length - 1}`);
    return load(this.#schema, this.#memory(value), 0);
  }
  #memory(value: Uint8Array): Memory {
    return {
      wraps: this.#cpusShare,
      read: (offset: number, scalar: Scalar) => readScalar(value, offset, scalar),
      write: (offset: number, scalar: Scalar, stored: bigint) => writeScalar(value, offset, scalar, stored),
    };
  }
}

function make<V>(kind: "array" | "perCpuArray", schema: Storable<V>, length: number, initial: readonly unknown[]): ArrayMap<V> {
  sizeOfMap(kind, length);
  const shape = shapeOfSchema(schema, "the value of a map");
  if (initial.length > length) throw new RangeError(`arrayMap: ${initial.length} initial values do not fit into ${length}`);
  const size = sizeOf(shape);
  const values = Array.from({ length }, (_, i) => (i < initial.length ? encode(shape, initial[i], `initial[${i}]`) : new Uint8Array(size)));
  return describe(new NodeArray(schema, values, kind === "array"), {
    what: "map",
    kind,
    key: indexShape,
    value: shape,
    maxEntries: length,
    scope: "pipeline",
    shared: undefined,
    expires: undefined,
    capture: 0,
    *entries() {
      for (const [i, value] of values.entries()) yield [encode(indexShape, i, "index"), value.slice()] as const;
    },
  });
}

/**
 * An array that all CPUs share.
 * @param length the number of entries
 * @param initial the first entries' values; the others are zero
 * @example readonly ring = arrayMap(Backend, 65_537, maglev(backends));
 */
export function arrayMap<V>(value: Storable<V>, length: number, initial: readonly Init<NoInfer<V>>[] = []): ArrayMap<V> {
  return make("array", value, length, initial);
}
/** An array with entries of its own for each CPU; user space reads totals. */
export function perCpuArrayMap<V>(value: Storable<V>, length: number): ArrayMap<V> {
  return make("perCpuArray", value, length, []);
}

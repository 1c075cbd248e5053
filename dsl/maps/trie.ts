/** Longest-prefix match. */
import { shapeOfSchema } from "../core/fields.js";
import type { u32 } from "../core/integers.js";
import { readScalar } from "../core/memory.js";
import type { Init, Storable } from "../core/schema.js";
import { type Field, type Shape, type StructShape, sizeOf } from "../core/shape.js";
import { encode } from "../core/view.js";
import { type HashMap, type Keys, makeMap } from "./hash.js";
import type { KeyInit, MapOptions } from "./options.js";
import { keyText, type Store } from "./store.js";

/** A prefix of a trie whose key is a plain address: `{ prefix: ipv4("10.0.0.0"), length: 8 }`. */
export interface Prefix<K> {
  readonly prefix: K;
  /** bits, from the most significant one */
  readonly length: number;
}
type TrieKey<K> = KeyInit<K> | (K extends number | bigint ? Prefix<K> : never);

/** A map from prefixes; `get` finds the longest that matches. */
export interface LpmTrie<K, V> extends HashMap<K, V> {
  /** Puts a prefix in; a plain address is its whole width. False where the trie is full. */
  set(key: TrieKey<K>, value: Init<V>): boolean;
  /** Puts a prefix in where exactly this one is not there. */
  add(key: TrieKey<K>, value: Init<V>): boolean;
  /** Takes exactly this prefix out; whether it was there. */
  delete(key: TrieKey<K>): boolean;
  getOrInsert(key: TrieKey<K>, value: Init<V>): V | undefined;
}

const u32Shape: Shape = { kind: "int", bits: 32, order: "host" };

/**
 * A trie of prefixes. The key is either an address (u32, u128): it is looked up whole, and entries are set with
 * `{ prefix, length }`. Or a struct: first `length: u32`, the bits that count, then data in network order without
 * padding between.
 * @example
 * readonly routes = lpmTrie(u32, Route, { maxEntries: 1000 });
 * this.routes.set({ prefix: ipv4("10.0.0.0"), length: 8 }, { port: 3 });
 */
export function lpmTrie<K, V>(key: Storable<K>, value: Storable<V>, options: MapOptions<V>): LpmTrie<K, V> {
  const shape = shapeOfSchema(key, "the key of lpmTrie(…)");
  return makeMap("lpmTrie", shape.kind === "struct" ? structKeys(shape) : addressKeys(shape), value, options);
}

/** What a prefixTable is made from. */
export function prefixesOf<V>(
  value: Storable<V>,
  options: { readonly maxEntries: number; readonly scope: "target" | "pipeline" },
): LpmTrie<u32, V> {
  return makeMap("prefixTable", addressKeys(u32Shape), value, options);
}

/** The kernel's layout (struct bpf_lpm_trie_key): the length in host order, then the data, most significant bit first. */
function addressKeys(shape: Shape): Keys {
  if (shape.kind !== "int") throw new TypeError("lpmTrie: the key is an integer, or a struct that begins with length: u32");
  const bytes = shape.bits / 8;
  const layout: StructShape = {
    kind: "struct",
    name: "Prefix",
    fields: [
      { name: "length", shape: u32Shape, offset: 0, bit: 0 },
      { name: "address", shape: { ...shape, order: "network" }, offset: 4, bit: 0 },
    ],
    size: Math.ceil((4 + bytes) / 4) * 4,
    align: 4,
  };
  if (layout.size !== 4 + bytes) throw new TypeError(`lpmTrie: a plain key is u32, u64 or u128, not u${shape.bits}`);
  return trieKeys(layout, shape.bits, key =>
    encode(layout, isPrefix(key) ? { length: key.length, address: key.prefix } : { length: shape.bits, address: key }, "key"),
  );
}
function isPrefix(key: unknown): key is Prefix<unknown> {
  return typeof key === "object" && key !== null && "prefix" in key && "length" in key;
}

function structKeys(shape: StructShape): Keys {
  const [length, ...data] = shape.fields;
  if (length?.name !== "length" || length.shape.kind !== "int" || length.shape.bits !== 32 || length.shape.order !== "host") {
    throw new TypeError(`lpmTrie: the first field of ${shape.name} must be length: u32, the bits that count`);
  }
  let end = 4;
  for (const field of data) {
    if (field.offset !== end)
      throw new TypeError(
        `lpmTrie: ${shape.name} has padding before "${field.name}", which would count as bits of the prefix; reorder the fields`,
      );
    if (!inNetworkOrder(field))
      throw new TypeError(
        `lpmTrie: "${field.name}" of ${shape.name} must be in network order: net(…), since prefixes begin at the most significant bit`,
      );
    end += sizeOf(field.shape);
  }
  if (end !== shape.size) throw new TypeError(`lpmTrie: ${shape.name} ends in padding, which would count as bits of the prefix`);
  return trieKeys(shape, (end - 4) * 8, key => encode(shape, key, "key"));
}
function inNetworkOrder(field: Field): boolean {
  const { shape } = field;
  return shape.kind === "int"
    ? shape.order === "network" || shape.bits === 8
    : shape.kind === "array"
      ? inNetworkOrder({ ...field, shape: shape.of })
      : shape.kind === "header";
}

function trieKeys(shape: Shape, width: number, stored: (key: unknown) => Uint8Array): Keys {
  const lengthOf = (bytes: Uint8Array): number => Number(readScalar(bytes, 0, { bytes: 4, order: "host", shift: 0, width: 32 }));
  return {
    shape,
    encode(key) {
      const bytes = stored(key);
      const length = lengthOf(bytes);
      if (length > width) throw new RangeError(`lpmTrie: a prefix of ${length} bits in a key of ${width}`);
      return { bytes, identity: identityOf(bytes, length) };
    },
    find(store: Store, key: unknown): Uint8Array | undefined {
      const bytes = stored(key);
      const most = Math.min(lengthOf(bytes), width);
      for (let length = most; length >= 0; length--) {
        const found = store.find(identityOf(bytes, length));
        if (found) return found;
      }
      return undefined;
    },
  };
}

/** A prefix is told apart by its length and the bits inside it; the kernel keeps the others as they were given. */
function identityOf(bytes: Uint8Array, length: number): string {
  const masked = new Uint8Array(Math.ceil(length / 8));
  for (let i = 0; i < masked.length; i++) {
    const bits = Math.min(8, length - i * 8);
    masked[i] = (bytes[4 + i] ?? 0) & (0xff << (8 - bits));
  }
  return `${length}:${keyText(masked)}`;
}

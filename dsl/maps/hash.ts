/** Hash maps: plain, LRU, and the per-CPU forms of both. */
import { shapeOfSchema } from "../core/fields.js";
import { readScalar } from "../core/memory.js";
import type { Init, Storable } from "../core/schema.js";
import type { Shape } from "../core/shape.js";
import { describe, type MapKind, type MapSpec } from "../core/spec.js";
import { encode, load, PlainMemory } from "../core/view.js";
import { now } from "../core/world.js";
import { type KeyInit, type MapOptions, sizeOfMap } from "./options.js";
import { keyText, Store } from "./store.js";

/** A map in the kernel that reads like JavaScript's. A struct's entry comes as a live view, a scalar's as its value. */
export interface HashMap<K, V> {
  readonly "~kv"?: [K, V];
  /** The entry, or undefined where there is none (or it has expired). */
  get(key: KeyInit<K>): V | undefined;
  /** Puts an entry in or replaces it, and ends every view of the map; false where the map is full. */
  set(key: KeyInit<K>, value: Init<V>): boolean;
  /**
   * Puts an entry in where there is none; false where there is one or the map is full. Views of other entries stay good,
   * but for those of an entry that an LRU map took to make room.
   */
  add(key: KeyInit<K>, value: Init<V>): boolean;
  /** Takes an entry out, and ends every view of the map; whether it was there. */
  delete(key: KeyInit<K>): boolean;
  has(key: KeyInit<K>): boolean;
  /** The entry, made with `value` where there is none; undefined where the map is full. */
  getOrInsert(key: KeyInit<K>, value: Init<V>): V | undefined;
}

/** How stored keys are told apart; tries look for the longest prefix. */
export interface Keys {
  readonly shape: Shape;
  /** the key's stored bytes, and what names its entry */
  encode(key: unknown): { readonly bytes: Uint8Array; readonly identity: string };
  find(store: Store, key: unknown): Uint8Array | undefined;
}

function exactKeys(shape: Shape): Keys {
  const stored = (key: unknown): Uint8Array => encode(shape, key, "key");
  return {
    shape,
    encode(key) {
      const bytes = stored(key);
      return { bytes, identity: keyText(bytes) };
    },
    find: (store, key) => store.find(keyText(stored(key))),
  };
}

export class NodeMap<K, V> implements HashMap<K, V> {
  readonly #store: Store;
  readonly #keys: Keys;
  readonly #schema: Storable<V>;
  readonly #shape: Shape;
  readonly #expiry: ((value: Uint8Array) => bigint) | undefined;

  constructor(store: Store, keys: Keys, schema: Storable<V>, expires: MapSpec["expires"]) {
    this.#store = store;
    this.#keys = keys;
    this.#schema = schema;
    this.#shape = shapeOfSchema(schema, "the value of a map");
    this.#expiry = expires && expiry(this.#shape, expires.field, expires.after);
  }
  get(key: KeyInit<K>): V | undefined {
    const value = this.#find(key);
    return value && load(this.#schema, this.#store.view(value), 0);
  }
  has(key: KeyInit<K>): boolean {
    return this.#find(key) !== undefined;
  }
  set(key: KeyInit<K>, value: Init<V>): boolean {
    return this.#put(key, value) !== undefined;
  }
  add(key: KeyInit<K>, value: Init<V>): boolean {
    const { bytes, identity } = this.#keys.encode(key);
    if (this.#store.has(identity)) return false;
    return this.#store.add(identity, bytes, encode(this.#shape, value, "value"));
  }
  delete(key: KeyInit<K>): boolean {
    return this.#store.remove(this.#keys.encode(key).identity);
  }
  getOrInsert(key: KeyInit<K>, value: Init<V>): V | undefined {
    const bytes = this.#find(key) ?? this.#put(key, value);
    return bytes && load(this.#schema, this.#store.view(bytes), 0);
  }
  #find(key: unknown): Uint8Array | undefined {
    const value = this.#keys.find(this.#store, key);
    return value && this.#expiry && this.#expiry(value) <= now() ? undefined : value;
  }
  #put(key: unknown, value: unknown): Uint8Array | undefined {
    const { bytes, identity } = this.#keys.encode(key);
    const stored = encode(this.#shape, value, "value");
    return this.#store.put(identity, bytes, stored) ? stored : undefined;
  }
}

/** When an entry is gone: a sum that does not wrap, in the kernel neither. */
function expiry(shape: Shape, name: string, after: bigint): (value: Uint8Array) => bigint {
  const field = shape.kind === "struct" ? shape.fields.find(each => each.name === name) : undefined;
  if (field?.shape.kind !== "int" || field.shape.bits !== 64) throw new TypeError(`expires: "${name}" is no u64 field of the map's value`);
  const { order } = field.shape;
  return value => readScalar(value, field.offset, { bytes: 8, order, shift: 0, width: 64 }) + after;
}

export function makeMap<K, V>(kind: MapKind, keys: Keys, value: Storable<V>, options: MapOptions<V>): NodeMap<K, V> {
  const maxEntries = sizeOfMap(kind, options.maxEntries);
  const store = new Store({
    what: `a ${kind} map`,
    maxEntries,
    full: kind === "lruHash" || kind === "perCpuLruHash" ? "evict" : "refuse",
    cpusShare: kind !== "perCpuHash" && kind !== "perCpuLruHash",
  });
  const expires = options.expires && { field: options.expires.field, after: options.expires.after ?? 0n };
  return describe(new NodeMap<K, V>(store, keys, value, expires), {
    what: "map",
    kind,
    key: keys.shape,
    value: shapeOfSchema(value, "the value of a map"),
    maxEntries,
    scope: options.scope ?? "pipeline",
    shared: options.shared,
    expires,
    capture: 0,
    entries: () => store.entries(),
  });
}

function hash<K, V>(kind: MapKind, key: Storable<K>, value: Storable<V>, options: MapOptions<V>): HashMap<K, V> {
  return makeMap(kind, exactKeys(shapeOfSchema(key, "the key of a map")), value, options);
}

/**
 * A hash map that all CPUs share. Full, it refuses new entries.
 * @example readonly sessions = hashMap(u32, Session, { maxEntries: 10_000 });
 */
export function hashMap<K, V>(key: Storable<K>, value: Storable<V>, options: MapOptions<V>): HashMap<K, V> {
  return hash("hash", key, value, options);
}
/**
 * A hash map that makes room by itself: entries not used lately go (any may, in the kernel; the least recently used
 * one in Node). An insert ends every view of the map.
 * @example readonly seen = lruHashMap(u128, Seen, { maxEntries: 100_000 });
 */
export function lruHashMap<K, V>(key: Storable<K>, value: Storable<V>, options: MapOptions<V>): HashMap<K, V> {
  return hash("lruHash", key, value, options);
}
/** A hash map with a value of its own for each CPU; user space reads totals. */
export function perCpuHashMap<K, V>(key: Storable<K>, value: Storable<V>, options: MapOptions<V>): HashMap<K, V> {
  return hash("perCpuHash", key, value, options);
}
/** An LRU map with a value of its own for each CPU; user space reads totals. */
export function perCpuLruHashMap<K, V>(key: Storable<K>, value: Storable<V>, options: MapOptions<V>): HashMap<K, V> {
  return hash("perCpuLruHash", key, value, options);
}

/** Bytes of a value that no map owns. */
export function detached<V>(schema: Storable<V>, bytes: Uint8Array): V {
  return load(schema, new PlainMemory(bytes), 0);
}

/**
 * A table of flows that makes room by rule, not by chance: sets of eight slots in one array, shared by all CPUs or cut up
 * among them. What it gives is a copy of an entry as it was at one moment; changes are written through, or refused.
 */
import { shapeOfSchema } from "../core/fields.js";
import { CONTROL } from "../core/flow-slots.js";
import type { u32 } from "../core/integers.js";
import { type Memory, readScalar, writeScalar } from "../core/memory.js";
import type { Init, Storable } from "../core/schema.js";
import { type Scalar, type Shape, type StructShape, sizeOf } from "../core/shape.js";
import { describe, type FlowGeometry } from "../core/spec.js";
import { encode, load, PlainMemory, storeGivenFields } from "../core/view.js";
import { DEFAULT_HZ, ticks } from "../core/world.js";
import { geometryOf, idleTicks } from "./flow-table-layout.js";
import { FlowMemory, type Outcome } from "./flow-table-memory.js";
import type { KeyInit } from "./options.js";

/** What became of `add`. */
export const FlowTable = {
  /** the entry was made */
  New: 0,
  /** it was there */
  Hit: 1,
  /** another CPU worked on this part of the table: treat it as a lost packet */
  Busy: 2,
  /** established flows fill both places where it could be */
  Full: 3,
} as const;

/** One flow's entry, as it was when it was looked up. */
export interface FlowCopy<V> {
  /**
   * The value's copy. A field that is assigned is written through as by `update`, and keeps its old value where that
   * fails; `atomic` fields are the entry's own, not copies.
   */
  readonly value: V;
  /** `ticks()` of the last packet, the low 32 bits */
  readonly seen: u32;
  /** The flow may idle longer, and does not give way to new ones. */
  readonly established: boolean;
  /** Stores the time, so that the entry does not age. */
  touch(): void;
  /** Marks the flow as established, or no longer (`false`); false where it is gone or was changed since it was looked up. */
  establish(established?: boolean): boolean;
  /**
   * Stores fields, all at once: another CPU sees all of them or none.
   * @returns false where the flow is gone or was changed since it was looked up, or another CPU works on this part of the
   *   table: nothing was stored
   */
  update(fields: Partial<Init<V>>, options?: FlowOptions): boolean;
  /** Takes the flow out; false where it is gone or was changed since it was looked up. */
  delete(): boolean;
}
export interface FlowOptions {
  /** a build-time value */
  readonly established?: boolean;
}

/** What `add` gives: the entry, new or found; or why there is none, which must be handled. */
export type FlowAdded<V> =
  | { readonly outcome: typeof FlowTable.New; readonly entry: FlowCopy<V> }
  | { readonly outcome: typeof FlowTable.Hit; readonly entry: FlowCopy<V> }
  | { readonly outcome: typeof FlowTable.Busy; readonly entry: undefined }
  | { readonly outcome: typeof FlowTable.Full; readonly entry: undefined };

export interface FlowTable<K, V> {
  readonly "~kv"?: [K, V];
  /** The flow's entry, or undefined where there is none, or it has idled too long. */
  get(key: KeyInit<K>): FlowCopy<V> | undefined;
  /** The flow's entry, made with `value` where there is none. */
  add(key: KeyInit<K>, value: Init<V>, options?: FlowOptions): FlowAdded<V>;
}

export interface FlowTableOptions {
  /**
   * the flows that it holds without loss, 1 … 4,194,304. Twice as many slots are made, rounded up to a power of two: 65,536
   * flows of 64 bytes take 8.25 MiB. More fit while the sets of their keys have room.
   */
  maxEntries: number;
  /** how long a flow may idle, in nanoseconds (1 ms … 24 days): not established, established. Rounded up to ticks. */
  idle: { fresh: bigint; established: bigint };
  /**
   * Each CPU has a part of the slots for itself (one of as many as there are CPUs), without locks: for state of flows whose
   * packets all come to one CPU.
   */
  perCpu?: boolean;
  /** where established flows fill both sets of a new one's key, the oldest of them gives way; else `add` says Full */
  evictEstablished?: boolean;
  /** One table for the whole pipeline (the default), or one for each target. */
  scope?: "target" | "pipeline";
  /** joins tables of several pipelines under this name */
  shared?: string;
}

/** What a kernel's table begins with is random; Node's is not, so that tests repeat. */
export const NODE_SEED = 0x243f_6a88_85a3_08d3n;

interface Table {
  readonly memory: FlowMemory;
  readonly value: StructShape;
}

class NodeFlowTable<K, V> implements FlowTable<K, V> {
  readonly #make: () => FlowMemory;
  readonly #key: Shape;
  readonly #shape: StructShape;
  readonly #schema: Storable<V>;
  #memory: FlowMemory | undefined;

  constructor(make: () => FlowMemory, key: Shape, shape: StructShape, schema: Storable<V>) {
    this.#make = make;
    this.#key = key;
    this.#shape = shape;
    this.#schema = schema;
  }
  get memory(): FlowMemory {
    this.#memory ??= this.#make();
    return this.#memory;
  }
  get(key: KeyInit<K>): FlowCopy<V> | undefined {
    const slot = this.memory.find(this.#words(key), now());
    return slot === undefined ? undefined : this.#entry(slot);
  }
  add(key: KeyInit<K>, value: Init<V>, options: FlowOptions = {}): FlowAdded<V> {
    const stored = encode(this.#shape, value, "value");
    const { outcome, slot } = this.memory.add(this.#words(key), stored, options.established ?? false, now());
    return added(outcome, () => this.#entry(slot));
  }
  #words(key: unknown): Uint8Array {
    const words = new Uint8Array(this.memory.geometry.keyWords * 8);
    words.set(encode(this.#key, key, "key"));
    return words;
  }
  #entry(slot: number): FlowCopy<V> {
    return new NodeEntry(new Copy({ memory: this.memory, value: this.#shape }, slot, now()), this.#schema);
  }
}

function now(): number {
  return Number(ticks() & 0xffff_ffffn);
}

function added<V>(outcome: Outcome, entry: () => FlowCopy<V>): FlowAdded<V> {
  switch (outcome) {
    case "new":
      return { outcome: FlowTable.New, entry: entry() };
    case "hit":
      return { outcome: FlowTable.Hit, entry: entry() };
    case "busy":
      return { outcome: FlowTable.Busy, entry: undefined };
    case "full":
      return { outcome: FlowTable.Full, entry: undefined };
  }
}

/** The copy of one entry: reads are of the copy, writes go through, atomic fields are the slot's own. */
class Copy implements Memory {
  readonly wraps = true;
  readonly bytes: Uint8Array;
  readonly seen: number;
  readonly #table: Table;
  readonly #slot: number;
  readonly #now: number;
  readonly #live: Uint8Array;
  #control: bigint;

  constructor(table: Table, slot: number, at: number) {
    this.#table = table;
    this.#slot = slot;
    this.#now = at;
    this.#live = table.memory.value(slot, table.value.size);
    this.#control = table.memory.control(slot);
    this.bytes = this.#live.slice();
    this.seen = table.memory.seen(slot);
    const { seen, value } = table.memory.geometry;
    if (seen > value) this.bytes.fill(0, seen - value, seen - value + 4);
  }
  get established(): boolean {
    return (this.#control & CONTROL.established) !== 0n;
  }
  read(offset: number, scalar: Scalar): bigint {
    return readScalar(isAtomic(this.#table.value, offset) ? this.#live : this.bytes, offset, scalar);
  }
  write(offset: number, scalar: Scalar, value: bigint): void {
    if (isAtomic(this.#table.value, offset)) writeScalar(this.#live, offset, scalar, value);
    else this.change(undefined, bytes => writeScalar(bytes, offset, scalar, value));
  }
  touch(): void {
    this.#table.memory.touch(this.#slot, this.#now);
  }
  flag(established: boolean): boolean {
    return this.#exchange(marked(this.#control, CONTROL.established, established));
  }
  delete(): boolean {
    if (!this.#exchange(marked(this.#control, CONTROL.live, false))) return false;
    this.#table.memory.release(this.#slot);
    this.#control = GONE;
    return true;
  }
  /** Stores what `set` makes of the value, but for its atomic fields; false where the flow is not as it was. */
  change(established: boolean | undefined, set: (bytes: Uint8Array) => void): boolean {
    const next = this.bytes.slice();
    set(next);
    const flags = established === undefined ? this.#control : marked(this.#control, CONTROL.established, established);
    if (!this.#exchange(flags + CONTROL.version)) return false;
    for (let i = 0; i < next.length; i++) {
      if (next[i] === this.bytes[i]) continue;
      this.bytes[i] = next[i] ?? 0;
      if (!isAtomic(this.#table.value, i)) this.#live[i] = next[i] ?? 0;
    }
    return true;
  }
  #exchange(next: bigint): boolean {
    if (!this.#table.memory.exchange(this.#slot, this.#control, next)) return false;
    this.#control = next;
    return true;
  }
}

/** A control word that no slot ever has: what was deleted through a copy cannot be changed through it. */
const GONE = 0xffff_ffff_ffff_fffbn;

function marked(control: bigint, flag: bigint, on: boolean): bigint {
  return on ? control | flag : control & ~flag;
}

/** Whether a byte of a struct belongs to an atomic field. */
function isAtomic(shape: Shape, offset: number): boolean {
  switch (shape.kind) {
    case "atomic":
      return true;
    case "array":
      return isAtomic(shape.of, offset % sizeOf(shape.of));
    case "struct":
      return shape.fields.some(
        field => offset >= field.offset && offset < field.offset + sizeOf(field.shape) && isAtomic(field.shape, offset - field.offset),
      );
    default:
      return false;
  }
}

class NodeEntry<V> implements FlowCopy<V> {
  readonly value: V;
  readonly seen: u32;
  readonly #copy: Copy;
  readonly #shape: Shape;

  constructor(copy: Copy, schema: Storable<V>) {
    this.#copy = copy;
    this.#shape = shapeOfSchema(schema, "the value of a flow table");
    this.value = load(schema, copy, 0);
    this.seen = copy.seen;
  }
  get established(): boolean {
    return this.#copy.established;
  }
  touch(): void {
    this.#copy.touch();
  }
  establish(established = true): boolean {
    return this.#copy.flag(established);
  }
  update(fields: Partial<Init<V>>, options: FlowOptions = {}): boolean {
    return this.#copy.change(options.established, bytes => storeGivenFields(new PlainMemory(bytes), this.#shape, fields, "update"));
  }
  delete(): boolean {
    return this.#copy.delete();
  }
}

/**
 * A table of flows, or of anything that comes and goes by key: a lookup costs a third of a hash map's, and who gives way
 * when it is full is known, the same in Node and in the kernel. Entries never move; `get` gives a copy of one moment.
 * @param key a struct of at most 40 bytes; 16 suit IPv4, 40 IPv6
 * @param value a struct; key and value and 12 bytes make a slot of 32, 64, 128 or 256
 * @throws RangeError, TypeError where the key, the value or an option is out of range
 * @example
 * class Key extends struct({ low: net(u32), high: net(u32), ports: u32, protocol: u32 }) {}
 * class State extends struct({ state: u8, packets: atomic(u64) }) {}
 * readonly flows = flowTable(Key, State, { maxEntries: 65_536, idle: { fresh: 60n * SECOND, established: 7200n * SECOND } });
 */
export function flowTable<K, V>(key: Storable<K>, value: Storable<V>, options: FlowTableOptions): FlowTable<K, V> {
  const keyShape = shapeOfSchema(key, "the key of flowTable(…)");
  const valueShape = shapeOfSchema(value, "the value of flowTable(…)");
  geometryOf(keyShape, valueShape, options);
  if (valueShape.kind !== "struct") throw new TypeError("flowTable: the value must be a class made by struct(…)");
  // A struct may get more fields while the pipeline is built: where everything lies is known when someone asks.
  const geometry = (): FlowGeometry => geometryOf(keyShape, valueShape, options);
  const make = (): FlowMemory => {
    const known = geometry();
    const [fresh, established] = known.idle;
    return new FlowMemory(known, NODE_SEED, [idleTicks(fresh, DEFAULT_HZ), idleTicks(established, DEFAULT_HZ)]);
  };
  const live = new NodeFlowTable<K, V>(make, keyShape, valueShape, value);
  const contents = () => live.memory.contents(sizeOf(keyShape), valueShape.size);
  return describe(live, {
    what: "map",
    kind: "flowTable",
    key: keyShape,
    value: valueShape,
    maxEntries: options.maxEntries,
    scope: options.scope ?? "pipeline",
    shared: options.shared,
    expires: undefined,
    capture: 0,
    get flow() {
      return geometry();
    },
    slots: contents,
    *entries() {
      for (const [, slot] of contents()) if (slot.live) yield [slot.key, slot.value] as const;
    },
  });
}

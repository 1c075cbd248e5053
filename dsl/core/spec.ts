/**
 * What the compiler needs to know of a live map, param or schema. Each such object carries its spec under a symbol,
 * so that user code never sees it and the compiler never guesses.
 */
import type { Shape } from "./shape.js";

export type MapKind =
  | "hash"
  | "lruHash"
  | "perCpuHash"
  | "perCpuLruHash"
  | "lpmTrie"
  | "prefixTable"
  | "array"
  | "perCpuArray"
  | "devMap"
  | "ring"
  | "counter"
  | "scratch"
  | "flowTable";

/**
 * How a flow table lies in memory: one value of an array map, `size` bytes. First a line with the seed (u64), the two idle
 * times in ticks (u32 each: not established, established) and the shift of the CPUs (u32); then a line with a lock for
 * each region, the hints of each set (eight fingerprints of 16 bits), and the slots.
 */
export interface FlowGeometry {
  /** 2^setBits sets of eight slots */
  readonly setBits: number;
  /** 2^regionBits sets share a lock; both sets of a key lie in one region */
  readonly regionBits: number;
  /** u64 words of the key, the last one zero padded */
  readonly keyWords: number;
  /** bytes from a slot's first: version and flags (u64), the time of the last packet (u32), the value */
  readonly control: number;
  readonly seen: number;
  readonly value: number;
  /** bytes of a slot: 64, 128 or 256 */
  readonly slotBytes: number;
  /** bytes from the table's first */
  readonly locksAt: number;
  readonly hintsAt: number;
  readonly slotsAt: number;
  readonly size: number;
  /** each CPU has sets of its own */
  readonly perCpu: boolean;
  /** a full pair of sets lets its oldest established flow go */
  readonly evictEstablished: boolean;
  /** nanoseconds that a flow may idle, as decimal text: not established, established */
  readonly idle: readonly [fresh: string, established: string];
}

/** A state of a flow, as user space is told of it. */
export interface FlowState {
  readonly name: string;
  /** seconds without a packet after which the entry is gone */
  readonly timeout: number;
}

export interface MapSpec {
  readonly what: "map";
  readonly kind: MapKind;
  readonly key: Shape | undefined;
  /** rings: the event; counters: a struct of packets and bytes (u64 both) */
  readonly value: Shape | undefined;
  readonly maxEntries: number;
  readonly scope: "pipeline" | "target";
  readonly shared: string | undefined;
  readonly expires: { readonly field: string; readonly after: bigint } | undefined;
  /** arrays: user space makes them from this map of prefixes; users see that one alone */
  readonly madeFrom?: object;
  /** tables of flows: what the number in an entry's `state` stands for; its `seen` is in ticks */
  readonly states?: readonly FlowState[];
  /** rings: the most bytes of packet that `emit` may capture, 0 for none */
  readonly capture: number;
  /** flow tables: where everything is */
  readonly flow?: FlowGeometry;
  /** flow tables: every slot that was ever used, see `SlotContent` */
  slots?(): Iterable<readonly [slot: number, content: SlotContent]>;
  /** what the live map holds now, as stored bytes; read when the build is done */
  entries(): Iterable<readonly [key: Uint8Array, value: Uint8Array]>;
}

/** What a slot of a flow table holds; versions, which tell changes apart, are left out. */
export interface SlotContent {
  readonly key: Uint8Array;
  readonly live: boolean;
  readonly established: boolean;
  readonly seen: number;
  readonly fingerprint: number;
  readonly value: Uint8Array;
}

export interface VariableSpec {
  readonly what: "param" | "setting";
  readonly shape: Shape;
  readonly initial: bigint;
  readonly min: bigint;
  readonly max: bigint;
}

export interface TargetSpec {
  readonly what: "target";
  readonly name: "address" | "address6" | "gateway" | "mac" | "ifindex" | "mtu" | "ticksPerSecond";
  readonly shape: Shape;
  /** what it can be; the whole width where left out */
  readonly range?: { readonly min: bigint; readonly max: bigint };
  /** what it is where nobody fills it in; 0 where left out */
  readonly initial?: bigint;
}

export type Spec = MapSpec | VariableSpec | TargetSpec;

const specs = new WeakMap<object, Spec>();
const shapes = new WeakMap<object, Shape>();
const classes = new WeakMap<Shape, new () => object>();

export function describe<T extends object>(live: T, spec: Spec): T {
  specs.set(live, spec);
  return live;
}
export function specOf(live: object): Spec | undefined {
  return specs.get(live);
}

/** Gives a schema (an integer function, a struct class, a field schema) its shape. */
export function shaped<T extends object>(schema: T, shape: Shape): T {
  shapes.set(schema, shape);
  if (isClass(schema)) classes.set(shape, schema);
  return schema;
}
function isClass(schema: object): schema is new () => object {
  return typeof schema === "function" && typeof schema.prototype === "object";
}
/** The class whose shape this is; for structs and headers inside others, whose getters a program may call. */
export function classOf(shape: Shape): (new () => object) | undefined {
  return classes.get(shape);
}
/** The shape of a schema; a class that extends one made by `struct` or `header` has its parent's, under its own name. */
export function shapeOf(schema: object): Shape | undefined {
  for (let at: object | null = schema; at; at = Object.getPrototypeOf(at)) {
    const shape = shapes.get(at);
    if (!shape) continue;
    if (at === schema || (shape.kind !== "struct" && shape.kind !== "header") || typeof schema !== "function") return shape;
    const named: Shape = { ...shape, name: schema.name || shape.name };
    shapes.set(schema, named);
    if (isClass(schema)) classes.set(named, schema);
    return named;
  }
  return undefined;
}

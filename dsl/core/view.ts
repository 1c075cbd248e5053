/**
 * Live views: objects whose properties read and write a `Memory` at an offset. A struct's or header's class is a
 * subclass of `View` with an accessor for each field; overlays and flags are views of a class made for their shape.
 */

import { ArrayView } from "./array.js";
import { AtomicView } from "./atomic.js";
import { type Memory, readScalar, writeScalar } from "./memory.js";
import type { Storable, ViewClass } from "./schema.js";
import type { ArrayShape, Field, FlagsShape, Scalar, Shape } from "./shape.js";
import { bitsOf, sizeOf } from "./shape.js";
import { classOf, shapeOf } from "./spec.js";

/** Bytes that belong to nobody else: `new Flow()`, the parts of a test packet. */
export class PlainMemory implements Memory {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  read(offset: number, scalar: Scalar): bigint {
    return readScalar(this.bytes, offset, scalar);
  }
  write(offset: number, scalar: Scalar, value: bigint): void {
    writeScalar(this.bytes, offset, scalar, value);
  }
}

/** Where a view lies. */
export interface Place {
  readonly memory: Memory;
  readonly base: number;
}

let binding: Place | undefined;

/** The base of all live views. Its own state is private: a field may have any name. */
export class View {
  readonly #memory: Memory;
  readonly #base: number;

  constructor() {
    const shape = shapeOf(new.target);
    this.#memory = binding?.memory ?? new PlainMemory(new Uint8Array(shape ? sizeOf(shape) : 0));
    this.#base = binding?.base ?? 0;
    binding = undefined;
  }

  static placeOf(view: object): Place | undefined {
    return #memory in view ? { memory: view.#memory, base: view.#base } : undefined;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): unknown {
    return plain(this);
  }
}

/** A view of `viewClass` at `base` of `memory`. */
export function bind<V>(viewClass: new () => V, memory: Memory, base: number): V {
  binding = { memory, base };
  try {
    return new viewClass();
  } finally {
    binding = undefined;
  }
}

/** Gives `made` an accessor for each field. */
export function install(made: typeof View, fields: readonly Field[]): void {
  for (const field of fields) {
    Object.defineProperty(made.prototype, field.name, {
      configurable: true,
      enumerable: true,
      get(this: View) {
        return loadField(here(this), field);
      },
      set(this: View, value: unknown) {
        storeField(here(this), field, value, `${this.constructor.name}.${field.name}`);
      },
    });
  }
}

function here(view: View): Place {
  const place = View.placeOf(view);
  if (!place) throw new TypeError("a field was read from a class, not from a view");
  return place;
}

const byte: Scalar = { bytes: 1, order: "network", shift: 0, width: 8 };

/** Bit fields go byte by byte: a field of three bytes at the end of a packet must not touch a fourth. */
function readBits(memory: Memory, offset: number, bit: number, width: number): bigint {
  const count = Math.ceil((bit + width) / 8);
  let whole = 0n;
  for (let i = 0; i < count; i++) whole = (whole << 8n) | memory.read(offset + i, byte);
  return (whole >> BigInt(count * 8 - bit - width)) & ((1n << BigInt(width)) - 1n);
}
function writeBits(memory: Memory, offset: number, bit: number, width: number, value: bigint): void {
  const count = Math.ceil((bit + width) / 8);
  const shift = BigInt(count * 8 - bit - width);
  const mask = ((1n << BigInt(width)) - 1n) << shift;
  let whole = 0n;
  for (let i = 0; i < count; i++) whole = (whole << 8n) | memory.read(offset + i, byte);
  whole = (whole & ~mask) | (value << shift);
  for (let i = count - 1; i >= 0; i--) {
    memory.write(offset + i, byte, whole & 0xffn);
    whole >>= 8n;
  }
}

/** The scalar that a whole integer is stored as. */
export function scalarOf(shape: Shape & { readonly kind: "int" | "bool" | "atomic" }): Scalar {
  const bytes = shape.kind === "bool" ? 1 : bytesOf(shape.bits);
  return { bytes, order: shape.kind === "int" ? shape.order : "host", shift: 0, width: bytes * 8 };
}
function bytesOf(width: 8 | 16 | 32 | 48 | 64 | 128): Scalar["bytes"] {
  switch (width) {
    case 8:
      return 1;
    case 16:
      return 2;
    case 32:
      return 4;
    case 48:
      return 6;
    case 64:
      return 8;
    case 128:
      return 16;
  }
}

/** A field's value: a number, bigint or boolean, or a live view of what is inside. */
export function loadField(place: Place, field: Field): unknown {
  const { memory } = place;
  const offset = place.base + field.offset;
  const { shape } = field;
  switch (shape.kind) {
    case "bits":
      return Number(readBits(memory, offset, field.bit, shape.width));
    case "flag":
      return readBits(memory, offset, field.bit, 1) === 1n;
    case "flags":
      return bind(flagsClass(shape, field.bit), memory, offset);
    default:
      return loadShape(memory, offset, shape);
  }
}

function loadShape(memory: Memory, offset: number, shape: Shape): unknown {
  switch (shape.kind) {
    case "int": {
      const stored = memory.read(offset, scalarOf(shape));
      return shape.bits > 48 ? stored : Number(stored);
    }
    case "bool":
      return memory.read(offset, scalarOf(shape)) !== 0n;
    case "atomic":
      return new AtomicView(memory, offset, shape);
    case "array":
      return arrayAt(memory, offset, shape);
    case "overlay":
      return bind(viewClass(shape, shape.views), memory, offset);
    case "struct":
    case "header":
      return bind(classOf(shape) ?? viewClass(shape, shape.fields), memory, offset);
    case "bits":
    case "flag":
    case "flags":
      return loadField({ memory, base: offset }, { name: shape.kind, shape, offset: 0, bit: 0 });
  }
}

function arrayAt(memory: Memory, offset: number, shape: ArrayShape): ArrayView {
  const stride = sizeOf(shape.of);
  return new ArrayView(
    shape.length,
    index => loadShape(memory, offset + index * stride, shape.of),
    (index, value) => storeShape(memory, offset + index * stride, shape.of, value, `[${index}]`),
  ).indexed();
}

/** What is stored at `offset`, in the type of the schema: a scalar's value, or a live view. */
export function load<V>(schema: Storable<V>, memory: Memory, offset: number): V;
export function load(schema: object, memory: Memory, offset: number): unknown {
  if (typeof schema === "function" && isViewClass(schema)) return bind(schema, memory, offset);
  const shape = shapeOf(schema);
  if (!shape) throw new TypeError("not a schema");
  return loadShape(memory, offset, shape);
}
function isViewClass(candidate: unknown): candidate is ViewClass<object> {
  return typeof candidate === "function" && candidate.prototype instanceof View;
}

/** Stores a scalar, or all fields of a literal (what it leaves out becomes zero). */
export function storeShape(memory: Memory, offset: number, shape: Shape, value: unknown, what: string): void {
  storeField({ memory, base: offset }, { name: what, shape, offset: 0, bit: 0 }, value, what);
}

function storeField(place: Place, field: Field, value: unknown, what: string): void {
  const { memory } = place;
  const offset = place.base + field.offset;
  const { shape } = field;
  switch (shape.kind) {
    case "int":
      memory.write(offset, scalarOf(shape), unsigned(value, shape.bits, what, memory.wraps === true));
      return;
    case "bool":
      memory.write(offset, scalarOf(shape), truth(value, what));
      return;
    case "bits":
      writeBits(memory, offset, field.bit, shape.width, unsigned(value, shape.width, what, false));
      return;
    case "flag":
      writeBits(memory, offset, field.bit, 1, truth(value, what));
      return;
    case "flags":
      if (typeof value === "number") writeBits(memory, offset, field.bit, bitsOf(shape), unsigned(value, bitsOf(shape), what, false));
      else if (isFlags(value)) writeBits(memory, offset, field.bit, bitsOf(shape), BigInt(value.value));
      else storeNamed(memory, offset, flagsOf(shape, field.bit), value, what);
      return;
    case "atomic":
      memory.write(offset, scalarOf(shape), unsigned(value instanceof AtomicView ? value.load() : (value ?? 0n), shape.bits, what, true));
      return;
    case "array": {
      const elements: unknown[] = value === undefined ? [] : isIterable(value) ? [...value] : fail(what, "an array");
      if (elements.length > shape.length) throw new RangeError(`${what}: ${elements.length} elements do not fit into ${shape.length}`);
      const stride = sizeOf(shape.of);
      for (let i = 0; i < shape.length; i++) {
        if (i < elements.length) storeShape(memory, offset + i * stride, shape.of, elements[i], `${what}[${i}]`);
        else clear(memory, offset + i * stride, stride);
      }
      return;
    }
    case "overlay":
      clear(memory, offset, shape.size);
      storeGiven(memory, offset, shape.views, value, what);
      return;
    case "struct":
    case "header":
      clear(memory, offset, shape.size);
      storeNamed(memory, offset, shape.fields, value, what);
      return;
  }
}

/** A literal for a struct: every field, those left out as zero. */
function storeNamed(memory: Memory, offset: number, fields: readonly Field[], value: unknown, what: string): void {
  storeGiven(memory, offset, fields, value, what);
}
function storeGiven(memory: Memory, offset: number, fields: readonly Field[], value: unknown, what: string): void {
  if (value === undefined) return;
  if (typeof value !== "object" || value === null) fail(what, "an object with the fields");
  for (const field of fields) {
    const given: unknown = Reflect.get(value, field.name);
    if (given !== undefined) storeField({ memory, base: offset }, field, given, `${what}.${field.name}`);
  }
}
/** Stores the fields that a literal gives and leaves the others alone. */
export function storeGivenFields(memory: Memory, shape: Shape, value: unknown, what: string): void {
  if (shape.kind === "struct" || shape.kind === "header") storeGiven(memory, 0, shape.fields, value, what);
}
function clear(memory: Memory, offset: number, count: number): void {
  for (let i = 0; i < count; i++) memory.write(offset + i, byte, 0n);
}

function fail(what: string, expected: string): never {
  throw new TypeError(`${what}: expected ${expected}`);
}
function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}
function isFlags(value: unknown): value is { readonly value: number } {
  return typeof value === "object" && value !== null && "value" in value && typeof value.value === "number";
}
function truth(value: unknown, what: string): bigint {
  if (typeof value !== "boolean") return fail(what, "true or false");
  return value ? 1n : 0n;
}

/**
 * The stored form of a value, which must fit. Where memory is shared, `field += n` is an atomic add and wraps; Node
 * sees only the sum, so one that is less than twice the range is taken as wrapped.
 */
export function unsigned(value: unknown, width: number, what: string, wraps: boolean): bigint {
  if (typeof value !== "number" && typeof value !== "bigint") return fail(what, width > 48 ? "a bigint" : "a number");
  if (typeof value === "number" && !Number.isInteger(value)) throw new RangeError(`${what} = ${value}: not an integer`);
  const whole = BigInt(value);
  const limit = 1n << BigInt(width);
  if (whole >= 0n && whole < limit) return whole;
  if (wraps && (width === 32 || width === 64) && whole >= limit && whole < limit << 1n) return whole - limit;
  throw new RangeError(`${what} = ${value}: outside 0 … ${limit - 1n} (${width} bits); wrap it or test it first`);
}

/** Stored bytes as a value that people and comparisons read: scalars, and plain objects of them. */
export function decode(shape: Shape, bytes: Uint8Array): unknown {
  return plain(loadShape(new PlainMemory(bytes), 0, shape));
}

/** The bytes of a scalar or of a literal, padding zero. */
export function encode(shape: Shape, value: unknown, what: string): Uint8Array {
  const bytes = new Uint8Array(sizeOf(shape));
  storeShape(new PlainMemory(bytes), 0, shape, value, what);
  return bytes;
}

const flagClasses = new WeakMap<FlagsShape, Map<number, typeof View>>();
function flagsOf(shape: FlagsShape, bit: number): Field[] {
  const fields: Field[] = shape.names.map((name, i) => ({ name, shape: { kind: "flag" }, offset: (bit + i) >> 3, bit: (bit + i) & 7 }));
  fields.push({ name: "value", shape: { kind: "bits", width: shape.names.length }, offset: 0, bit });
  return fields;
}
function flagsClass(shape: FlagsShape, bit: number): typeof View {
  const known = flagClasses.get(shape) ?? new Map<number, typeof View>();
  flagClasses.set(shape, known);
  let made = known.get(bit);
  if (!made) {
    made = class Flags extends View {};
    install(made, flagsOf(shape, bit));
    known.set(bit, made);
  }
  return made;
}

const viewClasses = new WeakMap<Shape, typeof View>();
/** A class for a shape that no user's class stands behind: an overlay, a trie's prefix. */
function viewClass(shape: Shape, fields: readonly Field[]): typeof View {
  let made = viewClasses.get(shape);
  if (!made) {
    made = class Part extends View {};
    install(made, fields);
    viewClasses.set(shape, made);
  }
  return made;
}

/** A view's fields as a plain object, for people and for comparing. */
export function plain(value: unknown): unknown {
  if (value instanceof AtomicView) return value.load();
  if (value instanceof ArrayView) return [...value].map(plain);
  if (!(value instanceof View)) return value;
  const fields: Record<string, unknown> = {};
  for (let proto: object | null = Object.getPrototypeOf(value); proto && proto !== View.prototype; proto = Object.getPrototypeOf(proto)) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(proto))) {
      if (property.enumerable && !(name in fields)) fields[name] = plain(Reflect.get(value, name));
    }
  }
  return fields;
}

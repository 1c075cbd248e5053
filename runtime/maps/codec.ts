/**
 * Stored bytes to JavaScript values and back, by shape: integers of up to 48 bits are numbers, wider ones bigints,
 * structs plain objects, arrays arrays.
 */
import type { Field, Shape } from "../../dsl/core/shape.js";

export type Value = number | bigint | boolean | readonly Value[] | { readonly [field: string]: Value };

/** A value that does not fit its shape; `path` says where. */
export class CodecError extends Error {
  override readonly name = "CodecError";
}

/** Bytes that a value of the shape takes. */
export function sizeOf(shape: Shape): number {
  switch (shape.kind) {
    case "int":
    case "atomic":
      return shape.bits / 8;
    case "bool":
      return 1;
    case "array":
      return sizeOf(shape.of) * shape.length;
    case "overlay":
    case "struct":
    case "header":
      return shape.size;
    case "bits":
      return Math.ceil(shape.width / 8);
    case "flag":
      return 1;
    case "flags":
      return Math.ceil(shape.names.length / 8);
  }
}

/** Reads a value of a shape. */
export function decode(shape: Shape, bytes: Uint8Array): Value {
  return read(shape, bytes, 0, 0);
}

/**
 * Writes a value into new, zeroed bytes.
 * @throws {CodecError} where a field is missing, of the wrong type or too large for its width
 */
export function encode(shape: Shape, value: unknown, what = "value"): Uint8Array {
  const bytes = new Uint8Array(sizeOf(shape));
  write(shape, bytes, 0, 0, value, what);
  return bytes;
}

function read(shape: Shape, bytes: Uint8Array, offset: number, bit: number): Value {
  switch (shape.kind) {
    case "int":
      return number(readInteger(bytes, offset, shape.bits / 8, shape.order === "network"), shape.bits);
    case "atomic":
      return number(readInteger(bytes, offset, shape.bits / 8, false), shape.bits);
    case "bool":
      return bytes[offset] !== 0;
    case "bits":
      return number(readBits(bytes, offset, bit, shape.width), shape.width);
    case "flag":
      return readBits(bytes, offset, bit, 1) === 1n;
    case "flags":
      return Object.fromEntries(shape.names.map((name, i) => [name, readBits(bytes, offset, bit + i, 1) === 1n]));
    case "array": {
      const size = sizeOf(shape.of);
      return Array.from({ length: shape.length }, (_, i) => read(shape.of, bytes, offset + i * size, 0));
    }
    case "overlay":
      return readFields(shape.views, bytes, offset);
    case "struct":
    case "header":
      return readFields(shape.fields, bytes, offset);
  }
}

function readFields(fields: readonly Field[], bytes: Uint8Array, offset: number): { readonly [field: string]: Value } {
  const entries = fields.map(field => [field.name, read(field.shape, bytes, offset + field.offset, field.bit)] as const);
  return Object.fromEntries(entries);
}

function number(value: bigint, bits: number): number | bigint {
  return bits > 48 ? value : Number(value);
}

function write(shape: Shape, bytes: Uint8Array, offset: number, bit: number, value: unknown, what: string): void {
  switch (shape.kind) {
    case "int":
      writeInteger(bytes, offset, shape.bits / 8, shape.order === "network", integer(value, shape.bits, what));
      return;
    case "atomic":
      writeInteger(bytes, offset, shape.bits / 8, false, integer(value, shape.bits, what));
      return;
    case "bool":
      bytes[offset] = truth(value, what) ? 1 : 0;
      return;
    case "bits":
      writeBits(bytes, offset, bit, shape.width, integer(value, shape.width, what));
      return;
    case "flag":
      writeBits(bytes, offset, bit, 1, truth(value, what) ? 1n : 0n);
      return;
    case "flags":
      for (const [i, name] of shape.names.entries()) {
        const one = fieldOf(value, name);
        if (one !== undefined) writeBits(bytes, offset, bit + i, 1, truth(one, `${what}.${name}`) ? 1n : 0n);
      }
      return;
    case "array":
      writeArray(shape.of, shape.length, bytes, offset, value, what);
      return;
    case "overlay":
      // Several readings of the same bytes: the ones that are given are written, in order.
      for (const view of shape.views) {
        const one = fieldOf(value, view.name);
        if (one !== undefined) write(view.shape, bytes, offset + view.offset, view.bit, one, `${what}.${view.name}`);
      }
      return;
    case "struct":
    case "header":
      writeFields(shape.fields, bytes, offset, value, what);
      return;
  }
}

function writeFields(fields: readonly Field[], bytes: Uint8Array, offset: number, value: unknown, what: string): void {
  if (typeof value !== "object" || value === null) throw new CodecError(`${what} must be an object; it is ${show(value)}`);
  for (const { name, shape, offset: at, bit } of fields) {
    const one = fieldOf(value, name);
    if (one !== undefined) write(shape, bytes, offset + at, bit, one, `${what}.${name}`);
    else if (!mayBeLeftOut(shape)) throw new CodecError(`${what} lacks ${name}`);
  }
  for (const name of Object.keys(value)) {
    if (!fields.some(field => field.name === name)) {
      throw new CodecError(`${what} has no field ${name}; its fields are ${fields.map(field => field.name).join(", ")}`);
    }
  }
}

/** What is not a scalar begins all zero. */
function mayBeLeftOut(shape: Shape): boolean {
  return !["int", "bool", "bits", "flag"].includes(shape.kind);
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.hasOwn(value, name) || name in value ? Reflect.get(value, name) : undefined;
}

function writeArray(of: Shape, length: number, bytes: Uint8Array, offset: number, value: unknown, what: string): void {
  const entries = isIterable(value) ? [...value] : undefined;
  if (!entries || entries.length !== length) throw new CodecError(`${what} must be a list of ${length}; it is ${show(value)}`);
  const size = sizeOf(of);
  for (const [i, entry] of entries.entries()) write(of, bytes, offset + i * size, 0, entry, `${what}[${i}]`);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function truth(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") throw new CodecError(`${what} must be true or false; it is ${show(value)}`);
  return value;
}

function integer(value: unknown, bits: number, what: string): bigint {
  const whole = typeof value === "bigint" ? value : typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (whole === undefined) throw new CodecError(`${what} must be an integer; it is ${show(value)}`);
  if (whole < 0n || whole >> BigInt(bits) !== 0n) throw new CodecError(`${what} must fit ${bits} bits; it is ${whole}`);
  return whole;
}

function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  return (JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? `${inner}n` : inner)) ?? String(value)).slice(0, 60);
}

function readInteger(bytes: Uint8Array, offset: number, size: number, network: boolean): bigint {
  let value = 0n;
  for (let i = 0; i < size; i++) value = (value << 8n) | BigInt(bytes[offset + (network ? i : size - 1 - i)] ?? 0);
  return value;
}

function writeInteger(bytes: Uint8Array, offset: number, size: number, network: boolean, value: bigint): void {
  let rest = value;
  for (let i = 0; i < size; i++) {
    bytes[offset + (network ? size - 1 - i : i)] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

/** `bit` counts from the most significant bit of the byte at `offset`. */
function readBits(bytes: Uint8Array, offset: number, bit: number, width: number): bigint {
  let value = 0n;
  for (let i = bit; i < bit + width; i++) value = (value << 1n) | BigInt(((bytes[offset + (i >> 3)] ?? 0) >> (7 - (i & 7))) & 1);
  return value;
}

function writeBits(bytes: Uint8Array, offset: number, bit: number, width: number, value: bigint): void {
  for (let i = 0; i < width; i++) {
    const at = offset + ((bit + i) >> 3);
    const mask = 0x80 >> ((bit + i) & 7);
    const set = (value >> BigInt(width - 1 - i)) & 1n;
    bytes[at] = set ? (bytes[at] ?? 0) | mask : (bytes[at] ?? 0) & ~mask;
  }
}

/** The sum of two values of a shape, field by field: what per-CPU slots add up to. Booleans are ored. */
export function add(shape: Shape, a: Value, b: Value): Value {
  if (typeof a === "boolean" || typeof b === "boolean") return Boolean(a) || Boolean(b);
  if (typeof a === "bigint" && typeof b === "bigint") return a + b;
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (Array.isArray(a) && Array.isArray(b) && shape.kind === "array") return a.map((one: Value, i) => add(shape.of, one, b[i] ?? 0));
  const fields = shape.kind === "struct" || shape.kind === "header" ? shape.fields : shape.kind === "overlay" ? shape.views : [];
  return Object.fromEntries(fields.map(field => [field.name, add(field.shape, part(a, field.name), part(b, field.name))]));
}

function part(value: Value, name: string): Value {
  if (typeof value !== "object" || Array.isArray(value) || !(name in value)) return 0;
  const found: unknown = Reflect.get(value, name);
  return isValue(found) ? found : 0;
}

function isValue(value: unknown): value is Value {
  return ["number", "bigint", "boolean", "object"].includes(typeof value) && value !== null;
}

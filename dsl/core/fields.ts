/** Schemas of fields that are not whole integers. */

import type { u32 } from "./integers.js";
import type { Atomic, AtomicInteger, Fields, FixedArray, Flags, Infer, IntSchema, Of, Schema } from "./schema.js";
import { alignOf, type Field, isBitSized, type Shape, sizeOf } from "./shape.js";
import { shaped, shapeOf } from "./spec.js";

function field(shape: Shape): { readonly size: number } {
  return shaped(Object.freeze({ size: sizeOf(shape) }), shape);
}

/** The shape of what must be a schema. */
export function shapeOfSchema(schema: object, what: string): Shape {
  const shape = shapeOf(schema);
  if (!shape)
    throw new TypeError(
      `${what} is no schema: expected u8 … u128, bits(n), flag, flags(…), array(…), overlay(…), atomic(…), or a class made by struct(…) or header(…)`,
    );
  return shape;
}

/** One byte, 0 or 1. */
export const bool: Schema<boolean> = field({ kind: "bool" });

/**
 * An unsigned run of bits, most significant first; neighbours share bytes.
 * @param width 1 … 32
 * @example header("Ipv4", { version: bits(4), ihl: bits(4) })
 */
export function bits(width: number): Schema<u32> {
  if (!Number.isInteger(width) || width < 1 || width > 32) throw new RangeError(`bits(${width}): the width must be 1 … 32`);
  return field({ kind: "bits", width });
}

/** One bit as a boolean. */
export const flag: Schema<boolean> = field({ kind: "flag" });

/**
 * Named single bits, most significant first; `.value` is the whole.
 * @param names 1 … 32 of them
 * @example flags("cwr", "ece", "urg", "ack", "psh", "rst", "syn", "fin")
 */
export function flags<const N extends readonly string[]>(...names: N): Schema<Flags<N[number]>> {
  if (names.length < 1 || names.length > 32) throw new RangeError(`flags(…) takes 1 … 32 names, not ${names.length}`);
  if (new Set(names).size !== names.length) throw new RangeError(`flags(…): a name stands twice in ${names.join(", ")}`);
  if (names.includes("value")) throw new RangeError('flags(…): "value" is the name of the whole');
  return field({ kind: "flags", names: [...names] });
}

/**
 * A fixed-size array inside a struct or header.
 * @param length 1 or more
 * @example array(u8, 16)
 */
export function array<S extends Schema<unknown>, const N extends number>(of: S, length: N): Schema<FixedArray<Infer<S>, N>> {
  const shape = shapeOfSchema(of, "the element of array(…)");
  if (isBitSized(shape)) throw new TypeError("array(…): an element is whole bytes; use array(u8, n) and masks, or flags(…)");
  if (!Number.isInteger(length) || length < 1) throw new RangeError(`array(…, ${length}): the length must be a whole number, 1 or more`);
  return field({ kind: "array", of: shape, length });
}

/**
 * Several readings of the same bytes; all begin at the same place.
 * @example overlay({ rest: u32, echo: Echo, mtu: NextHop })
 */
export function overlay<F extends Fields>(views: F): Schema<Of<F>> {
  const fields: Field[] = Object.entries(views).map(([name, schema]) => ({
    name,
    shape: shapeOfSchema(schema, `overlay(…).${name}`),
    offset: 0,
    bit: 0,
  }));
  if (fields.length === 0) throw new RangeError("overlay(…) needs at least one reading");
  const align = Math.max(...fields.map(each => alignOf(each.shape)));
  const size = Math.ceil(Math.max(...fields.map(each => sizeOf(each.shape))) / align) * align;
  return field({ kind: "overlay", views: fields, size, align });
}

/**
 * A field that several CPUs write.
 * @param schema u32 or u64
 * @example class Bucket extends struct({ arrival: atomic(u64) }) {}
 */
export function atomic<T extends AtomicInteger>(schema: IntSchema<T>): Schema<Atomic<T>> {
  const shape = shapeOfSchema(schema, "the integer of atomic(…)");
  if (shape.kind !== "int" || (shape.bits !== 32 && shape.bits !== 64) || shape.order !== "host")
    throw new TypeError("atomic(…) takes u32 or u64: no other width has atomic instructions");
  return field({ kind: "atomic", bits: shape.bits });
}

/** A struct that grows while a pipeline is built: several blocks put fields into one entry of a map. */
import { shapeOfSchema } from "./fields.js";
import type { Fields, ViewClass } from "./schema.js";
import { type Field, layOut, type Shape, type StructShape } from "./shape.js";
import { shaped } from "./spec.js";
import { install, View } from "./view.js";

/** A struct's schema, and how to put more into it. */
export interface OpenStruct<V> {
  readonly type: ViewClass<V>;
  /**
   * Lays one more field behind the others.
   * @throws RangeError where the name is taken
   */
  add(name: string, schema: object): void;
}

/**
 * A struct to which `add` puts fields as long as nothing was stored in it. Its shape is one object, so that maps made
 * with the schema before have the fields too.
 * @param name as the compiler's messages and the C have it
 * @param fields those that are there from the start
 * @example const entry = openStruct<Entry>("Entry", { seen: u32 });
 */
export function openStruct<V>(name: string, fields: Fields): OpenStruct<V>;
export function openStruct(name: string, fields: Fields): { readonly type: unknown; add(field: string, schema: object): void } {
  const entries: (readonly [name: string, shape: Shape])[] = [];
  const laidOut: Field[] = [];
  const shape: { -readonly [K in keyof StructShape]: StructShape[K] } = { kind: "struct", name, fields: laidOut, size: 0, align: 1 };
  const made = class Struct extends View {
    static get size(): number {
      return shape.size;
    }
  };
  Object.defineProperty(made, "name", { value: name });
  shaped(made, shape);
  const add = (field: string, schema: object): void => {
    if (entries.some(([taken]) => taken === field)) throw new RangeError(`${name} has a field "${field}" already`);
    entries.push([field, shapeOfSchema(schema, `${name}.${field}`)]);
    const { fields: all, size, align } = layOut(entries, false);
    laidOut.splice(0, laidOut.length, ...all);
    shape.size = size;
    shape.align = align;
    install(made, all.slice(-1));
  };
  for (const [field, schema] of Object.entries(fields)) add(field, schema);
  return { type: made, add };
}

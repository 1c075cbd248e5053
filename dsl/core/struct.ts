import { shapeOfSchema } from "./fields.js";
import type { Fields, StructClass } from "./schema.js";
import { layOut } from "./shape.js";
import { shaped } from "./spec.js";
import { install, View } from "./view.js";

/**
 * A struct for keys, values and events of maps: aligned as C does it, padding explicit and zero, host order but for
 * fields in `net(…)`. The class is schema, type and live view at once; getters of a subclass are inlined.
 * @throws RangeError where bit-sized fields do not fill whole bytes.
 * @example class Flow extends struct({ hits: u64, port: u16 }) {}
 */
export function struct<const F extends Fields>(fields: F): StructClass<F>;
export function struct(fields: Fields): unknown {
  const entries = Object.entries(fields).map(([name, schema]) => [name, shapeOfSchema(schema, `struct(…).${name}`)] as const);
  if (entries.length === 0) throw new RangeError("struct(…) needs at least one field");
  const layout = layOut(entries, false);
  const made = class Struct extends View {
    static readonly size = layout.size;
  };
  install(made, layout.fields);
  return shaped(made, { kind: "struct", name: "Struct", ...layout });
}

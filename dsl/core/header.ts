import { shapeOfSchema } from "./fields.js";
import { HeaderLayer } from "./layer.js";
import type { Fields, HeaderClass, Of } from "./schema.js";
import { layOut, type Shape } from "./shape.js";
import { shaped } from "./spec.js";
import { install, View } from "./view.js";

/** What `header` may be told beside the fields. */
export interface HeaderOptions<F extends Fields> {
  /** The run-time length in bytes, options included: datapath code. Left out, the header is as long as its fields. */
  readonly length?: (header: Of<F>) => number;
}

/**
 * A protocol header: packed, in network order. The class is layout, type and live view at once; getters of a subclass
 * are inlined.
 * @param name the protocol's name, for messages
 * @throws RangeError where bit-sized fields do not fill whole bytes.
 * @example class Gtp extends header("Gtp", { version: bits(3), rest: bits(5), type: u8, length: u16, tunnel: u32 }) {}
 */
export function header<const F extends Fields>(name: string, fields: F, options?: HeaderOptions<F>): HeaderClass<F>;
export function header(name: string, fields: Fields, options: { readonly length?: (header: never) => number } = {}): unknown {
  const entries = Object.entries(fields).map(
    ([field, schema]) => [field, networkOrder(shapeOfSchema(schema, `${name}.${field}`), `${name}.${field}`)] as const,
  );
  if (entries.length === 0) throw new RangeError(`header("${name}") needs at least one field`);
  const layout = layOut(entries, true);
  const made = class Header extends View {
    static readonly size = layout.size;
    static readonly title = name;
    static of(values: object = {}): HeaderLayer {
      return new HeaderLayer(Header, values);
    }
  };
  install(made, layout.fields);
  return shaped(made, { kind: "header", name, fields: layout.fields, size: layout.size, align: 1, length: options.length });
}

/** Everything in a header is in network order and packed, whatever the schema says elsewhere. */
function networkOrder(shape: Shape, what: string): Shape {
  switch (shape.kind) {
    case "int":
      return { ...shape, order: "network" };
    case "array":
      return { ...shape, of: networkOrder(shape.of, what) };
    case "overlay": {
      const views = shape.views.map(view => ({ ...view, shape: networkOrder(view.shape, `${what}.${view.name}`) }));
      const size = Math.max(...views.map(view => packedSize(view.shape)));
      return { kind: "overlay", views, size, align: 1 };
    }
    case "struct":
      throw new TypeError(`${what}: a struct is in host order; make the part of a header with header(…)`);
    case "atomic":
      throw new TypeError(`${what}: a packet belongs to one CPU; use the plain integer instead of atomic(…)`);
    case "bool":
    case "bits":
    case "flag":
    case "flags":
    case "header":
      return shape;
  }
}
function packedSize(shape: Shape): number {
  return layOut([["part", shape]], true).size;
}

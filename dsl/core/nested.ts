/** Struct views by a build-time name, and whole. */
import { intrinsic } from "./intrinsic.js";
import type { ViewClass } from "./schema.js";
import { sizeOf } from "./shape.js";
import { shapeOf } from "./spec.js";
import { View } from "./view.js";

/**
 * The struct in the field `name` of a struct's view, where the name is computed at build time.
 * @param schema the field's own schema
 * @throws TypeError where the field is not of that schema
 */
export function nested<V extends object>(view: object, name: string, schema: ViewClass<V>): V {
  const field: unknown = Reflect.get(view, name);
  if (!(field instanceof schema)) throw new TypeError(`"${name}" is no field of that type`);
  return field;
}
intrinsic("nested", nested);

/**
 * Makes every byte of a struct's view zero, padding too.
 * @example clear(this.work);
 */
export function clear(view: object): void {
  const place = View.placeOf(view);
  const shape = shapeOf(view.constructor);
  if (!place || !shape) throw new TypeError("clear(…) takes a view of a struct");
  const size = sizeOf(shape);
  for (let i = 0; i < size; i++) place.memory.write(place.base + i, { bytes: 1, order: "host", shift: 0, width: 8 }, 0n);
}
intrinsic("clear", clear);

/**
 * Makes a struct's view hold what another one of the same schema holds.
 * @example copy(entry, this.prepared);
 */
export function copy<V extends object>(to: V, from: V): void {
  const target = View.placeOf(to);
  const source = View.placeOf(from);
  const shape = shapeOf(to.constructor);
  if (!target || !source || !shape || shape !== shapeOf(from.constructor)) throw new TypeError("copy(…) takes two views of one struct");
  const byte = { bytes: 1, order: "host", shift: 0, width: 8 } as const;
  for (let i = 0; i < sizeOf(shape); i++) target.memory.write(target.base + i, byte, source.memory.read(source.base + i, byte));
}
intrinsic("copy", copy);

/** Whether a live map can go on under a new version of its pipeline. */
import type { MapEntry, Shape, Variable } from "../../codegen/bundle/manifest.js";

/** Everything that an entry's meaning depends on. Names count: a field that was renamed is another field. */
export function schemaOf(map: MapEntry): string {
  const parts = [map.kind, map.keySize, map.valueSize, map.maxEntries, describe(map.key), describe(map.value)];
  // where an entry lies in a flow table
  if (map.flow) parts.push(map.flow.perCpu, map.flow.value, map.flow.seen);
  return JSON.stringify(parts);
}

/** A struct's own name says nothing about its bytes. */
function describe(shape: Shape | undefined): unknown {
  if (!shape) return null;
  switch (shape.kind) {
    case "int":
      return [shape.kind, shape.bits, shape.order];
    case "bool":
    case "flag":
      return shape.kind;
    case "bits":
      return [shape.kind, shape.width];
    case "flags":
      return [shape.kind, shape.names];
    case "array":
      return [shape.kind, describe(shape.of), shape.length];
    case "atomic":
      return ["int", shape.bits, "host"];
    case "overlay":
      return [shape.kind, shape.size, shape.views.map(view => [view.name, view.offset, view.bit, describe(view.shape)])];
    case "struct":
    case "header":
      return [shape.kind, shape.size, shape.fields.map(field => [field.name, field.offset, field.bit, describe(field.shape)])];
  }
}

/** What differs, in words for the message that refuses. */
export function schemaChange(from: MapEntry, to: MapEntry): string | undefined {
  if (schemaOf(from) === schemaOf(to)) return undefined;
  if (from.kind !== to.kind) return `it was a ${from.kind} and is to be a ${to.kind}`;
  if (from.maxEntries !== to.maxEntries) return `maxEntries was ${from.maxEntries} and is to be ${to.maxEntries}`;
  if (JSON.stringify(describe(from.key)) !== JSON.stringify(describe(to.key))) return "its key changed";
  if (from.flow?.perCpu !== to.flow?.perCpu) return "perCpu changed";
  return "its value changed";
}

/** The settings' section keeps its layout as long as every variable stays where it is. */
export function sameVariables(from: readonly Variable[], to: readonly Variable[]): boolean {
  const layout = (variables: readonly Variable[]): string =>
    JSON.stringify(variables.map(({ path, bits, offset, size }) => [path, bits, offset, size]));
  return layout(from) === layout(to);
}

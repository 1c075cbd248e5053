/** Keys and values of maps as people type them, read by the map's own layout. */
import type { Field, Shape } from "../../../dsl/core/shape.js";
import { UsageError } from "../command-error.js";
import { parseInteger } from "./integer.js";

/** A value in the program's own types: number to 48 bits, bigint above, boolean, list, object of fields. */
export type Value = number | bigint | boolean | readonly Value[] | { readonly [field: string]: Value };

/**
 * Reads a key or value. A scalar is written as it is (`80`, `10.0.0.1`, `02:00:00:00:00:01`); a struct as JSON, where
 * addresses may be text (`{"source": "10.0.0.1", "port": 80}`), or as its fields in order, separated by commas.
 *
 * @throws {UsageError} naming the field that does not fit
 */
export function parseValue(text: string, shape: Shape, what: string): Value {
  if (shape.kind !== "struct" && shape.kind !== "header" && shape.kind !== "array") return fromPart(text, shape, what);
  const trimmed = text.trim();
  if (trimmed.startsWith("{") || trimmed.startsWith("[")) return fromPart(parseJson(trimmed, what), shape, what);
  const parts = trimmed === "" ? [] : trimmed.split(",");
  if (shape.kind === "array") return fromPart(parts, shape, what);
  const names = shape.fields.map(field => field.name);
  if (parts.length !== names.length) {
    throw new UsageError(`${what} has ${count(names.length, "field")}, not ${parts.length}: ${names.join(", ")}`, exampleOf(shape.fields));
  }
  return fromPart(Object.fromEntries(names.map((name, index) => [name, parts[index]])), shape, what);
}

function fromPart(part: unknown, shape: Shape, what: string): Value {
  switch (shape.kind) {
    case "bool":
    case "flag":
      return integer(part, 1, what) === 1n;
    case "int":
    case "atomic": {
      const value = integer(part, shape.bits, what);
      return shape.bits > 48 ? value : Number(value);
    }
    case "bits":
      return Number(integer(part, shape.width, what));
    case "flags":
      return flags(part, shape.names, what);
    case "array":
      return list(part, shape.of, shape.length, what);
    case "struct":
    case "header":
      return fields(part, shape.fields, what);
    case "overlay": {
      const [first] = Object.keys(isObject(part) ? part : {});
      const view = shape.views.find(candidate => candidate.name === first) ?? shape.views[0];
      if (!view) throw new UsageError(`${what} has no fields`);
      return fields(part, [view], what);
    }
  }
}

function integer(part: unknown, bits: number, what: string): bigint {
  const value =
    typeof part === "boolean"
      ? BigInt(part)
      : typeof part === "number" && Number.isSafeInteger(part)
        ? BigInt(part)
        : typeof part === "string"
          ? parseInteger(part)
          : undefined;
  const shown = typeof part === "string" ? `"${part}"` : JSON.stringify(part);
  if (value === undefined) throw new UsageError(`${what} is not an integer or an address: ${shown}`);
  if (value < 0n || value >> BigInt(bits) !== 0n) {
    throw new UsageError(`${what} is out of range: ${shown}`, `it has ${count(bits, "bit")}: 0…${(1n << BigInt(bits)) - 1n}`);
  }
  return value;
}

function flags(part: unknown, names: readonly string[], what: string): Value {
  if (!isObject(part)) return Number(integer(part, names.length, what));
  return fields(
    part,
    names.map((name, bit) => ({ name, shape: { kind: "flag" }, offset: 0, bit })),
    what,
  );
}

function list(part: unknown, of: Shape, length: number, what: string): Value {
  if (!Array.isArray(part) || part.length !== length) {
    throw new UsageError(`${what} is a list of ${length}`, `write it as [${length > 3 ? "…" : Array.from({ length }, () => 0)}]`);
  }
  return part.map((item: unknown, index) => fromPart(item, of, `${what}[${index}]`));
}

function fields(part: unknown, known: readonly Field[], what: string): Value {
  if (!isObject(part)) throw new UsageError(`${what} is a struct`, exampleOf(known));
  const names = known.map(field => field.name);
  const unknown = Object.keys(part).find(name => !names.includes(name));
  if (unknown !== undefined) throw new UsageError(`${what} has no field ${unknown}`, `its fields are ${names.join(", ")}`);
  const values: Record<string, Value> = {};
  for (const { name, shape } of known) if (name in part) values[name] = fromPart(part[name], shape, `${what}.${name}`);
  return values;
}

function exampleOf(known: readonly Field[]): string {
  return `write it as {${known.map(field => `"${field.name}": …`).join(", ")}}`;
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${what} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function isObject(part: unknown): part is Readonly<Record<string, unknown>> {
  return typeof part === "object" && part !== null && !Array.isArray(part);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

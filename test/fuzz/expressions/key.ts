/** Keys and values of maps: from few enough that lookups meet what was stored. */
import type { Content, Field, Layout, MapModel } from "../model.js";
import type { Scope } from "../scope.js";
import { code, type Part } from "../tree.js";
import { type Expression, kindOf, topOf, value, whole } from "../value.js";
import { bigintWithin } from "./bigint.js";
import { condition } from "./boolean.js";
import { constant, expression } from "./fit.js";
import { numberWithin } from "./number.js";
import { wideExpression } from "./wide.js";

/** An expression of an integer type. */
export function integer(scope: Scope, bits: number, depth: number): Expression {
  if (bits > 64) return wideExpression(scope, depth);
  const of = whole(bits);
  return bits > 48 ? bigintWithin(scope, of, depth) : numberWithin(scope, of, depth);
}

export function keyFor(scope: Scope, map: MapModel, depth: number): Expression {
  const { random } = scope.method;
  if (map.key === undefined) return numberWithin(scope, value("number", 0n, BigInt(map.entries - 1)), depth);
  return keyOf(scope, map.key, random.chance(0.85), depth);
}

function keyOf(scope: Scope, content: Content, few: boolean, depth: number): Expression {
  if (content.type === "int") return few ? oneOfFew(scope, content.bits, depth) : integer(scope, content.bits, depth);
  return structLiteral(scope, content.struct, depth, (field, at) =>
    field.type === "int" && (few || at > 0) ? oneOfFew(scope, field.bits, depth) : undefined,
  );
}

/** 0…3 */
function oneOfFew(scope: Scope, bits: number, depth: number): Expression {
  const { random } = scope.method;
  if (random.chance(0.4)) {
    const fixed = constant(kindOf(bits), BigInt(random.below(4)));
    return fixed.value.kind === "wide" ? expression("u128 literal", code`u128(${`${fixed.value.min}n`})`, whole(128)) : fixed;
  }
  const small = numberWithin(scope, value("number", 0n, 3n), depth);
  if (bits <= 48) return small;
  return expression(`u${bits}(number)`, [`u${bits}(`, small, ")"], bits === 64 ? value("bigint", 0n, 3n) : whole(128));
}

/** `{ a: …, b: … }` for a struct; what may be left out is left out. */
export function structLiteral(
  scope: Scope,
  struct: Layout,
  depth: number,
  special?: (field: Field, at: number) => Expression | undefined,
): Expression {
  const parts: Part[] = [];
  struct.fields.forEach((field, at) => {
    const e = special?.(field, at) ?? fieldValue(scope, field, depth);
    if (!e) return;
    parts.push(parts.length === 0 ? " " : ", ", `${field.name}: `, e);
  });
  return { kind: "fragment", sort: "struct literal", parts: ["{", ...parts, " }"], simpler: [], value: value("boolean", 0n, 1n) };
}

function fieldValue(scope: Scope, field: Field, depth: number): Expression | undefined {
  switch (field.type) {
    case "int":
      return integer(scope, field.bits, depth);
    case "bits":
      return numberWithin(scope, value("number", 0n, topOf(field.width)), depth);
    case "flag":
    case "bool":
      return condition(scope, depth);
    case "flags":
    case "array":
    case "overlay":
    case "nested":
    case "atomic":
      return undefined; // zero
  }
}

export function valueFor(scope: Scope, map: MapModel, depth: number): Expression {
  if (map.value === undefined) return constant("number", 0n);
  return map.value.type === "int" ? integer(scope, map.value.bits, depth) : structLiteral(scope, map.value.struct, depth);
}

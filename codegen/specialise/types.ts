/** What TypeScript's types say about widths: a `u16` is a number that carries 8 | 16 under "~bits". */
import type { ts } from "ts-morph";
import type { Context } from "./context.js";
import type { Value } from "./values.js";

const widths = new WeakMap<ts.Type, number | false>();

/** The width of an integer type (`u16 | undefined` too); undefined for `number`, `bigint` and what is no integer. */
export function widthOf(checker: ts.TypeChecker, type: ts.Type): number | undefined {
  const known = widths.get(type);
  if (known !== undefined) return known === false ? undefined : known;
  const width = findWidth(checker, checker.getNonNullableType(type));
  widths.set(type, width ?? false);
  return width;
}

function findWidth(checker: ts.TypeChecker, type: ts.Type): number | undefined {
  if (type.isUnion()) {
    let widest: number | undefined;
    for (const part of type.types) {
      const width = findWidth(checker, part);
      if (width === undefined) return undefined;
      widest = Math.max(widest ?? 0, width);
    }
    return widest;
  }
  if (!type.isIntersection()) return undefined;
  const flavour = type.getProperty("~bits");
  if (!flavour) return undefined;
  const bits = checker.getTypeOfSymbol(flavour);
  const parts = bits.isUnion() ? bits.types : [bits];
  let widest: number | undefined;
  for (const part of parts) if (part.isNumberLiteral()) widest = Math.max(widest ?? 0, part.value);
  return widest;
}

/** Demands that a value fits the declared type where it is passed, returned or kept. */
export function fitsType(context: Context, value: Value, type: ts.Type, what: string, node: ts.Node): void {
  const bits = widthOf(context.front.checker, type);
  if (bits === undefined) return;
  const seen = context.state.see(value);
  if (seen.kind === "known") {
    const raw = seen.value;
    if (typeof raw === "number" && (!Number.isInteger(raw) || raw < 0 || raw >= 2 ** bits)) {
      context.error(
        "DP2101",
        node,
        `${what} is ${raw}, outside 0…${2n ** BigInt(bits) - 1n} (u${bits})`,
        `wrap it on purpose with u${bits}(…), or give a value that fits`,
      );
    }
    if (typeof raw === "bigint" && (raw < 0n || raw >> BigInt(bits) !== 0n)) {
      context.error(
        "DP2101",
        node,
        `${what} is ${raw}n, outside the range of u${bits}`,
        `wrap it on purpose with u${bits}(…), or give a value that fits`,
      );
    }
    return;
  }
  if (seen.kind === "scalar" && seen.domain !== "boolean") {
    context.emit({ kind: "fits", value: seen.make(), fit: { bits, what }, span: context.span(node) });
  }
}

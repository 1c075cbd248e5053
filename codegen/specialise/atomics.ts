/** What several CPUs write at once: `atomic` fields, and `+=` on fields of shared maps. */
import type { ts } from "ts-morph";
import type { Place } from "../ir/ir.js";
import { fieldOf, loadScalar, memoryAt, storeScalar } from "./access.js";
import { unary } from "./arithmetic.js";
import type { Context } from "./context.js";
import type { AtomicValue, Value, View } from "./values.js";
import { localValue, poison, undefinedValue, wholeScalar } from "./values.js";

/** `load store add compareExchange` of an `atomic` field. */
export function callAtomic(context: Context, atomic: AtomicValue, name: string, args: readonly Value[], node: ts.Node): Value {
  const domain = atomic.bits === 64 ? "bigint" : "number";
  const at = { scalar: wholeScalar(atomic.bits, "host"), offset: atomic.offset, domain } as const;
  const [first, second] = args;
  const span = context.span(node);
  switch (name) {
    case "load":
      return loadScalar(context, atomic.where, at, atomic.index, atomic.name, node);
    case "store":
      if (first) storeScalar(context, atomic.where, at, atomic.index, atomic.name, first, node);
      return undefinedValue;
    case "add": {
      const place = placeOf(context, atomic, node);
      if (!first || !place) return poison;
      const old = context.local("old", domain, { min: 0n, max: (1n << BigInt(atomic.bits)) - 1n });
      context.emit({ kind: "atomicAdd", place, value: context.expression(first, domain, node), old, span });
      return localValue(old);
    }
    case "compareExchange": {
      const place = placeOf(context, atomic, node);
      if (!first || !second || !place) return poison;
      const ok = context.local("exchanged", "boolean");
      const expected = context.expression(first, domain, node);
      context.emit({ kind: "compareExchange", ok, place, expected, desired: context.expression(second, domain, node), span });
      return localValue(ok);
    }
    default:
      return context.error("DP1201", node, `an atomic field has no \`${name}\``, "load, store, add, compareExchange");
  }
}

function placeOf(context: Context, atomic: AtomicValue, node: ts.Node): Place | undefined {
  const found = memoryAt(context, atomic.where, atomic.offset, atomic.bits / 8, node);
  if (!found) return undefined;
  const place = { memory: found.memory, offset: found.offset, scalar: wholeScalar(atomic.bits, "host"), name: atomic.name };
  const { index } = atomic;
  return index ? { ...place, index: { value: index.value(), stride: index.stride, length: index.length, guarded: index.guarded } } : place;
}

/** `entry.field += n` as an atomic add; undefined after a diagnostic. */
export function sharedField(
  context: Context,
  view: View,
  name: string,
  node: ts.Node,
): ((value: Value, operator: string, node: ts.Node) => void) | undefined {
  const field = fieldOf(view, name);
  if (!field) {
    context.error("DP1201", node, `there is no field \`${name}\``);
    return undefined;
  }
  const { shape } = field;
  if (shape.kind !== "int" || (shape.bits !== 32 && shape.bits !== 64) || shape.order !== "host") {
    context.error(
      "DP4102",
      node,
      `\`${view.name}.${name}\` is shared between CPUs, and there is no atomic add of its width`,
      "make it u32 or u64 in host order, or keep the map per CPU",
    );
    return undefined;
  }
  const { bits } = shape;
  return (value, operator, at) => {
    const domain = bits === 64 ? "bigint" : "number";
    const atomic: AtomicValue = {
      kind: "atomic",
      bits,
      where: view.where,
      offset: view.offset + field.offset,
      index: view.index,
      name: `${view.name}.${name}`,
    };
    const place = placeOf(context, atomic, at);
    const amount = operator === "-" ? unary(context, "-", value, at) : value;
    if (place)
      context.emit({ kind: "atomicAdd", place, value: context.expression(amount, domain, at), old: undefined, span: context.span(at) });
  };
}

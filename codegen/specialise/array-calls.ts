/** Methods of lists: build-time ones unroll, arrays in memory are compared and copied whole. */
import type { ts } from "ts-morph";
import { sizeOf } from "../../dsl/core/shape.js";
import { copyBytes, readElement, writeElement } from "./access.js";
import { compareValues } from "./arithmetic.js";
import { conditionOf, splitValue } from "./conditions.js";
import type { Context } from "./context.js";
import { callValue } from "./expressions.js";
import type { Frame } from "./frame.js";
import { lift } from "./members.js";
import type { Value, View } from "./values.js";
import { known, poison, undefinedValue } from "./values.js";

/** The elements of a list, one value each; undefined where it is no list. */
export function elementsOf(context: Context, list: Value, node: ts.Node): readonly Value[] | undefined {
  const seen = context.state.see(list);
  if (seen.kind === "known") {
    const value: unknown = seen.value;
    if (typeof value !== "object" || value === null || !(Symbol.iterator in value) || typeof value[Symbol.iterator] !== "function")
      return undefined;
    return Array.from(value as Iterable<unknown>, lift);
  }
  if (seen.kind === "view" && seen.shape.kind === "array") {
    const { length } = seen.shape;
    return Array.from({ length }, (_, i) => readElement(context, seen, known(i), node));
  }
  if (seen.kind === "record" && seen.of === Array) {
    const length = seen.fields.size - 1;
    return Array.from({ length }, (_, i) => seen.fields.get(String(i)) ?? undefinedValue);
  }
  return undefined;
}

export function callArray(context: Context, frame: Frame, list: Value, name: string, args: readonly Value[], node: ts.Node): Value {
  if (list.kind === "view") {
    const own = callView(context, list, name, args, node);
    if (own) return own;
  }
  const elements = elementsOf(context, list, node);
  if (!elements) return context.error("DP1203", node, `\`${name}\` needs a list`);
  const [first] = args;
  switch (name) {
    case "entries":
      return known(elements.map((value, i) => [i, value.kind === "known" ? value.value : undefined]));
    case "keys":
      return known(elements.map((_, i) => i));
    case "values":
      return list;
    case "at":
      if (first?.kind === "known" && typeof first.value === "number") return elements.at(first.value) ?? undefinedValue;
      break;
    case "includes":
      return first ? anyOf(context, elements, element => compareValues(context, "==", first, element, node), node) : known(false);
    case "some":
      return first
        ? anyOf(context, elements, (element, i) => callValue(context, frame, first, [element, known(i)], node), node)
        : known(false);
    case "every":
      return first
        ? negated(
            context,
            anyOf(
              context,
              elements,
              (element, i) => negated(context, callValue(context, frame, first, [element, known(i)], node), node),
              node,
            ),
            node,
          )
        : known(true);
    case "find":
      return first ? find(context, elements, element => callValue(context, frame, first, [element], node), node) : undefinedValue;
    case "forEach":
      elements.forEach((element, i) => {
        if (first && !context.dead) callValue(context, frame, first, [element, known(i)], node);
      });
      return undefinedValue;
  }
  if (list.kind === "known" && Array.isArray(list.value) && args.every(arg => arg.kind === "known")) {
    const method: unknown = Reflect.get(list.value, name);
    if (typeof method === "function")
      return lift(
        Reflect.apply(
          method,
          list.value,
          args.map(arg => (arg.kind === "known" ? arg.value : undefined)),
        ),
      );
  }
  return context.error(
    "DP1203",
    node,
    `\`${name}\` of a list has no meaning in datapath code`,
    "for…of, entries(), some(), every(), find(), includes()",
  );
}

/** Whether one of the tests holds: pure ones as one expression, others as nested branches. */
function anyOf(context: Context, elements: readonly Value[], test: (element: Value, index: number) => Value, node: ts.Node): Value {
  const step = (at: number): Value => {
    const element = elements[at];
    if (!element) return known(false);
    const outcome = test(element, at);
    if (context.dead) return poison;
    return splitValue(
      context,
      outcome,
      () => known(true),
      () => step(at + 1),
      "some",
      node,
    );
  };
  return step(0);
}

function find(context: Context, elements: readonly Value[], test: (element: Value) => Value, node: ts.Node): Value {
  const step = (at: number): Value => {
    const element = elements[at];
    if (!element) return undefinedValue;
    return splitValue(
      context,
      test(element),
      () => element,
      () => step(at + 1),
      "found",
      node,
    );
  };
  return step(0);
}

function negated(context: Context, value: Value, node: ts.Node): Value {
  const condition = conditionOf(context, value, node);
  if (condition === undefined) return poison;
  if (typeof condition === "boolean") return known(!condition);
  return {
    kind: "scalar",
    domain: "boolean",
    make: () => ({ op: "not", operand: condition.make() }),
    whenTrue: condition.whenFalse,
    whenFalse: condition.whenTrue,
  };
}

function callView(context: Context, view: View, name: string, args: readonly Value[], node: ts.Node): Value | undefined {
  if (view.shape.kind !== "array") return undefined;
  const [first] = args;
  const { length } = view.shape;
  switch (name) {
    case "equals": {
      if (!first) return poison;
      const mine = elementsOf(context, view, node) ?? [];
      const theirs = elementsOf(context, first, node);
      if (!theirs || theirs.length !== mine.length) return context.error("DP1201", node, "equals() compares arrays of the same length");
      const step = (at: number): Value => {
        const [a, b] = [mine[at], theirs[at]];
        if (!a || !b) return known(true);
        return splitValue(
          context,
          compareValues(context, "==", a, b, node),
          () => step(at + 1),
          () => known(false),
          "equal",
          node,
        );
      };
      return step(0);
    }
    case "set":
      if (first?.kind === "view" && first.shape.kind === "array" && first.shape.length === length) {
        copyBytes(context, view, first, sizeOf(view.shape), node);
      } else if (first) {
        const elements = elementsOf(context, first, node);
        if (!elements || elements.length > length) return context.error("DP1201", node, `set() takes an array of ${length}`);
        elements.forEach((element, i) => {
          writeElement(context, view, known(i), element, node);
        });
      }
      return undefinedValue;
    case "fill":
      for (let i = 0; i < length && first; i++) writeElement(context, view, known(i), first, node);
      return undefinedValue;
    default:
      return undefined;
  }
}

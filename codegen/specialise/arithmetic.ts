/** Operators: folded by JavaScript itself where both sides are known, else an expression in the right domain. */
import type { ts } from "ts-morph";
import type { CompareOperator, Domain, Expr, NumberOperator } from "../ir/ir.js";
import { choiceCondition } from "./conditions.js";
import type { Context } from "./context.js";
import { describeValue } from "./context.js";
import { domainOf } from "./join.js";
import type { Value } from "./values.js";
import { known, poison } from "./values.js";

const folds: { readonly [operator: string]: ((a: never, b: never) => unknown) | undefined } = {
  "+": (a: number, b: number) => a + b,
  "-": (a: number, b: number) => a - b,
  "*": (a: number, b: number) => a * b,
  "/": (a: number, b: number) => a / b,
  "%": (a: number, b: number) => a % b,
  "**": (a: number, b: number) => a ** b,
  "&": (a: number, b: number) => a & b,
  "|": (a: number, b: number) => a | b,
  "^": (a: number, b: number) => a ^ b,
  "<<": (a: number, b: number) => a << b,
  ">>": (a: number, b: number) => a >> b,
  ">>>": (a: number, b: number) => a >>> b,
  "==": (a: unknown, b: unknown) => a === b,
  "!=": (a: unknown, b: unknown) => a !== b,
  "<": (a: number, b: number) => a < b,
  "<=": (a: number, b: number) => a <= b,
  ">": (a: number, b: number) => a > b,
  ">=": (a: number, b: number) => a >= b,
};

function fold(operator: string, a: unknown, b: unknown): unknown {
  const run = folds[operator] as ((a: unknown, b: unknown) => unknown) | undefined;
  return run?.(a, b);
}

const operators: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", ">>>"]);
function isOperator(text: string): text is NumberOperator {
  return operators.has(text);
}

/** The domain in which two operands meet: u128 takes u64 along. */
function meetDomain(a: Value, b: Value): Domain | undefined {
  const left = domainOf(a);
  const right = domainOf(b);
  if (!left || !right) return undefined;
  const wideConstant = [a, b].some(v => v.kind === "known" && typeof v.value === "bigint" && v.value >> 64n > 0n);
  if (left === right) return left === "bigint" && wideConstant ? "wide" : left;
  return (left === "wide" && right === "bigint") || (left === "bigint" && right === "wide") ? "wide" : undefined;
}

/** `truncated`: a division that stands in Math.trunc or Math.floor. */
export function binary(context: Context, operator: string, a: Value, b: Value, node: ts.Node, truncated = false): Value {
  const left = context.settled(a, node);
  const right = context.settled(b, node);
  if (left.kind === "poison" || right.kind === "poison") return poison;
  if (left.kind === "known" && right.kind === "known") return foldKnown(context, operator, left.value, right.value, node);
  const domain = meetDomain(left, right);
  if (!domain || domain === "boolean") {
    return context.error("DP1201", node, `\`${operator}\` cannot join ${describeValue(left)} and ${describeValue(right)}`);
  }
  if (!isOperator(operator)) return context.error("DP1200", node, `\`${operator}\` has no meaning in datapath code`);
  if (operator === "/" && domain === "number" && !truncated) {
    return context.error("DP2103", node, "`/` on numbers may give a fraction", "Math.trunc(a / b) divides integers");
  }
  if (domain === "wide" && (operator === "*" || operator === "/" || operator === "%")) {
    return context.error("DP2104", node, `u128 has no \`${operator}\``, "it has === !== & | ^ ~ + - and constant shifts");
  }
  if (domain === "wide" && (operator === "<<" || operator === ">>") && right.kind !== "known") {
    return context.error("DP2104", node, "u128 is shifted by constants alone");
  }
  const span = context.span(node);
  const make = (): Expr => ({
    op: "binary",
    operator,
    domain,
    left: context.expression(left, domain, node),
    right: context.expression(right, domain, node),
    span,
  });
  const offset = operator === "+" || operator === "-" || operator === "&" ? (offsetState(left) ?? offsetState(right)) : undefined;
  return offset === undefined ? { kind: "scalar", domain, make } : { kind: "scalar", domain, make, offsetOf: offset };
}

function offsetState(value: Value): number | undefined {
  return value.kind === "scalar" ? value.offsetOf : undefined;
}

function foldKnown(context: Context, operator: string, a: unknown, b: unknown, node: ts.Node): Value {
  try {
    const value = fold(operator, a, b);
    return value === undefined ? context.error("DP1200", node, `\`${operator}\` has no meaning in datapath code`) : known(value);
  } catch (error) {
    return context.error("DP2105", node, error instanceof Error ? error.message : String(error));
  }
}

export function unary(context: Context, operator: "~" | "-", a: Value, node: ts.Node): Value {
  const value = context.settled(a, node);
  if (value.kind === "poison") return poison;
  if (value.kind === "known" && (typeof value.value === "number" || typeof value.value === "bigint")) {
    if (typeof value.value === "number") return known(operator === "~" ? ~value.value : -value.value);
    return known(operator === "~" ? ~value.value : -value.value);
  }
  if (value.kind !== "scalar" || value.domain === "boolean")
    return context.error("DP1201", node, `\`${operator}\` needs a number, not ${describeValue(value)}`);
  const { domain, make } = value;
  const span = context.span(node);
  return { kind: "scalar", domain, make: () => ({ op: "unary", operator, domain, operand: make(), span }) };
}

/** A comparison; of choices it is a test of the tag where each case's answer is known. */
export function compareValues(context: Context, operator: CompareOperator, a: Value, b: Value, node: ts.Node): Value {
  const equality = operator === "==" || operator === "!=";
  const left = equality ? context.state.see(a) : context.settled(a, node);
  const right = equality ? context.state.see(b) : context.settled(b, node);
  if (left.kind === "poison" || right.kind === "poison") return poison;
  if (left.kind === "known" && right.kind === "known") return known(fold(operator, left.value, right.value));
  if (equality && (left.kind === "choice" || right.kind === "choice")) return compareChoice(context, operator, left, right, node);
  const domain = meetDomain(left, right);
  if (!domain) {
    if (equality && incomparable(left, right)) return known(operator === "!=");
    return context.error("DP1201", node, `${describeValue(left)} and ${describeValue(right)} cannot be compared`);
  }
  const span = context.span(node);
  const make = (): Expr => ({
    op: "compare",
    operator,
    left: context.expression(left, domain, node),
    right: context.expression(right, domain, node),
    span,
  });
  const pinned = equality ? (pin(left, right) ?? pin(right, left)) : undefined;
  if (!pinned) return { kind: "scalar", domain: "boolean", make };
  return operator === "=="
    ? { kind: "scalar", domain: "boolean", make, whenTrue: [pinned] }
    : { kind: "scalar", domain: "boolean", make, whenFalse: [pinned] };
}

function pin(
  local: Value,
  constant: Value,
): { kind: "equals"; local: NonNullable<Extract<Value, { kind: "scalar" }>["local"]>; value: bigint } | undefined {
  if (local.kind !== "scalar" || !local.local || constant.kind !== "known") return undefined;
  const raw = constant.value;
  if (typeof raw !== "number" && typeof raw !== "bigint" && typeof raw !== "boolean") return undefined;
  if (typeof raw === "number" && !Number.isInteger(raw)) return undefined;
  return { kind: "equals", local: local.local, value: BigInt(raw) };
}

/** A view, verdict or object is never `===` a constant such as undefined. */
function incomparable(left: Value, right: Value): boolean {
  return (
    (left.kind === "known") !== (right.kind === "known") &&
    (left.kind !== "scalar" || right.kind === "known") &&
    (right.kind !== "scalar" || left.kind === "known")
  );
}

function compareChoice(context: Context, operator: CompareOperator, left: Value, right: Value, node: ts.Node): Value {
  const choice = left.kind === "choice" ? left : right;
  const other = left.kind === "choice" ? right : left;
  if (choice.kind !== "choice") return poison;
  const outcomes = choice.cases.map(value =>
    context.state.casesOf(choice).length > 0 ? compareValues(context, "==", value, other, node) : poison,
  );
  const remaining = context.state.casesOf(choice);
  if (remaining.every(index => outcomes[index]?.kind === "known")) {
    const wanted = operator === "==";
    const condition = choiceCondition(context, choice, index => {
      const outcome = outcomes[index];
      return outcome?.kind === "known" && outcome.value === wanted;
    });
    return typeof condition === "boolean" ? known(condition) : { kind: "scalar", domain: "boolean", ...condition };
  }
  // Some cases are scalars: the tag and the comparison together.
  const parts = remaining.flatMap(index => {
    const outcome = outcomes[index];
    if (!outcome || (outcome.kind === "known" && outcome.value !== true)) return [];
    return [{ index, outcome }];
  });
  const any = (): Expr =>
    parts.reduce<Expr | undefined>((sum, { index, outcome }) => {
      const test = choice.tag.test(index);
      const both: Expr = outcome.kind === "scalar" ? { op: "and", left: test, right: outcome.make() } : test;
      return sum ? { op: "or", left: sum, right: both } : both;
    }, undefined) ?? { op: "const", domain: "boolean", value: 0n };
  const facts = [{ kind: "narrow" as const, tag: choice.tag, cases: parts.map(part => part.index) }];
  if (operator === "==") return { kind: "scalar", domain: "boolean", make: any, whenTrue: facts };
  return { kind: "scalar", domain: "boolean", make: () => ({ op: "not", operand: any() }), whenFalse: facts };
}

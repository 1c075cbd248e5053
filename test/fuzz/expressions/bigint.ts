/** Random expressions of type `bigint`: 64-bit words, and sums that may leave them until `u64()` says they may. */
import type { Scope } from "../scope.js";
import { code } from "../tree.js";
import { type Expression, hull, topOf, type Value, value } from "../value.js";
import { condition } from "./boolean.js";
import { constant, exactBigint, expression, fit } from "./fit.js";
import { calls, leaves } from "./leaf.js";
import { numberExpression, numberWithin } from "./number.js";
import { wideExpression } from "./wide.js";

const word: Value = value("bigint", 0n, topOf(64));

/** May lie outside 0…2^64-1; `exactBigint` brings it back. */
export function bigintExpression(scope: Scope, depth: number): Expression {
  const { random } = scope.method;
  if (depth <= 0 || random.chance(0.2)) return leaf(scope);
  const operand = () => bigintExpression(scope, depth - 1);
  const exact = () => exactBigint(operand());
  const made = random.weighted<() => Expression | undefined>([
    [8, () => arithmetic(scope, operand(), operand())],
    [4, () => bits(scope, exact(), exact())],
    [3, () => shift(scope, exact(), depth)],
    [3, () => divide(scope, exact(), exact())],
    [2, () => minimum(scope, exact(), exact())],
    [2, () => choice(scope, exact(), exact(), depth)],
    [2, () => fromNumber(scope, depth)],
    [1, () => expression("u64(wide)", code`u64(${wideExpression(scope, depth - 1)})`, word)],
    [3, () => calls(scope, "bigint", depth)],
  ])();
  return made ?? leaf(scope);
}

export function bigintWithin(scope: Scope, target: Value, depth: number): Expression {
  const { random } = scope.method;
  if (random.chance(0.25)) return constant("bigint", random.edge(target.min, target.max));
  return fit(random, bigintExpression(scope, depth), target);
}

function leaf(scope: Scope): Expression {
  const { random } = scope.method;
  const found = leaves(scope, "bigint");
  if (found.length > 0 && random.chance(0.8)) return random.pick(found)();
  return constant("bigint", random.edge(0n, random.pick([255n, topOf(32), topOf(64)])));
}

function arithmetic(scope: Scope, a: Expression, b: Expression): Expression | undefined {
  const operator = scope.method.random.pick(["+", "-", "*"]);
  const { min, max } =
    operator === "+"
      ? { min: a.value.min + b.value.min, max: a.value.max + b.value.max }
      : operator === "-"
        ? { min: a.value.min - b.value.max, max: a.value.max - b.value.min }
        : hull([a.value.min * b.value.min, a.value.min * b.value.max, a.value.max * b.value.min, a.value.max * b.value.max]);
  if (min < -topOf(100) || max > topOf(100)) return undefined;
  const made = expression(`bigint ${operator}`, code`(${a} ${operator} ${b})`, value("bigint", min, max), [a, b]);
  return scope.method.random.chance(0.7) ? exactBigint(made) : made;
}

function bits(scope: Scope, a: Expression, b: Expression): Expression {
  const operator = scope.method.random.pick(["&", "|", "^", "~"]);
  if (operator === "~") return expression("bigint ~", code`u64(~${a})`, word);
  const { min, max } = hull([a.value.max, b.value.max]);
  let top = 0n;
  while (top < max) top = top * 2n + 1n;
  return expression(`bigint ${operator}`, code`(${a} ${operator} ${b})`, value("bigint", 0n, operator === "&" ? min : top), [a, b]);
}

function shift(scope: Scope, a: Expression, depth: number): Expression {
  const { random } = scope.method;
  const variable = random.chance(0.3);
  const count = variable ? bigintWithin(scope, value("bigint", 0n, 63n), depth - 1) : constant("bigint", BigInt(random.below(64)));
  const most = count.value.max;
  if (random.chance(0.5)) {
    const by = variable ? 0n : most;
    const of = value("bigint", variable ? 0n : a.value.min >> by, a.value.max >> by);
    return expression(`bigint >>${variable ? " by variable" : ""}`, code`(${a} >> ${count})`, of, []);
  }
  return expression(`bigint <<${variable ? " by variable" : ""}`, code`u64(${a} << ${count})`, word, []);
}

/** A literal under its integer type: by itself TypeScript would take it for a type of its own. */
export function typed(e: Expression): Expression {
  return e.sort === "literal" ? expression("u64()", code`u64(${e})`, e.value) : e;
}

function divide(scope: Scope, a: Expression, divisor: Expression): Expression {
  const { random } = scope.method;
  const b =
    divisor.value.min > 0n
      ? divisor
      : random.chance(0.5)
        ? constant("bigint", random.edge(1n, topOf(32)))
        : expression("max", code`max(${typed(divisor)}, 1n)`, value("bigint", 1n, divisor.value.max > 1n ? divisor.value.max : 1n));
  if (random.chance(0.5))
    return expression("bigint /", code`(${a} / ${b})`, value("bigint", a.value.min / b.value.max, a.value.max / b.value.min), [a]);
  const most = b.value.max - 1n;
  return expression("bigint %", code`(${a} % ${b})`, value("bigint", 0n, most < a.value.max ? most : a.value.max), []);
}

function minimum(scope: Scope, a: Expression, b: Expression): Expression {
  const name = scope.method.random.pick(["min", "max"]);
  const pick = (x: bigint, y: bigint) => (x < y === (name === "min") ? x : y);
  return expression(
    `bigint ${name}`,
    code`${name}(${typed(a)}, ${b})`,
    value("bigint", pick(a.value.min, b.value.min), pick(a.value.max, b.value.max)),
    [a, b],
  );
}

function choice(scope: Scope, a: Expression, b: Expression, depth: number): Expression {
  const { min, max } = hull([a.value.min, a.value.max, b.value.min, b.value.max]);
  return expression("bigint ?:", code`(${condition(scope, depth - 1)} ? ${typed(a)} : ${b})`, value("bigint", min, max), [a, b]);
}

function fromNumber(scope: Scope, depth: number): Expression {
  const e = scope.method.random.chance(0.5)
    ? numberWithin(scope, value("number", 0n, topOf(48)), depth - 1)
    : numberExpression(scope, depth - 1);
  if (e.value.min < 0n)
    return expression(
      "u64(number)",
      code`u64(${fit(scope.method.random, e, value("number", 0n, topOf(32)))})`,
      value("bigint", 0n, topOf(32)),
    );
  return expression("BigInt()", code`BigInt(${e})`, value("bigint", e.value.min, e.value.max));
}

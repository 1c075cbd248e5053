/** Random expressions of type `number`, with an interval that is exact enough to be used. */
import type { Scope } from "../scope.js";
import { code } from "../tree.js";
import { type Expression, flavoured, hull, topOf, type Value, value, whole } from "../value.js";
import { bigintExpression } from "./bigint.js";
import { condition } from "./boolean.js";
import { constant, expression, fit, fits32 } from "./fit.js";
import { calls, leaves } from "./leaf.js";

const limit = 2n ** 53n;
const signedTop = 2n ** 31n - 1n;
const word: Value = value("number", 0n, topOf(32));

export function numberExpression(scope: Scope, depth: number): Expression {
  const { random } = scope.method;
  if (depth <= 0 || random.chance(0.2)) return leaf(scope);
  const operand = () => numberExpression(scope, depth - 1);
  const made = random.weighted<() => Expression | undefined>([
    [8, () => arithmetic(scope, operand(), operand())],
    [3, () => divide(scope, operand(), operand())],
    [6, () => bits(scope, operand(), operand())],
    [4, () => shift(scope, operand(), depth)],
    [1, () => imul(scope, operand(), operand())],
    [2, () => minimum(scope, operand(), operand())],
    [2, () => choice(scope, operand(), operand(), depth)],
    [2, () => wrap(scope, operand())],
    [2, () => fromBigint(scope, depth)],
    [2, () => helper(scope, operand())],
    [4, () => calls(scope, "number", depth)],
    [1, () => negated(operand())],
  ])();
  return made ?? leaf(scope);
}

function leaf(scope: Scope): Expression {
  const { random } = scope.method;
  const found = leaves(scope, "number");
  if (found.length > 0 && random.chance(0.8)) return random.pick(found)();
  return constant("number", random.edge(0n, random.pick([255n, 0xffffn, topOf(32)])));
}

/** A number within the interval. */
export function numberWithin(scope: Scope, target: Value, depth: number): Expression {
  const { random } = scope.method;
  if (random.chance(0.25)) return constant("number", random.edge(target.min, target.max));
  return fit(random, numberExpression(scope, depth), target);
}

function arithmetic(scope: Scope, a: Expression, b: Expression): Expression | undefined {
  const operator = scope.method.random.pick(["+", "-", "*"]);
  const { min, max } =
    operator === "+"
      ? { min: a.value.min + b.value.min, max: a.value.max + b.value.max }
      : operator === "-"
        ? { min: a.value.min - b.value.max, max: a.value.max - b.value.min }
        : hull([a.value.min * b.value.min, a.value.min * b.value.max, a.value.max * b.value.min, a.value.max * b.value.max]);
  if (min < -limit || max > limit) return undefined;
  return expression(`number ${operator}`, code`(${a} ${operator} ${b})`, value("number", min, max, signedOf(a, b, min)), [a, b]);
}

function divide(scope: Scope, a: Expression, divisor: Expression): Expression {
  const { random } = scope.method;
  const b = notZero(scope, divisor);
  const quotients = [a.value.min, a.value.max].flatMap(top => [b.value.min, b.value.max].map(under => top / under));
  if (random.chance(0.5)) {
    const { min, max } = hull([...quotients, ...(a.value.min <= 0n && a.value.max >= 0n ? [0n] : [])]);
    const rounding = random.pick(["Math.trunc", "Math.floor"]);
    const low = rounding === "Math.floor" && min <= 0n ? min - 1n : min;
    return expression(`${rounding}(/)`, code`${rounding}(${a} / ${b})`, value("number", low, max, a.value.signed && low < 0n), [a]);
  }
  const most = hull([b.value.max, -b.value.min]).max - 1n;
  const min = a.value.min < 0n ? (-most > a.value.min ? -most : a.value.min) : 0n;
  const max = a.value.max > 0n ? (most < a.value.max ? most : a.value.max) : 0n;
  return expression("number %", code`(${a} % ${b})`, value("number", min, max, a.value.signed && min < 0n), [a]);
}

function notZero(scope: Scope, e: Expression): Expression {
  const { min, max } = e.value;
  if (min > 0n || max < 0n) return e;
  const { random } = scope.method;
  if (random.chance(0.4)) return constant("number", random.edge(1n, 1000n));
  if (min === 0n && max < limit) return expression("number +", code`(${e} + 1)`, value("number", 1n, max + 1n), []);
  return expression("Math.max", code`Math.max(${e}, 1)`, value("number", 1n, max > 1n ? max : 1n), []);
}

function bits(scope: Scope, left: Expression, right: Expression): Expression {
  const { random } = scope.method;
  const a = narrow(scope, left);
  const operator = random.pick(["&", "|", "^", "~"]);
  if (operator === "~") {
    const plain = isPlain(a.value);
    const of = plain ? value("number", -a.value.max - 1n, -a.value.min - 1n, true) : signedWord;
    return expression("number ~", code`(~${a})`, of, []);
  }
  const b = narrow(scope, right);
  const tops = [a, b].filter(({ value: of }) => isPlain(of)).map(({ value: of }) => of.max);
  let of = signedWord;
  if (operator === "&" && tops.length > 0) of = value("number", 0n, hull(tops).min);
  else if (tops.length === 2) of = value("number", 0n, maskOver(hull(tops).max));
  return expression(`number ${operator}`, code`(${a} ${operator} ${b})`, of, [a, b]);
}

function shift(scope: Scope, operand: Expression, depth: number): Expression {
  const { random } = scope.method;
  const a = narrow(scope, operand);
  const operator = random.pick(["<<", ">>", ">>>"]);
  const byVariable = random.chance(0.3);
  const count = byVariable ? numberWithin(scope, value("number", 0n, 31n), depth - 1) : constant("number", BigInt(random.below(32)));
  const fixed = count.value.min === count.value.max ? count.value.min : undefined;
  let of = operator === ">>>" ? word : signedWord;
  if (fixed !== undefined) {
    const plain = isPlain(a.value);
    if (operator === "<<" && plain && a.value.max << fixed <= signedTop) of = value("number", a.value.min << fixed, a.value.max << fixed);
    if (operator === ">>" && a.value.max <= signedTop) of = value("number", a.value.min >> fixed, a.value.max >> fixed, a.value.min < 0n);
    if (operator === ">>>")
      of = a.value.min >= 0n ? value("number", a.value.min >> fixed, a.value.max >> fixed) : value("number", 0n, topOf(32) >> fixed);
  }
  return expression(`number ${operator}${byVariable ? " by variable" : ""}`, code`(${a} ${operator} ${count})`, of, [a]);
}

function imul(scope: Scope, a: Expression, b: Expression): Expression {
  return expression("Math.imul", code`Math.imul(${narrow(scope, a)}, ${narrow(scope, b)})`, signedWord);
}

function minimum(scope: Scope, a: Expression, b: Expression): Expression {
  const name = scope.method.random.pick(["Math.min", "Math.max"]);
  const pick = (x: bigint, y: bigint) => (x < y === (name === "Math.min") ? x : y);
  const min = pick(a.value.min, b.value.min);
  if (!comparable(a, b)) return a;
  return expression(name, code`${name}(${a}, ${b})`, value("number", min, pick(a.value.max, b.value.max), signedOf(a, b, min)), [a, b]);
}

function choice(scope: Scope, a: Expression, other: Expression, depth: number): Expression {
  // between two literals TypeScript would find a type of its own
  const b = other.sort === "literal" ? expression("u48()", code`u48(${other})`, whole(48)) : other;
  const { min, max } = hull([a.value.min, a.value.max, b.value.min, b.value.max]);
  const widest = Math.max(a.value.flavour ?? 0, b.value.flavour ?? 0);
  const plain = value("number", min, max, signedOf(a, b, min));
  const of = widest > 0 ? flavoured(plain, widest) : plain;
  return expression("number ?:", code`(${condition(scope, depth - 1)} ? ${a} : ${b})`, of, [a, b]);
}

function wrap(scope: Scope, a: Expression): Expression {
  const width = scope.method.random.pick([8, 16, 32, 48] as const);
  return expression(`u${width}()`, [`u${width}(`, a, ")"], whole(width));
}

function fromBigint(scope: Scope, depth: number): Expression {
  const { random } = scope.method;
  if (random.chance(0.5)) {
    const width = random.pick([8, 16, 32, 48] as const);
    return expression(`u${width}(bigint)`, [`u${width}(`, bigintExpression(scope, depth - 1), ")"], whole(width));
  }
  const e = fit(random, bigintExpression(scope, depth - 1), value("bigint", 0n, random.edge(1n, topOf(53))));
  return expression("Number()", code`Number(${e})`, value("number", e.value.min, e.value.max));
}

function helper(scope: Scope, a: Expression): Expression {
  const { random } = scope.method;
  switch (random.below(4)) {
    case 0:
      return expression("fold16", code`fold16(${fit(random, a, word)})`, whole(16));
    case 1:
      return expression("octet", code`octet(${fit(random, a, word)}, ${`${random.below(4)}`})`, whole(8));
    case 2:
      return expression("fnv1a", code`fnv1a(${fit(random, a, word)}, ${numberWithin(scope, value("number", 0n, 255n), 0)})`, whole(32));
    default:
      return expression("prefixOf u32", code`prefixOf(u32(${a}), ${`${random.below(33)}`})`, whole(32));
  }
}

function negated(a: Expression): Expression | undefined {
  if (a.value.max === 0n && a.value.min === 0n) return undefined;
  // 0 negated is -0 in JavaScript; nothing of the language can tell it from 0, but division could: keep it out of sight
  return expression("number -", code`(0 - ${a})`, value("number", -a.value.max, -a.value.min, a.value.signed));
}

const signedWord = value("number", -(2n ** 31n), signedTop, true);

function isPlain(of: Value): boolean {
  return of.min >= 0n && of.max <= signedTop;
}

function maskOver(max: bigint): bigint {
  let mask = 0n;
  while (mask < max) mask = mask * 2n + 1n;
  return mask;
}

function narrow(scope: Scope, e: Expression): Expression {
  return fits32(e.value) ? e : fit(scope.method.random, e, word);
}

function signedOf(a: Expression, b: Expression, min: bigint): boolean {
  return min < 0n && (a.value.signed || b.value.signed);
}

/** A possibly negative result of bit operators against what may exceed 31 bits is an error of the language. */
export function comparable(a: Expression, b: Expression): boolean {
  return !((a.value.signed && b.value.max > signedTop) || (b.value.signed && a.value.max > signedTop));
}

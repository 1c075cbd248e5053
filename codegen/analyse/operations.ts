/**
 * What each operator gives, as a linear form, with the facts that come with it. Nothing is demanded here: whether the
 * program may do this at all is for `obligations.ts`.
 *
 * Numbers: JavaScript's meaning. `bigint` and `wide`: the mathematical integer; that the machine holds it modulo 2^64
 * or 2^128 is looked at where it would show.
 */
import type { Domain, NumberOperator } from "../ir/ir.js";
import type { AtomOperator, Atoms } from "./atoms.js";
import type { Facts } from "./facts.js";
import {
  add,
  contains,
  corners,
  divide,
  floorDivide,
  greatest,
  type Interval,
  interval,
  isPoint,
  LIMIT,
  least,
  multiply,
  onesAbove,
  point,
  remainder,
  signed,
  unsigned,
  within,
} from "./interval.js";
import { addScaled, constant, difference, divisible, equal, isConstant, type Linear, quotient, scaled, shifted, sum } from "./linear.js";

export interface Scene {
  readonly atoms: Atoms;
  readonly facts: Facts;
}

/** Where a result is not known at all. */
const ANYTHING = interval(-LIMIT, LIMIT);

export function binary(scene: Scene, operator: NumberOperator, domain: Domain, left: Linear, right: Linear): Linear {
  switch (operator) {
    case "+":
      return foldedSum(scene, left, right);
    case "-":
      return difference(left, right);
    case "*":
      return product(scene, left, right);
    case "/":
      return divideBy(scene, left, right);
    case "%":
      return remainderOf(scene, left, right);
    case "min":
    case "max":
      return extreme(scene, operator, left, right);
    case "imul":
      return toSigned32(scene, modulo(scene, product(scene, left, right), 32));
    case "&":
    case "|":
    case "^":
      return domain === "number" ? bitwise32(scene, operator, left, right) : bitwiseWide(scene, operator, domain, left, right);
    case "<<":
      return domain === "number" ? shiftLeft32(scene, left, right) : shiftLeftWide(scene, left, right);
    case ">>":
      return domain === "number" ? shiftRight(scene, asSigned32(scene, left), count32(scene, right)) : shiftRight(scene, left, right);
    case ">>>":
      return shiftRight(scene, toUnsigned32(scene, left), count32(scene, right));
  }
}

export function complement(scene: Scene, domain: Domain, operand: Linear): Linear {
  // −x − 1, of what JavaScript makes of x first
  const x = domain === "number" ? asSigned32(scene, operand) : operand;
  return shifted(scaled(x, -1n), -1n);
}

/** A form modulo 2^bits, in 0…2^bits − 1. */
export function modulo(scene: Scene, form: Linear, bits: number): Linear {
  const { atoms, facts } = scene;
  const size = 1n << BigInt(bits);
  const range = facts.rangeOf(form);
  const period = floorDivide(range.min, size);
  if (floorDivide(range.max, size) === period) return shifted(form, -period * size);
  const made = atoms.operationOf(form);
  const [inner, width] = made?.operands ?? [];
  if (made?.operator === "signed32" && inner && bits <= 32) return modulo(scene, inner, bits);
  if (made?.operator === "modulo" && inner && width && width.constant >= BigInt(bits)) return modulo(scene, inner, bits);
  // multiples of 2^bits in the form change nothing
  const rest: Linear = {
    terms: form.terms.filter(term => term.factor % size !== 0n),
    constant: form.constant - floorDivide(form.constant, size) * size,
  };
  if (rest.terms.length < form.terms.length) return modulo(scene, rest, bits);
  const result = atoms.operation("modulo", [form, constant(BigInt(bits))], unsigned(bits));
  if (range.min >= 0n) facts.assumeRange(difference(form, result), interval(0n, floorDivide(range.max, size) * size));
  return result;
}

export function toUnsigned32(scene: Scene, form: Linear): Linear {
  return modulo(scene, form, 32);
}

/** What JavaScript's bit operators make of a number; nothing else where it is that already. */
function asSigned32(scene: Scene, form: Linear): Linear {
  return within(scene.facts.rangeOf(form), signed(32)) ? form : toSigned32(scene, toUnsigned32(scene, form));
}

/** An unsigned 32-bit value read as signed. */
export function toSigned32(scene: Scene, form: Linear): Linear {
  const range = scene.facts.rangeOf(form);
  if (range.max < 1n << 31n) return form;
  if (range.min >= 1n << 31n) return shifted(form, -(1n << 32n));
  return scene.atoms.operation("signed32", [form], signed(32));
}

/** A sum; of what is left over and how often it went, as in `x % 65536 + x / 65536`, closer than each alone would tell. */
function foldedSum({ atoms, facts }: Scene, left: Linear, right: Linear): Linear {
  const result = sum(left, right);
  const [a, b] = [atoms.operationOf(left), atoms.operationOf(right)];
  const [over, times] = a?.operator === "remainder" ? [a, b] : [b, a];
  const [x, size] = over?.operands ?? [];
  const [y, divisor] = times?.operands ?? [];
  if (over?.operator !== "remainder" || times?.operator !== "divide" || !x || !y || !size || !divisor) return result;
  if (!isConstant(size) || size.constant <= 0n || !equal(x, y) || !equal(size, divisor)) return result;
  const { min, max } = facts.rangeOf(x);
  if (min < 0n) return result;
  const most = floorDivide(max, size.constant);
  const whole = most > 0n ? size.constant - 1n + most - 1n : 0n;
  facts.assumeRange(result, interval(0n, greatest(whole, max - most * size.constant + most)));
  return result;
}

function product(scene: Scene, left: Linear, right: Linear): Linear {
  if (isConstant(left)) return scaled(right, left.constant);
  if (isConstant(right)) return scaled(left, right.constant);
  return operation(scene, "multiply", [left, right], multiply);
}

function divideBy(scene: Scene, left: Linear, right: Linear): Linear {
  const { facts } = scene;
  const dividend = facts.rangeOf(left);
  const divisor = facts.rangeOf(right);
  if (contains(divisor, 0n)) return scene.atoms.operation("divide", [left, right], ANYTHING);
  if (isConstant(right) && divisible(left, right.constant)) return quotient(left, right.constant);
  const result = operation(scene, "divide", [left, right], divide);
  if (isConstant(right) && right.constant > 0n && dividend.min >= 0n) {
    // c·(x / c) is x, less what the division left over
    facts.assumeRange(addScaled(left, result, -right.constant), interval(0n, right.constant - 1n));
  } else if (dividend.min >= 0n && divisor.min > 0n) {
    facts.assumeRange(difference(left, result), interval(0n, dividend.max));
  }
  return result;
}

function remainderOf(scene: Scene, left: Linear, right: Linear): Linear {
  const { facts } = scene;
  const dividend = facts.rangeOf(left);
  const divisor = facts.rangeOf(right);
  if (contains(divisor, 0n)) return scene.atoms.operation("remainder", [left, right], ANYTHING);
  if (dividend.min >= 0n && facts.rangeOf(difference(right, left)).min > 0n) return left;
  const result = operation(scene, "remainder", [left, right], remainder);
  if (dividend.min >= 0n) {
    facts.assumeRange(difference(left, result), interval(0n, dividend.max));
    if (divisor.min > 0n) facts.assumeRange(difference(right, result), interval(1n, divisor.max));
  }
  return result;
}

function extreme(scene: Scene, operator: "min" | "max", left: Linear, right: Linear): Linear {
  const { facts } = scene;
  const gap = facts.rangeOf(difference(left, right));
  const least_ = operator === "min";
  if (gap.max <= 0n) return least_ ? left : right;
  if (gap.min >= 0n) return least_ ? right : left;
  const pick = least_ ? least : greatest;
  const result = operation(scene, least_ ? "minimum" : "maximum", [left, right], (a, b) =>
    interval(pick(a.min, b.min), pick(a.max, b.max)),
  );
  // between the two, and on the right side of each
  const [down, up] = [greatest(0n, -gap.min), greatest(0n, gap.max)];
  facts.assumeRange(difference(left, result), least_ ? interval(0n, up) : interval(-down, 0n));
  facts.assumeRange(difference(right, result), least_ ? interval(0n, down) : interval(-up, 0n));
  return result;
}

function bitwise32(scene: Scene, operator: "&" | "|" | "^", left: Linear, right: Linear): Linear {
  return toSigned32(scene, bitwise(scene, operator, toUnsigned32(scene, left), toUnsigned32(scene, right)));
}

function bitwiseWide(scene: Scene, operator: "&" | "|" | "^", domain: Domain, left: Linear, right: Linear): Linear {
  const bits = domain === "wide" ? 128 : 64;
  const word = unsigned(bits);
  const inside = [left, right].map(form => within(scene.facts.rangeOf(form), word));
  if (inside[0] && inside[1]) return bitwise(scene, operator, left, right);
  // a word that is certainly not negative cuts the other one to its own bits
  if (operator === "&" && (inside[0] || inside[1])) return bitwise(scene, "&", modulo(scene, left, bits), modulo(scene, right, bits));
  return scene.atoms.operation(ATOM_OPERATORS[operator], [left, right], ANYTHING);
}

const ATOM_OPERATORS = { "&": "and", "|": "or", "^": "xor" } as const satisfies Record<"&" | "|" | "^", AtomOperator>;

/** Both operands are not negative. */
function bitwise(scene: Scene, operator: "&" | "|" | "^", left: Linear, right: Linear): Linear {
  const { facts } = scene;
  if (isConstant(left) && !isConstant(right)) return bitwise(scene, operator, right, left);
  const a = facts.rangeOf(left);
  const b = facts.rangeOf(right);
  if (isPoint(a) && isPoint(b)) return constant(operator === "&" ? a.min & b.min : operator === "|" ? a.min | b.min : a.min ^ b.min);
  if (equal(left, right)) return operator === "^" ? constant(0n) : left;
  if (operator === "&") return conjunction(scene, left, right, a, b);
  if (isPoint(b) && b.min === 0n) return left;
  if (isPoint(a) && a.min === 0n) return right;
  // without a bit in common, both are the sum
  if (above(left, b) || above(right, a)) return sum(left, right);
  const most = onesAbove(greatest(a.max, b.max));
  const result = operation(scene, ATOM_OPERATORS[operator], [left, right], (x, y) => interval(0n, onesAbove(greatest(x.max, y.max))));
  facts.assumeRange(result, operator === "|" ? interval(greatest(a.min, b.min), most) : interval(0n, most));
  if (operator === "|") {
    facts.assumeRange(difference(result, left), interval(0n, b.max));
    facts.assumeRange(difference(result, right), interval(0n, a.max));
  }
  return result;
}

function conjunction(scene: Scene, left: Linear, right: Linear, a: Interval, b: Interval): Linear {
  const { facts } = scene;
  if (isPoint(b)) {
    const mask = b.min;
    if (mask === 0n) return constant(0n);
    // 0…01…1 is a modulus, and one of two may do the other's work
    if ((mask & (mask + 1n)) === 0n) return modulo(scene, left, mask.toString(2).length);
    const inner = scene.atoms.operationOf(left);
    const [x, m] = inner?.operands ?? [];
    if (inner?.operator === "and" && x && m && isConstant(m))
      return conjunction(scene, x, constant(m.constant & mask), facts.rangeOf(x), point(m.constant & mask));
    const result = operation(scene, "and", [left, right], (p, q) => interval(0n, least(p.max, q.max)));
    facts.assumeRange(difference(left, result), interval(0n, onesAbove(a.max) & ~mask));
    return result;
  }
  const result = operation(scene, "and", [left, right], (p, q) => interval(0n, least(p.max, q.max)));
  facts.assumeRange(difference(left, result), interval(0n, a.max));
  facts.assumeRange(difference(right, result), interval(0n, b.max));
  return result;
}

/** Whether the form has no bit at or below the highest that the other one can have. */
function above(form: Linear, other: Interval): boolean {
  return divisible(form, onesAbove(other.max) + 1n);
}

function shiftLeft32(scene: Scene, left: Linear, right: Linear): Linear {
  const count = scene.facts.rangeOf(count32(scene, right));
  const word = toUnsigned32(scene, left);
  if (isPoint(count)) return toSigned32(scene, modulo(scene, scaled(word, 1n << count.min), 32));
  const range = scene.facts.rangeOf(word);
  const result = scene.atoms.operation("shiftLeft", [word, count32(scene, right)], unsigned(63));
  scene.facts.assumeRange(result, interval(range.min << count.min, range.max << count.max));
  return toSigned32(scene, modulo(scene, result, 32));
}

function shiftLeftWide(scene: Scene, left: Linear, right: Linear): Linear {
  const count = scene.facts.rangeOf(right);
  if (isPoint(count) && count.min >= 0n && count.min < 128n) return scaled(left, 1n << count.min);
  if (count.min < 0n || count.max > 127n) return scene.atoms.operation("shiftLeft", [left, right], ANYTHING);
  return operation(scene, "shiftLeft", [left, right], (a, b) =>
    corners(a, interval(greatest(0n, least(b.min, 127n)), greatest(0n, least(b.max, 127n))), (x, y) => x << y),
  );
}

/** Arithmetic: rounds towards minus infinity. */
function shiftRight(scene: Scene, left: Linear, right: Linear): Linear {
  const { facts } = scene;
  const count = facts.rangeOf(right);
  if (count.min < 0n || count.max > 127n) return scene.atoms.operation("shiftRight", [left, right], ANYTHING);
  if (isPoint(count)) {
    const divisor = 1n << count.min;
    if (divisible(left, divisor)) return quotient(left, divisor);
    const result = operation(scene, "shiftRight", [left, constant(count.min)], a => interval(a.min >> count.min, a.max >> count.min));
    facts.assumeRange(addScaled(left, result, -divisor), interval(0n, divisor - 1n));
    return result;
  }
  return operation(scene, "shiftRight", [left, right], (a, b) =>
    corners(a, interval(greatest(0n, least(b.min, 127n)), greatest(0n, least(b.max, 127n))), (x, y) => x >> y),
  );
}

/** A number's shift count is taken modulo 32. */
function count32(scene: Scene, right: Linear): Linear {
  return modulo(scene, toUnsigned32(scene, right), 5);
}

/** An atom for an operation, with its interval everywhere and its narrower one here. */
function operation(
  scene: Scene,
  operator: AtomOperator,
  operands: readonly [Linear, Linear],
  rangeFor: (a: Interval, b: Interval) => Interval,
): Linear {
  const [left, right] = operands;
  const base = rangeFor(everywhere(scene, left), everywhere(scene, right));
  const result = scene.atoms.operation(operator, operands, base);
  scene.facts.assumeRange(result, rangeFor(scene.facts.rangeOf(left), scene.facts.rangeOf(right)));
  return result;
}

/** The interval of a form whatever the path. */
function everywhere({ atoms }: Scene, form: Linear): Interval {
  let range = point(form.constant);
  for (const term of form.terms) {
    const { base } = atoms.at(term.atom);
    range = add(
      range,
      corners(base, point(term.factor), (x, y) => x * y),
    );
  }
  return range;
}

/** Makes an expression and brings one into an interval, the ways a programmer would. */
import type { Random } from "../random.js";
import { code, type Part } from "../tree.js";
import { type Expression, inside, literal, topOf, type Value, value, whole } from "../value.js";

export function expression(sort: string, parts: readonly Part[], of: Value, from: readonly Expression[] = []): Expression {
  const children = from.filter(child => inside(child.value, of));
  return { kind: "fragment", sort, parts, value: of, simpler: [simplest(of), ...children] };
}

function simplest(of: Value): string {
  const near = of.min > 0n ? of.min : of.max < 0n ? of.max : 0n;
  return literal(of.kind, near);
}

export function constant(kind: Value["kind"], number: bigint): Expression {
  return { kind: "fragment", sort: "literal", parts: [literal(kind, number)], value: value(kind, number, number), simpler: [] };
}

/** The same expression, or one around it, whose value lies within `target`. */
export function fit(random: Random, e: Expression, target: Value): Expression {
  if (inside(e.value, target)) return e;
  switch (target.kind) {
    case "boolean":
      return e;
    case "wide":
      return expression("u128()", code`u128(${e})`, target);
    case "bigint":
      return fitBigint(random, e, target);
    case "number":
      return fitNumber(random, e, target);
  }
}

function fitNumber(random: Random, e: Expression, target: Value): Expression {
  const { min, max } = e.value;
  const choices: (() => Expression)[] = [];
  const within = (low: bigint, high: bigint) => value("number", low, high);
  if (target.min === 0n) {
    for (const bits of [8, 16, 32, 48] as const) {
      if (target.max === topOf(bits)) choices.push(() => expression(`u${bits}()`, [`u${bits}(`, e, ")"], whole(bits)));
    }
    if (min >= 0n) choices.push(() => expression("%", code`(${e} % ${literal("number", target.max + 1n)})`, within(0n, target.max)));
    if (fits32(e.value)) {
      const mask = largestMask(target.max);
      if (mask <= 0x7fff_ffffn) choices.push(() => expression("& mask", code`(${e} & ${literal("number", mask)})`, within(0n, mask)));
      if (target.max === topOf(32)) choices.push(() => expression(">>> 0", code`(${e} >>> 0)`, within(0n, topOf(32))));
    }
  }
  choices.push(() =>
    expression(
      "Math.min(Math.max())",
      code`Math.min(Math.max(${e}, ${literal("number", target.min)}), ${literal("number", target.max)})`,
      within(clamp(min, target), clamp(max, target)),
      [e],
    ),
  );
  return random.pick(choices)();
}

function fitBigint(random: Random, e: Expression, target: Value): Expression {
  const full = target.min === 0n && target.max === topOf(64);
  const exact = exactBigint(e);
  if (inside(exact.value, target)) return exact;
  if (full) return expression("u64()", code`u64(${e})`, target);
  const { min, max } = exact.value;
  const choices: (() => Expression)[] = [
    () =>
      expression(
        "max(min())",
        code`max(min(u64(${exact}), ${literal("bigint", target.max)}), ${literal("bigint", target.min)})`,
        value("bigint", clamp(min, target), clamp(max, target)),
      ),
  ];
  if (target.min === 0n) {
    choices.push(() => expression("bigint %", code`(${exact} % ${literal("bigint", target.max + 1n)})`, value("bigint", 0n, target.max)));
    choices.push(() =>
      expression(
        "bigint & mask",
        code`(${exact} & ${literal("bigint", largestMask(target.max))})`,
        value("bigint", 0n, largestMask(target.max)),
      ),
    );
  }
  return random.pick(choices)();
}

/** Without a doubt about wrapping: what comparison, division and right shift want. */
export function exactBigint(e: Expression): Expression {
  return inside(e.value, value("bigint", 0n, topOf(64))) ? e : expression("u64()", code`u64(${e})`, value("bigint", 0n, topOf(64)));
}

/** Operands of the bit operators: no wider than 32 bits. */
export function fits32(of: Value): boolean {
  return of.min >= -(2n ** 31n) && of.max <= topOf(32);
}

export function wrapped(random: Random, e: Expression, bits: 8 | 16 | 32 | 48 | 64 | 128): Expression {
  const target = whole(bits);
  return random.chance(0.8) && inside(e.value, target) ? e : fit(random, e, target);
}

function clamp(number: bigint, target: Value): bigint {
  return number < target.min ? target.min : number > target.max ? target.max : number;
}

function largestMask(max: bigint): bigint {
  let mask = 0n;
  while (mask * 2n + 1n <= max) mask = mask * 2n + 1n;
  return mask;
}

/**
 * Random programs, analysed and then run: no value outside its interval, no decided condition that turns out otherwise,
 * nothing dead that runs; and where nothing was reported, C's arithmetic by the types gives what JavaScript gives.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Generator, generator } from "../ir/generate.js";
import { interpret, Trap } from "../ir/interpret.js";
import type { Expr } from "../ir/ir.js";
import { type Analysis, analyse, type CType } from "./analyse.js";
import { domainOf } from "./domains.js";
import { LIMIT, showInterval } from "./interval.js";

/** C's value of an expression, from its operands' values in C, by the table of `ctype.ts`. */
function inC(analysis: Analysis, expr: Expr, machine: (expr: Expr) => bigint): bigint {
  const type = analysis.cType(expr);
  const operand = analysis.operandType(expr);
  switch (expr.op) {
    case "binary": {
      const a = cast(operand, machine(expr.left));
      const b = cast(operand, machine(expr.right));
      const number = expr.domain === "number";
      switch (expr.operator) {
        case "+":
          return cast(operand, a + b);
        case "-":
          return cast(operand, a - b);
        case "*":
          return cast(operand, a * b);
        case "/":
          return cast(operand, a / b);
        case "%":
          return cast(operand, a % b);
        case "&":
          return cast(type, a & b);
        case "|":
          return cast(type, a | b);
        case "^":
          return cast(type, a ^ b);
        case "<<":
          return cast(type, cast(operand, a << (b & (number ? 31n : 63n))));
        case ">>":
          return a >> (b & (number ? 31n : 63n));
        case ">>>":
          return a >> (b & 31n);
        case "imul":
          return cast(type, cast(operand, a * b));
        case "min":
          return a < b ? a : b;
        case "max":
          return a > b ? a : b;
      }
      break;
    }
    case "unary":
      return cast(type, expr.operator === "-" ? -cast(type, machine(expr.operand)) : cast(operand, ~cast(operand, machine(expr.operand))));
    case "wrap":
      return BigInt.asUintN(expr.bits, machine(expr.operand));
    case "convert":
      return cast(type, machine(expr.operand));
    case "compare": {
      const a = cast(operand, machine(expr.left));
      const b = cast(operand, machine(expr.right));
      return holds(analysis, expr, a, b, machine) ? 1n : 0n;
    }
    default:
      return machine(expr);
  }
}
function holds(analysis: Analysis, expr: Extract<Expr, { op: "compare" }>, a: bigint, b: bigint, machine: (expr: Expr) => bigint): boolean {
  const plain = { "==": a === b, "!=": a !== b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b }[expr.operator];
  if (!analysis.exactDifference.has(expr)) return plain;
  const word = (side: Expr): boolean => {
    const range = analysis.rangeOf(side);
    return range.min >= 0n && range.max < 1n << 64n;
  };
  const onLeft = !word(expr.left);
  const side = onLeft ? expr.left : expr.right;
  if (side.op !== "binary") throw new Error("an exact difference is a subtraction");
  const notNegative = machine(side.left) >= machine(side.right);
  const mirrored = ({ "<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!=" } as const)[expr.operator];
  const operator = onLeft ? expr.operator : mirrored;
  return operator === ">" || operator === ">=" || operator === "==" ? notNegative && plain : !notNegative || plain;
}
function cast(type: CType, value: bigint): bigint {
  switch (type) {
    case "bool":
      return value === 0n ? 0n : 1n;
    case "u32":
      return BigInt.asUintN(32, value);
    case "s32":
      return BigInt.asIntN(32, value);
    case "u64":
      return BigInt.asUintN(64, value);
    case "s64":
      return BigInt.asIntN(64, value);
    case "u128":
      return BigInt.asUintN(128, value);
  }
}

const PROGRAMS = Number(process.env.SOUNDNESS_PROGRAMS ?? 400);

test("no value is outside its interval, and C computes the same", () => {
  let compared = 0;
  let decisions = 0;
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const made = new Generator(seed).program();
    const analysis = analyse(made);
    const reported = new Set(analysis.problems.map(problem => problem.span.line));
    const pick = generator(seed);
    for (let round = 0; round < 12; round++) {
      const packet = Uint8Array.from({ length: 40 }, () => (pick(3) === 0 ? 0 : pick(4) === 0 ? 255 : pick(256)));
      const computed = new Map<Expr, bigint>();
      try {
        interpret(made, {
          packet,
          observe(expr, value) {
            computed.set(expr, value);
            const decided = analysis.decided(expr);
            const what = `seed ${seed}: ${expr.op} ${"operator" in expr ? expr.operator : ""}`;
            // the analysis stops counting there, and so far has refused
            if (value > LIMIT || value < -LIMIT) throw new Trap("without end");
            if (domainOf(expr) === "boolean") {
              if (decided !== undefined) {
                decisions++;
                assert.is(value, decided ? 1n : 0n, what);
              }
            } else {
              const range = analysis.rangeOf(expr);
              assert.ok(value >= range.min && value <= range.max, `${what}: ${value} is not in ${showInterval(range)}`);
            }
            if ("span" in expr && reported.has(expr.span.line)) throw new Trap("reported");
            compared++;
            const machine = (of: Expr): bigint => cast(analysis.cType(of), computed.get(of) ?? 0n);
            const c = inC(analysis, expr, machine);
            assert.is(c, machine(expr), `${what}: C gives ${c}, JavaScript ${value}`);
          },
        });
      } catch (error) {
        if (!(error instanceof Trap)) throw error;
      }
    }
  }
  assert.ok(compared > PROGRAMS * 100, `${compared} values were compared`);
  assert.ok(decisions > PROGRAMS, `${decisions} decided conditions were run`);
});

test.run();

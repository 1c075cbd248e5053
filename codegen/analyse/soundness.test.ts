/**
 * Random programs, analysed and then run: no value outside its interval, no decided condition that turns out otherwise,
 * nothing dead that runs; and where nothing was reported, C's arithmetic by the types gives what JavaScript gives.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as build from "../ir/build.js";
import { interpret, Trap } from "../ir/interpret.js";
import { type Expr, framePointer, type Local, type NumberOperator, type Program, type Statement } from "../ir/ir.js";
import { type Analysis, analyse, type CType } from "./analyse.js";
import { domainOf } from "./domains.js";
import { LIMIT, showInterval } from "./interval.js";

/** mulberry32 */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const CONSTANTS = [
  0n,
  1n,
  2n,
  3n,
  4n,
  7n,
  8n,
  14n,
  15n,
  16n,
  20n,
  31n,
  32n,
  40n,
  60n,
  100n,
  255n,
  256n,
  1500n,
  0xffffn,
  0x10000n,
  0xff00n,
  0x7fffffffn,
  0x80000000n,
  0xffffff00n,
  0xffffffffn,
];
const NUMBER_OPERATORS: readonly NumberOperator[] = [
  "+",
  "+",
  "-",
  "-",
  "*",
  "/",
  "%",
  "&",
  "&",
  "|",
  "^",
  "<<",
  ">>",
  ">>>",
  "imul",
  "min",
  "max",
];
const WORD_OPERATORS: readonly NumberOperator[] = ["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "min", "max"];
const COMPARES = ["==", "!=", "<", "<=", ">", ">="] as const;

class Generator {
  private readonly pick: (below: number) => number;
  constructor(seed: number) {
    this.pick = generator(seed);
  }
  private one<T>(of: readonly T[]): T {
    const item = of[this.pick(of.length)];
    if (item === undefined) throw new Error("nothing to choose from");
    return item;
  }

  program(): Program {
    const locals: Local[] = [];
    const body: Statement[] = [];
    for (let i = 0; i < 4; i++) body.push(this.load(locals));
    this.fill(body, locals, 10, 3);
    return build.program(...body);
  }

  private fill(body: Statement[], locals: Local[], count: number, depth: number): void {
    for (let i = 0; i < count; i++) body.push(...this.statement(locals, depth));
  }

  private load(locals: Local[]): Statement {
    const bits = this.one([8, 8, 16, 16, 32, 48, 64] as const);
    const to = build.local(`v${locals.length}`, bits === 64 ? "bigint" : "number");
    locals.push(to);
    return build.load(to, build.packetPlace(framePointer, 14 + 2 * this.pick(6), bits));
  }

  private statement(locals: Local[], depth: number): Statement[] {
    switch (this.pick(depth > 0 ? 9 : 5)) {
      case 0:
        return [this.load(locals)];
      case 1:
      case 2: {
        const domain = this.one(["number", "number", "bigint", "boolean"] as const);
        const to = build.local(`v${locals.length}`, domain);
        const value = this.expr(locals, domain, 2);
        locals.push(to);
        return [build.set(to, value)];
      }
      case 3: {
        const bits = this.one([8, 16, 32] as const);
        return [
          build.store(build.packetPlace(framePointer, 14 + 2 * this.pick(6), bits), build.wrap(bits, this.expr(locals, "number", 1))),
        ];
      }
      case 4: {
        const to = this.one(locals);
        // a value that one of two branches gives
        return [build.when(this.expr(locals, "boolean", 1), [build.set(to, this.expr(locals, to.domain, 1))])];
      }
      case 5:
      case 6:
      case 7: {
        const condition = this.expr(locals, "boolean", 2);
        const joined = build.local(`v${locals.length}`, this.one(["number", "boolean", "bigint"] as const));
        const arm = (): Statement[] => {
          const inner = [...locals];
          const body: Statement[] = [];
          this.fill(body, inner, this.pick(3), depth - 1);
          body.push(build.set(joined, this.expr(inner, joined.domain, 1)));
          return body;
        };
        const statement = build.when(condition, arm(), arm());
        locals.push(joined);
        return [statement];
      }
      default: {
        const done = build.label("done");
        const flag = build.local(`v${locals.length}`, "boolean");
        const value = build.local(`v${locals.length + 1}`);
        const give = (truth: boolean, inner: Local[]): Statement[] => [
          build.set(flag, build.bool(truth)),
          build.set(value, this.expr(inner, "number", 1)),
          build.leave(done),
        ];
        const body: Statement[] = [];
        const inner = [...locals];
        for (let i = 0; i < 2; i++) {
          this.fill(body, inner, 1, depth - 1);
          body.push(build.when(this.expr(inner, "boolean", 1), give(this.pick(2) === 0, inner)));
        }
        body.push(...give(false, inner).slice(0, 2));
        locals.push(flag, value);
        return [build.block(done, body)];
      }
    }
  }

  private expr(locals: readonly Local[], domain: "number" | "bigint" | "boolean" | "wide", depth: number): Expr {
    const own = locals.filter(local => local.domain === domain);
    if (domain === "boolean") {
      switch (this.pick(depth > 0 ? 6 : 3)) {
        case 0:
          if (own.length > 0) return build.get(this.one(own));
          break;
        case 3:
          return build.not(this.expr(locals, domain, depth - 1));
        case 4:
          return build.and(this.expr(locals, domain, depth - 1), this.expr(locals, domain, depth - 1));
        case 5:
          return build.or(this.expr(locals, domain, depth - 1), this.expr(locals, domain, depth - 1));
      }
      const operands = this.one(["number", "number", "bigint"] as const);
      return build.compare(this.one(COMPARES), this.expr(locals, operands, 1), this.expr(locals, operands, 1));
    }
    if (depth === 0 || this.pick(4) === 0) {
      if (own.length > 0 && this.pick(3) > 0) return build.get(this.one(own));
      return { op: "const", domain, value: this.one(CONSTANTS) };
    }
    if (this.pick(6) === 0) {
      if (domain === "bigint") return build.wrap(64, this.expr(locals, "bigint", depth - 1));
      return build.wrap(this.one([8, 16, 32] as const), this.expr(locals, this.one(["number", "bigint"] as const), depth - 1));
    }
    if (this.pick(10) === 0)
      return domain === "number"
        ? build.convert("number", this.expr(locals, "boolean", 1))
        : build.convert("bigint", this.expr(locals, "number", depth - 1));
    if (this.pick(10) === 0) return build.unary(this.one(["~", "-"] as const), this.expr(locals, domain, depth - 1), domain);
    const operator = this.one(domain === "number" ? NUMBER_OPERATORS : WORD_OPERATORS);
    return build.binary(operator, this.expr(locals, domain, depth - 1), this.expr(locals, domain, depth - 1), domain);
  }
}

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

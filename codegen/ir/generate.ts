/** Random programs of IR, for tests: integers, branches, joins, chains of checks, packet fields read, written and copied. */
import * as build from "./build.js";
import { type Expr, framePointer, frontPointer, type Local, type NumberOperator, type Place, type Program, type Statement } from "./ir.js";

/** mulberry32 */
export function generator(seed: number): (below: number) => number {
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

export class Generator {
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

  /** A program about memory above all: what the passes look for. */
  memoryProgram(): Program {
    const locals: Local[] = [];
    const body: Statement[] = [];
    const out = build.label("out");
    for (let i = 0; i < 12; i++) {
      switch (this.pick(8)) {
        case 0:
        case 1:
          body.push(...this.checks(locals, out));
          break;
        case 2:
        case 3:
        case 4:
          body.push(...this.fields(locals));
          break;
        case 5:
          if (locals.length > 0)
            body.push(
              build.when(this.expr(locals, "boolean", 1), [...this.fields([...locals]), ...(this.pick(2) ? [build.leave(out)] : [])]),
            );
          break;
        default:
          body.push(...this.fields(locals), ...this.fields(locals));
      }
    }
    const verdict = build.local("verdict");
    return build.program(
      build.set(verdict, build.num(1)),
      build.block(out, [...body, build.set(verdict, build.num(2))]),
      build.ret(build.get(verdict)),
    );
  }

  private anyPlace(): Place {
    const bits = this.one([8, 8, 16, 16, 32, 32, 48, 64] as const);
    const front = this.pick(4) === 0;
    const offset = front ? this.pick(12 - Math.min(12, bits / 8) + 1) : 12 + this.pick(20);
    const whole = build.packetPlace(front ? frontPointer : framePointer, offset, bits);
    const order = this.pick(3) === 0 ? "host" : "network";
    if (bits > 16 || this.pick(3) > 0) return { ...whole, scalar: { ...whole.scalar, order } };
    const width = 1 + this.pick(bits - 1);
    return { ...whole, scalar: { ...whole.scalar, order: "network", width, shift: this.pick(bits - width + 1) } };
  }

  private loadOf(locals: Local[], place: Place): { local: Local; statement: Statement } {
    const local = build.local(`m${locals.length}`, place.scalar.width > 48 ? "bigint" : "number");
    return { local, statement: build.load(local, place) };
  }
  private constantFor(place: Place): bigint {
    return BigInt.asUintN(
      place.scalar.width,
      this.one([0n, 0n, 1n, 5n, 0x45n, 0x0800n, 0xffffn, 0x0a000001n, 0x020000000009n, 0xffffffffffffffffn]),
    );
  }

  private checks(locals: Local[], out: ReturnType<typeof build.label>): Statement[] {
    const statements: Statement[] = [];
    const made: Local[] = [];
    for (let i = 0; i < 1 + this.pick(5); i++) {
      if (this.pick(4) === 0) {
        statements.push(build.when(build.not(build.bounds(framePointer, 32 + this.pick(12))), [build.leave(out)]));
        continue;
      }
      const place = this.anyPlace();
      const { local, statement } = this.loadOf(locals, place);
      const value: Expr = { op: "const", domain: local.domain, value: this.constantFor(place) };
      const equal = build.compare(this.pick(6) === 0 ? "==" : "!=", build.get(local), value);
      const condition = this.pick(4) === 0 && made[0] ? build.or(equal, this.expr(made, "boolean", 0)) : equal;
      statements.push(statement, build.when(condition, [build.leave(out)]));
      made.push(local);
    }
    locals.push(...made);
    return statements;
  }

  /** A field that is compared, looked at bit by bit and stored, and nothing else. */
  private address(): Statement[] {
    const bits = this.one([16, 32, 48, 48, 128] as const);
    const domain = bits === 128 ? "wide" : "number";
    const [a, b] = [build.local("a", domain), build.local("b", domain)];
    const from = 12 + this.pick(8);
    const constant = (): Expr => ({
      op: "const",
      domain,
      value: this.pick(2) ? 0n : BigInt.asUintN(bits, 0x01005e00_00090800_ffff0001_00000000n >> BigInt(this.pick(64))),
    });
    const shift = this.pick(bits / 8) * 8 + this.pick(7);
    const power = (of: number): Expr => build.num(1n << BigInt(of));
    const test = this.one([
      () => build.compare(this.one(["==", "!="] as const), build.get(a), constant()),
      () => build.compare(this.one(["==", "!="] as const), build.get(a), build.get(b)),
      () =>
        bits === 128
          ? build.compare("==", build.get(b), constant())
          : build.compare("==", build.binary("%", build.binary("/", build.get(a), power(shift)), power(1)), build.num(1)),
    ])();
    const body = [
      build.store(build.packetPlace(framePointer, 12 + this.pick(16), 8), build.num(this.pick(256))),
      build.store(build.packetPlace(framePointer, 12 + this.pick(16), bits), build.get(a)),
    ];
    return [
      build.load(a, build.packetPlace(framePointer, from, bits)),
      build.load(b, build.packetPlace(framePointer, 12 + this.pick(16), bits)),
      build.when(test, body.slice(0, 1 + this.pick(2))),
    ];
  }

  private fields(locals: Local[]): Statement[] {
    const place = this.anyPlace();
    switch (this.pick(5)) {
      case 4:
        return this.address();
      case 0: {
        const { local, statement } = this.loadOf(locals, place);
        locals.push(local);
        return [statement];
      }
      case 1: {
        // a field copied to another of the same kind
        const { local, statement } = this.loadOf(locals, place);
        const target = this.anyPlace();
        locals.push(local);
        const to: Place = { ...target, scalar: place.scalar };
        const fits = to.memory.kind === "packet" && to.memory.pointer === frontPointer ? to.offset + to.scalar.bytes <= 12 : true;
        return fits ? [statement, build.store(to, build.get(local))] : [statement];
      }
      default: {
        const domain = place.scalar.width > 48 ? "bigint" : "number";
        return [build.store(place, { op: "const", domain, value: this.constantFor(place) })];
      }
    }
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

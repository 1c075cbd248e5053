/**
 * What analysis knows is written into the program: constants, branches that are decided, statements that never run.
 * Obligations go: they were met. Loads of what a local holds, and pointers to where another one points, become those.
 */
import type { Analysis } from "../analyse/analyse.js";
import { domainOf, rangeOfDomain } from "../analyse/domains.js";
import type { Domain, Expr, Memory, Place, Pointer, Program, Statement } from "../ir/ir.js";
import { countLocals, mapBodies, mapExpressions, operandsOf, visitStatements } from "../ir/walk.js";
import { negate } from "./negate.js";

export interface FoldOptions {
  /** checks of packets and entries stay, also where they are decided: what decides them may yet be forgotten */
  readonly keepsChecks?: boolean;
}

export function fold(program: Program, analysis: Analysis, options: FoldOptions = {}): Program {
  const { writes } = countLocals(program.body);
  const folder = new Folder(analysis, id => writes.get(id) === 1, samePointers(program, analysis), options.keepsChecks === true);
  return { ...program, body: folder.all(program.body) };
}

/** Only pointers that are set once can stand for another: by id, with the pointer that is kept. */
function samePointers(program: Program, analysis: Analysis): ReadonlyMap<number, Pointer> {
  const set = new Map<number, { readonly pointer: Pointer; times: number }>();
  visitStatements(program.body, statement => {
    if (statement.kind !== "point") return;
    const known = set.get(statement.pointer.id) ?? { pointer: statement.pointer, times: 0 };
    known.times++;
    set.set(statement.pointer.id, known);
  });
  const same = new Map<number, Pointer>();
  for (const [id, other] of analysis.samePointer) {
    const kept = set.get(other);
    if (kept?.times === 1 && set.get(id)?.times === 1) same.set(id, same.get(other) ?? kept.pointer);
  }
  return same;
}

class Folder {
  private readonly analysis: Analysis;
  private readonly once: (local: number) => boolean;
  private readonly pointers: ReadonlyMap<number, Pointer>;
  private readonly keepsChecks: boolean;

  constructor(analysis: Analysis, once: (local: number) => boolean, pointers: ReadonlyMap<number, Pointer>, keepsChecks: boolean) {
    this.keepsChecks = keepsChecks;
    this.analysis = analysis;
    this.once = once;
    this.pointers = pointers;
  }

  all(body: readonly Statement[]): readonly Statement[] {
    return body.flatMap(statement => (!this.keepsChecks && this.analysis.dead.has(statement) ? [] : this.one(statement)));
  }

  private decided(expr: Expr): boolean | undefined {
    return this.keepsChecks && hasCheck(expr) ? undefined : this.analysis.decided(expr);
  }

  private one(statement: Statement): readonly Statement[] {
    switch (statement.kind) {
      case "fits":
      case "inRange":
        return [];
      case "if": {
        const decided = this.decided(statement.condition);
        if (decided !== undefined) return this.all(decided ? statement.then : statement.else);
        break;
      }
      case "load": {
        const holder = this.analysis.reloads.get(statement);
        if (!holder || !this.once(holder.id) || !this.once(statement.local.id)) break;
        return [{ kind: "let", local: statement.local, value: { op: "local", local: holder }, span: statement.span }];
      }
      case "point":
        if (this.pointers.has(statement.pointer.id)) return [];
        break;
      default:
        break;
    }
    const folded = mapExpressions(statement, expr => this.expr(expr));
    return [mapBodies(this.memory(folded), body => this.all(body))];
  }

  private expr(expr: Expr): Expr {
    const domain = domainOf(expr);
    if (domain === "boolean") {
      const decided = this.decided(expr);
      if (decided !== undefined) return constant(domain, decided ? 1n : 0n);
    } else {
      const { min, max } = this.analysis.rangeOf(expr);
      const all = rangeOfDomain(domain);
      if (min === max && min >= all.min && max <= all.max) return constant(domain, min);
    }
    switch (expr.op) {
      case "const":
      case "local":
        return { ...expr };
      case "binary": {
        const whole = this.within(expr);
        if (whole) return this.expr(whole);
        if (expr.operator === "+" && expr.domain === "number") {
          // a part that is nothing in this program
          if (this.isZero(expr.left)) return this.expr(expr.right);
          if (this.isZero(expr.right)) return this.expr(expr.left);
        }
        return { ...expr, left: this.expr(expr.left), right: this.expr(expr.right) };
      }
      case "compare":
        return { ...expr, left: this.expr(expr.left), right: this.expr(expr.right) };
      case "unary":
      case "wrap":
      case "convert":
        return { ...expr, operand: this.expr(expr.operand) };
      case "not":
        return negate(this.expr(expr.operand));
      case "and":
      case "or": {
        // A decided side settles the whole (which is not asked where checks are kept), or is left out.
        const [left, right] = [this.decided(expr.left), this.decided(expr.right)];
        const settles = expr.op === "or";
        if (left === settles || right === settles) return constant(domain, settles ? 1n : 0n);
        if (left !== undefined) return this.expr(expr.right);
        if (right !== undefined) return this.expr(expr.left);
        return { op: expr.op, left: this.expr(expr.left), right: this.expr(expr.right) };
      }
      case "bounds":
      case "present":
        return { ...expr, pointer: this.pointer(expr.pointer) };
    }
  }

  private isZero(expr: Expr): boolean {
    const { min, max } = this.analysis.rangeOf(expr);
    return min === 0n && max === 0n;
  }

  /** `x % n`, `x & ones` and `u32(x)`-like masks of what is smaller already: x itself. */
  private within({ operator, left, right }: Extract<Expr, { op: "binary" }>): Expr | undefined {
    if (right.op !== "const" || right.value <= 0n || (operator !== "%" && operator !== "&")) return undefined;
    const ones = right.value + 1n;
    if (operator === "&" && (right.value & ones) !== 0n) return undefined;
    const { min, max } = this.analysis.rangeOf(left);
    return min >= 0n && max < (operator === "%" ? right.value : ones) ? left : undefined;
  }

  private pointer(pointer: Pointer): Pointer {
    return this.pointers.get(pointer.id) ?? pointer;
  }

  private memory(statement: Statement): Statement {
    const memory = (of: Memory): Memory => (of.kind === "buffer" ? of : { ...of, pointer: this.pointer(of.pointer) });
    const place = (of: Place): Place => withConstantIndex({ ...of, memory: memory(of.memory) });
    switch (statement.kind) {
      case "load":
      case "store":
      case "atomicAdd":
      case "compareExchange":
        return { ...statement, place: place(statement.place) };
      case "copyPlace":
        return { ...statement, to: memory(statement.to), from: memory(statement.from) };
      case "alias":
        return statement.from === "null" ? statement : { ...statement, from: this.pointer(statement.from) };
      default:
        return statement;
    }
  }
}

function hasCheck(expr: Expr): boolean {
  return expr.op === "bounds" || expr.op === "present" || operandsOf(expr).some(hasCheck);
}

function withConstantIndex(place: Place): Place {
  const { index, ...rest } = place;
  if (index?.value.op !== "const" || index.value.value < 0n || index.value.value >= BigInt(index.length)) return place;
  return { ...rest, offset: place.offset + Number(index.value.value) * index.stride };
}

function constant(domain: Domain, value: bigint): Expr {
  return { op: "const", domain, value };
}

/** Takes out what has no effect: locals that no one reads, empty branches, blocks that no one leaves, jumps to where control goes anyway. */
import type { Program, Statement } from "../ir/ir.js";
import { assigned, countLocals, endsAway, leaves, mapBodies } from "../ir/walk.js";
import { negate } from "./negate.js";

export function prune(program: Program): Program {
  for (let before = program; ; ) {
    const { reads } = countLocals(before.body);
    const { body, changed } = new Pruner(reads).run(before.body);
    if (!changed) return before;
    before = { ...before, body };
  }
}

class Pruner {
  private changed = false;
  private readonly reads: ReadonlyMap<number, number>;

  constructor(reads: ReadonlyMap<number, number>) {
    this.reads = reads;
  }

  run(body: readonly Statement[]): { readonly body: readonly Statement[]; readonly changed: boolean } {
    const pruned = this.all(body, undefined);
    return { body: pruned, changed: this.changed };
  }

  /** `end`: the label whose block ends where this list does, so that leaving it is going on. */
  private all(body: readonly Statement[], end: number | undefined): readonly Statement[] {
    const kept: Statement[] = [];
    for (const [i, statement] of body.entries()) {
      const last = i === body.length - 1;
      kept.push(...this.one(statement, last ? end : undefined));
      if (!last && endsAway([statement])) {
        this.changed = true;
        break;
      }
    }
    const guarded = this.guard(kept);
    return end === undefined ? guarded : this.straighten(guarded, end);
  }

  /** `if (c) { much } return` where much goes away: `if (!c) return; much`, so that tests that lead to one place stand in a row. */
  private guard(body: readonly Statement[]): readonly Statement[] {
    const test = body.at(-2);
    const last = body.at(-1);
    if (test?.kind !== "if" || test.else.length > 0 || test.then.length < 2 || !last || !isExit(last) || !endsAway(test.then)) return body;
    this.changed = true;
    return [...body.slice(0, -2), { ...test, condition: negate(test.condition), then: [last] }, ...test.then];
  }

  /** `if (c) { x; leave }` in front of what goes away, at a block's end: `if (!c) { goes away } x`. */
  private straighten(body: readonly Statement[], end: number): readonly Statement[] {
    for (const [i, statement] of body.entries()) {
      const rest = body.slice(i + 1);
      if (statement.kind !== "if" || statement.else.length > 0 || rest.length === 0) continue;
      const last = statement.then.at(-1);
      if (last?.kind !== "leave" || last.label.id !== end || !endsAway(rest) || leaves(rest, end)) continue;
      this.changed = true;
      return [...body.slice(0, i), { ...statement, condition: negate(statement.condition), then: rest }, ...statement.then.slice(0, -1)];
    }
    return body;
  }

  private one(statement: Statement, end: number | undefined): readonly Statement[] {
    const local = assigned(statement);
    if (local && !this.reads.has(local.id) && isPure(statement)) return this.nothing();
    switch (statement.kind) {
      case "if": {
        const then = this.all(statement.then, end);
        const otherwise = this.all(statement.else, end);
        if (then.length === 0 && otherwise.length === 0) return this.nothing();
        if (then.length === 0) {
          this.changed = true;
          return [{ ...statement, condition: negate(statement.condition), then: otherwise, else: [] }];
        }
        // what stands beside a branch that goes away may stand behind it
        if (otherwise.length > 0 && endsAway(then)) {
          this.changed = true;
          return [{ ...statement, then, else: [] }, ...otherwise];
        }
        return [{ ...statement, then, else: otherwise }];
      }
      case "block": {
        const body = this.all(statement.body, statement.label.id);
        if (leaves(body, statement.label.id)) return [{ ...statement, body }];
        this.changed = true;
        return body;
      }
      case "forget":
        return this.reads.has(statement.local.id) ? [statement] : this.nothing();
      case "leave":
        return statement.label.id === end ? this.nothing() : [statement];
      default:
        return [mapBodies(statement, body => body)];
    }
  }

  private nothing(): readonly Statement[] {
    this.changed = true;
    return [];
  }
}

/** A jump, or the end. */
function isExit(statement: Statement): boolean {
  return statement.kind === "leave" || (statement.kind === "return" && statement.verdict.op === "const");
}

/** Whether a statement does nothing but assign its local. */
function isPure(statement: Statement): boolean {
  switch (statement.kind) {
    case "let":
    case "variable":
      return true;
    case "ambient":
      // each random number that is drawn changes the next
      return statement.what !== "random";
    case "load":
      // a guarded index may abort
      return !statement.place.index?.guarded;
    default:
      return false;
  }
}

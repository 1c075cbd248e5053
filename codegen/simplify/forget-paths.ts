/**
 * Long programs only: where paths meet, the verifier is made to forget by which it came, or it walks all that follows once
 * for each. What it knew of a number from one branch is of no use to it behind the join, as each offset is bounded and
 * each pointer checked where it is used.
 */
import type { Local, Program, Span, Statement } from "../ir/ir.js";
import { assigned, endsAway, expressionsOf, leaves, visitExpr, visitStatements } from "../ir/walk.js";
import { Liveness } from "./liveness.js";
import { trackedLocals } from "./tracked.js";

/** The same program with `forget` behind its joins, for each local that the verifier may know by its path and that is read later. */
export function forgetPaths(program: Program): Program {
  const liveness = new Liveness(program.body);
  const tracked = trackedLocals(program.body);
  const list = (body: readonly Statement[]): Converged => {
    const out: Statement[] = [];
    let pending = false;
    for (const [i, statement] of body.entries()) {
      const inner = inside(statement, list);
      out.push(inner.statement);
      pending ||= inner.pending || joins(statement);
      // where nothing branches before the next join, that one is early enough
      if (!pending || !body.slice(i + 1).some(branches)) continue;
      const live = liveness.after(statement);
      const known = [...knownByPath(statement).values()].filter(local => live.has(local.id) && tracked.has(local.id));
      out.push(...known.map(local => forget(local, statement.span)));
      pending = false;
    }
    return { body: out, pending };
  };
  return { ...program, body: list(program.body).body };
}

function forget(local: Local, span: Span): Statement {
  return { kind: "forget", local, span };
}

interface Converged {
  readonly body: readonly Statement[];
  /** paths met in it, and nothing was forgotten since */
  readonly pending: boolean;
}

function inside(statement: Statement, list: (body: readonly Statement[]) => Converged): { statement: Statement; pending: boolean } {
  if (statement.kind === "if") {
    const [then, otherwise] = [list(statement.then), list(statement.else)];
    return { statement: { ...statement, then: then.body, else: otherwise.body }, pending: then.pending || otherwise.pending };
  }
  if (statement.kind !== "block") return { statement, pending: false };
  const { body, pending } = list(statement.body);
  return { statement: { ...statement, body }, pending };
}

function branches(statement: Statement): boolean {
  return statement.kind === "if" || (statement.kind === "block" && statement.body.some(branches));
}

/** Whether several paths come out at a statement's end. */
function joins(statement: Statement): boolean {
  if (statement.kind === "if") return !endsAway(statement.then) && !endsAway(statement.else);
  return statement.kind === "block" && leaves(statement.body, statement.label.id);
}

/** The locals that are assigned inside a statement, or looked at by one of its conditions. */
function knownByPath(statement: Statement): ReadonlyMap<number, Local> {
  const found = new Map<number, Local>();
  visitStatements([statement], one => {
    const local = assigned(one);
    if (local) found.set(local.id, local);
    if (one.kind !== "if") return;
    for (const expr of expressionsOf(one)) {
      visitExpr(expr, node => {
        if (node.op === "local") found.set(node.local.id, node.local);
      });
    }
  });
  return found;
}

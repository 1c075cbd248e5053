/**
 * The locals whose value the verifier follows: what is compared, what becomes an offset, an index or an argument of a
 * helper, and what such values are computed from. What only goes into a packet or a map is any number to it.
 */
import type { Expr, Statement } from "../ir/ir.js";
import { assigned, expressionsOf, visitExpr, visitStatements } from "../ir/walk.js";

export function trackedLocals(body: readonly Statement[]): ReadonlySet<number> {
  const tracked = new Set<number>();
  const computedFrom = new Map<number, Set<number>>();
  visitStatements(body, statement => {
    const local = assigned(statement);
    const from = statement.kind === "let" && local ? sources(computedFrom, local.id) : tracked;
    for (const expr of tracedOf(statement)) addLocals(expr, from);
  });
  const waiting = [...tracked];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const source of computedFrom.get(id) ?? []) {
      if (tracked.has(source)) continue;
      tracked.add(source);
      waiting.push(source);
    }
  }
  return tracked;
}

function sources(computedFrom: Map<number, Set<number>>, id: number): Set<number> {
  const known = computedFrom.get(id) ?? new Set();
  computedFrom.set(id, known);
  return known;
}

/** A value that is stored, returned or declared to fit is not followed, the index of where it goes is. */
function tracedOf(statement: Statement): readonly Expr[] {
  switch (statement.kind) {
    case "store":
    case "atomicAdd":
      return statement.place.index ? [statement.place.index.value] : [];
    case "fits":
    case "inRange":
    case "setAmbient":
      return [];
    default:
      return expressionsOf(statement);
  }
}

function addLocals(expr: Expr, to: Set<number>): void {
  visitExpr(expr, node => {
    if (node.op === "local") to.add(node.local.id);
  });
}

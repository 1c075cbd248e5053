/** Which locals are still read at a statement and behind it: forks and joins need not carry the others. */
import type { Statement } from "../ir/ir.js";
import { bodiesOf, expressionsOf, visitExpr } from "../ir/walk.js";

export interface Lifetimes {
  /** whether a local is read by a statement that comes after this one and all inside it */
  isReadAfter(id: number, statement: Statement): boolean;
  /** whether a local is read by this statement, or inside it, or after it */
  isReadFrom(id: number, statement: Statement): boolean;
}

/** Programs have no loops, so the order of the text is the order of execution. */
export function lifetimesOf(body: readonly Statement[]): Lifetimes {
  const lastRead = new Map<number, number>();
  const starts = new Map<Statement, number>();
  const ends = new Map<Statement, number>();
  let position = 0;
  const walk = (statements: readonly Statement[]): void => {
    for (const statement of statements) {
      starts.set(statement, ++position);
      for (const id of readsOf(statement)) lastRead.set(id, position);
      for (const inner of bodiesOf(statement)) walk(inner);
      ends.set(statement, position);
    }
  };
  walk(body);
  return {
    isReadAfter: (id, statement) => (lastRead.get(id) ?? 0) > (ends.get(statement) ?? 0),
    isReadFrom: (id, statement) => (lastRead.get(id) ?? 0) >= (starts.get(statement) ?? 0),
  };
}

function readsOf(statement: Statement): readonly number[] {
  const ids: number[] = statement.kind === "forget" ? [statement.local.id] : [];
  for (const expr of expressionsOf(statement)) {
    visitExpr(expr, node => {
      if (node.op === "local") ids.push(node.local.id);
    });
  }
  return ids;
}

/**
 * An assignment that is read once goes to where it is read. Expressions are pure and read no memory, so it may pass any
 * statement that does not assign one of its own locals; those are assigned once.
 */
import type { Expr, Program, Statement } from "../ir/ir.js";
import { countLocals, forgottenLocals, mapBodies, mapExpr, mapExpressions, visitExpr } from "../ir/walk.js";

/** Expressions with more nodes than this are better read under a name. */
const MOST_NODES = 9;

export function substitute(program: Program): Program {
  const { reads, writes } = countLocals(program.body);
  const forgotten = forgottenLocals(program.body);
  const values = new Map<number, Expr>();
  const resolve = (expr: Expr): Expr => (expr.op === "local" ? (values.get(expr.local.id) ?? expr) : expr);
  const rebuild = (body: readonly Statement[]): readonly Statement[] =>
    body.flatMap(statement => {
      const own = mapExpressions(statement, expr => mapExpr(expr, resolve));
      if (
        own.kind === "let" &&
        !forgotten.has(own.local.id) &&
        reads.get(own.local.id) === 1 &&
        writes.get(own.local.id) === 1 &&
        isMovable(own.value)
      ) {
        values.set(own.local.id, own.value);
        return [];
      }
      return [mapBodies(own, rebuild)];
    });
  return { ...program, body: rebuild(program.body) };

  function isMovable(expr: Expr): boolean {
    let nodes = 0;
    let movable = true;
    visitExpr(expr, node => {
      nodes++;
      if (node.op === "bounds" || node.op === "present") movable = false;
      if (node.op === "local" && writes.get(node.local.id) !== 1) movable = false;
    });
    return movable && nodes <= MOST_NODES;
  }
}

/** Locals that are a constant or another local become that, wherever they are read. */
import type { Expr, Program, Statement } from "../ir/ir.js";
import { countLocals, forgottenLocals, mapBodies, mapExpr, mapExpressions, visitStatements } from "../ir/walk.js";

export function propagate(program: Program): Program {
  const { writes } = countLocals(program.body);
  const forgotten = forgottenLocals(program.body);
  const known = new Map<number, Expr>();
  visitStatements(program.body, statement => {
    if (statement.kind !== "let" || writes.get(statement.local.id) !== 1 || forgotten.has(statement.local.id)) return;
    const { value } = statement;
    if (value.op === "const") known.set(statement.local.id, value);
    if (value.op !== "local" || value.local.domain !== statement.local.domain || writes.get(value.local.id) !== 1) return;
    // statements come in order, so what it is a copy of has been resolved
    known.set(statement.local.id, known.get(value.local.id) ?? value);
  });
  if (known.size === 0) return program;
  const resolve = (expr: Expr): Expr => {
    const value = expr.op === "local" ? known.get(expr.local.id) : undefined;
    return value ? { ...value } : expr;
  };
  const rebuild = (body: readonly Statement[]): readonly Statement[] =>
    body.flatMap(statement =>
      statement.kind === "let" && known.has(statement.local.id)
        ? []
        : [
            mapBodies(
              mapExpressions(statement, expr => mapExpr(expr, resolve)),
              rebuild,
            ),
          ],
    );
  return { ...program, body: rebuild(program.body) };
}

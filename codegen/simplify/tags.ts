/** What is asked of tags in a program, and ways through it on which that is decided. */
import type { Expr, Program, Statement } from "../ir/ir.js";
import { mapBodies, visitStatements } from "../ir/walk.js";

/** Asks whether there is a tag. */
export type Present = Extract<Statement, { kind: "ambient" }>;

/** The one place that asks whether there is a tag, where nothing asks for more or sets one. */
export function presentOf(program: Program): Present | undefined {
  let found: Present | undefined;
  let others = 0;
  visitStatements(program.body, statement => {
    if (statement.kind === "move" && (statement.move.kind === "vlanSet" || statement.move.kind === "vlanPop")) others++;
    if (statement.kind !== "ambient" || !statement.what.startsWith("vlan")) return;
    if (statement.what === "vlanPresent" && !found) found = statement;
    else others++;
  });
  return others === 0 ? found : undefined;
}

/** Statements of a program for packets without a tag. */
export function neverTagged(body: readonly Statement[], present: Present): readonly Statement[] {
  const { local, span } = present;
  const none: Statement = { kind: "let", local, value: { op: "const", domain: "number", value: 0n }, span };
  const replaced = (statements: readonly Statement[]): readonly Statement[] =>
    statements.map(statement => (statement === present ? none : mapBodies(statement, replaced)));
  return replaced(body);
}

/** Where a way through a program goes on: at a statement of a body, and behind the body at another. */
export interface Behind {
  readonly body: readonly Statement[];
  readonly from: number;
  readonly then: Behind | undefined;
}

/** The value of an expression where that of some locals is known. */
export function constantOf(expr: Expr, known: ReadonlyMap<number, bigint>): bigint | undefined {
  switch (expr.op) {
    case "const":
      return expr.value;
    case "local":
      return known.get(expr.local.id);
    case "not": {
      const operand = constantOf(expr.operand, known);
      return operand === undefined ? undefined : operand === 0n ? 1n : 0n;
    }
    case "and":
    case "or": {
      const stop = expr.op === "or";
      const sides = [constantOf(expr.left, known), constantOf(expr.right, known)];
      if (sides.some(side => side !== undefined && (side !== 0n) === stop)) return stop ? 1n : 0n;
      return sides.includes(undefined) ? undefined : stop ? 0n : 1n;
    }
    case "compare": {
      const [left, right] = [constantOf(expr.left, known), constantOf(expr.right, known)];
      if (left === undefined || right === undefined) return undefined;
      if (expr.operator === "==") return left === right ? 1n : 0n;
      if (expr.operator === "!=") return left !== right ? 1n : 0n;
      return undefined;
    }
    default:
      return undefined;
  }
}

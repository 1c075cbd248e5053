/** Which locals become packet offsets. */
import type { Expr, Statement } from "../ir/ir.js";

/** The ids of all locals that a `point` statement's offset depends on. */
export function offsetLocals(body: readonly Statement[]): Set<number> {
  const feeds = new Map<number, number[]>();
  const wanted: number[] = [];
  visit(body, statement => {
    if (statement.kind === "point") wanted.push(...localsIn(statement.offset));
    if (statement.kind === "let") feeds.set(statement.local.id, [...(feeds.get(statement.local.id) ?? []), ...localsIn(statement.value)]);
  });
  const found = new Set<number>();
  for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    wanted.push(...(feeds.get(next) ?? []));
  }
  return found;
}

function visit(body: readonly Statement[], act: (statement: Statement) => void): void {
  for (const statement of body) {
    act(statement);
    if (statement.kind === "if") {
      visit(statement.then, act);
      visit(statement.else, act);
    } else if (statement.kind === "block") visit(statement.body, act);
  }
}

function localsIn(expr: Expr): number[] {
  switch (expr.op) {
    case "local":
      return [expr.local.id];
    case "binary":
      return [...localsIn(expr.left), ...localsIn(expr.right)];
    case "unary":
    case "wrap":
    case "convert":
      return localsIn(expr.operand);
    default:
      return [];
  }
}

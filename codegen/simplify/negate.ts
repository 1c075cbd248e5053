/** The opposite of a condition, without a `not` where a comparison or another `not` can do it. */
import type { CompareOperator, Expr } from "../ir/ir.js";

const OPPOSITE = { "==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">" } as const satisfies Record<
  CompareOperator,
  CompareOperator
>;

export function negate(condition: Expr): Expr {
  if (condition.op === "not") return condition.operand;
  if (condition.op === "compare") return { ...condition, operator: OPPOSITE[condition.operator] };
  return { op: "not", operand: condition };
}

/** What an expression stands for: an integer as a linear form, or a truth as a condition on such forms. Both never change. */
import { constant, difference, equal, isConstant, type Linear, scaled, shifted } from "./linear.js";

export type Value = { readonly kind: "integer"; readonly form: Linear } | { readonly kind: "truth"; readonly condition: Condition };

export type Condition =
  | { readonly op: "constant"; readonly value: boolean }
  /** `form <= 0`, `form == 0` */
  | { readonly op: "compare"; readonly relation: "<=" | "=="; readonly form: Linear }
  | { readonly op: "not"; readonly operand: Condition }
  | { readonly op: "and" | "or"; readonly left: Condition; readonly right: Condition };

export const TRUE: Condition = { op: "constant", value: true };
export const FALSE: Condition = { op: "constant", value: false };

export function integer(form: Linear): Value {
  return { kind: "integer", form };
}
export function truth(condition: Condition): Value {
  return { kind: "truth", condition };
}

export function lessOrEqual(left: Linear, right: Linear): Condition {
  return compare("<=", difference(left, right));
}
export function less(left: Linear, right: Linear): Condition {
  return compare("<=", shifted(difference(left, right), 1n));
}
export function equals(left: Linear, right: Linear): Condition {
  return compare("==", difference(left, right));
}
function compare(relation: "<=" | "==", form: Linear): Condition {
  if (!isConstant(form)) return { op: "compare", relation, form };
  return (relation === "<=" ? form.constant <= 0n : form.constant === 0n) ? TRUE : FALSE;
}
export function not(operand: Condition): Condition {
  if (operand.op === "constant") return operand.value ? FALSE : TRUE;
  return operand.op === "not" ? operand.operand : { op: "not", operand };
}
export function both(left: Condition, right: Condition): Condition {
  if (left.op === "constant") return left.value ? right : FALSE;
  if (right.op === "constant") return right.value ? left : FALSE;
  return { op: "and", left, right };
}
export function either(left: Condition, right: Condition): Condition {
  if (left.op === "constant") return left.value ? TRUE : right;
  if (right.op === "constant") return right.value ? TRUE : left;
  return { op: "or", left, right };
}
/** The truth of an integer that is 0 or 1. */
export function isOne(form: Linear): Condition {
  return equals(form, constant(1n));
}

export function sameValue(a: Value, b: Value): boolean {
  if (a.kind === "integer") return b.kind === "integer" && equal(a.form, b.form);
  return b.kind === "truth" && sameCondition(a.condition, b.condition);
}
function sameCondition(a: Condition, b: Condition): boolean {
  if (a === b) return true;
  switch (a.op) {
    case "constant":
      return b.op === "constant" && a.value === b.value;
    case "compare":
      return (
        b.op === "compare" &&
        a.relation === b.relation &&
        (equal(a.form, b.form) || (a.relation === "==" && equal(scaled(a.form, -1n), b.form)))
      );
    case "not":
      return b.op === "not" && sameCondition(a.operand, b.operand);
    case "and":
    case "or":
      return b.op === a.op && sameCondition(a.left, b.left) && sameCondition(a.right, b.right);
  }
}

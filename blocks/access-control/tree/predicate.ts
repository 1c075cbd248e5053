/** A condition for the packets of one family, as ranges of fields. */
import { type Field, greatest } from "./field.js";

/** `cut`: the packet ended before it was decided. It goes through `not` unchanged and ends `and` and `or`. */
export type Truth = true | false | "cut";

export type Predicate =
  | { readonly kind: "constant"; readonly value: Truth }
  | { readonly kind: "and" | "or"; readonly left: Predicate; readonly right: Predicate }
  | { readonly kind: "not"; readonly operand: Predicate }
  /** both ends included; a value of `cutFrom` and above is `cut` */
  | { readonly kind: "within"; readonly field: Field; readonly first: number; readonly last: number; readonly cutFrom: number };

export const always: Predicate = { kind: "constant", value: true };
export const never: Predicate = { kind: "constant", value: false };
export const cutShort: Predicate = { kind: "constant", value: "cut" };

/** `cutFrom` left out: the field is always there. */
export function within(field: Field, first: number, last: number, cutFrom: number = greatest(field) + 1): Predicate {
  if (first > last) return cutFrom > greatest(field) ? never : { kind: "within", field, first: 1, last: 0, cutFrom };
  return { kind: "within", field, first, last, cutFrom };
}

export function and(left: Predicate, right: Predicate): Predicate {
  if (left.kind === "constant") return left.value === true ? right : left;
  if (right.kind === "constant" && right.value === true) return left;
  return { kind: "and", left, right };
}
export function or(left: Predicate, right: Predicate): Predicate {
  if (left.kind === "constant") return left.value === false ? right : left;
  if (right.kind === "constant" && right.value === false) return left;
  return { kind: "or", left, right };
}
export function negated(operand: Predicate): Predicate {
  if (operand.kind !== "constant") return { kind: "not", operand };
  return operand.value === "cut" ? operand : { kind: "constant", value: !operand.value };
}

/** What the predicate is for given values of its fields. */
export function truth(predicate: Predicate, valueFor: (field: Field) => number): Truth {
  switch (predicate.kind) {
    case "constant":
      return predicate.value;
    case "and": {
      const left = truth(predicate.left, valueFor);
      return left === true ? truth(predicate.right, valueFor) : left;
    }
    case "or": {
      const left = truth(predicate.left, valueFor);
      return left === false ? truth(predicate.right, valueFor) : left;
    }
    case "not": {
      const operand = truth(predicate.operand, valueFor);
      return operand === "cut" ? operand : !operand;
    }
    case "within": {
      const value = valueFor(predicate.field);
      return value >= predicate.cutFrom ? "cut" : value >= predicate.first && value <= predicate.last;
    }
  }
}

/** Calls `visit` with every field that is tested. */
export function eachField(predicate: Predicate, visit: (field: Field) => void): void {
  switch (predicate.kind) {
    case "constant":
      return;
    case "and":
    case "or":
      eachField(predicate.left, visit);
      eachField(predicate.right, visit);
      return;
    case "not":
      eachField(predicate.operand, visit);
      return;
    case "within":
      visit(predicate.field);
  }
}

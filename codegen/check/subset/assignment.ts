/** What may be assigned to: the function's own variables, and the fields of views. The rest was fixed when the build was done. */
import { ts } from "ts-morph";
import { withoutParentheses } from "./conditions.js";
import type { Subset } from "./subset.js";
import { isBuildTimeObject } from "./types.js";

const instead = "keep what changes in a map, a counter or a setting";

export function assign(target: ts.Expression, at: ts.Node, subset: Subset): void {
  const place = withoutParentheses(target);
  if (ts.isIdentifier(place)) {
    const declaration = subset.symbolOf(place)?.valueDeclaration;
    if (declaration !== undefined && subset.isOutside(declaration)) {
      subset.refuse("DP1115", at, `\`${place.text}\` belongs to the build: it is a constant to every packet`, instead);
    } else if (ts.isGetAccessorDeclaration(subset.declaration) && declaration === undefined) {
      subset.refuse("DP1126", at, "a getter that changes something");
    }
    return;
  }
  if (ts.isPropertyAccessExpression(place) || ts.isElementAccessExpression(place)) {
    if (ts.isGetAccessorDeclaration(subset.declaration) && !isOwnLocal(place.expression, subset)) {
      subset.refuse("DP1126", at, "a getter only looks: this one would change something whenever it is read", "make it a method");
      return;
    }
    if (!ts.isConstructorDeclaration(subset.declaration) && isBuildTime(place, subset)) {
      subset.refuse("DP1115", at, `\`${place.getText()}\` belongs to the build: it is a constant to every packet`, instead);
    }
  }
  // Patterns ([a, b] = …) are checked by what stands in them.
}

function isBuildTime(place: ts.PropertyAccessExpression | ts.ElementAccessExpression, subset: Subset): boolean {
  const owner = withoutParentheses(place.expression);
  const type = subset.typeOf(owner);
  if (isBuildTimeObject(type)) return true;
  if (type.getConstructSignatures().length > 0) return true;
  // A list or table that was made at build time: reached through `this` or a module's name.
  return (subset.checker.isArrayType(type) || subset.checker.isTupleType(type)) && !isOwnLocal(owner, subset);
}

/** Whether an expression begins with a variable of the function itself. */
function isOwnLocal(expression: ts.Expression, subset: Subset): boolean {
  const inner = withoutParentheses(expression);
  if (ts.isPropertyAccessExpression(inner) || ts.isElementAccessExpression(inner)) return isOwnLocal(inner.expression, subset);
  if (!ts.isIdentifier(inner)) return false;
  const declaration = subset.symbolOf(inner)?.valueDeclaration;
  return declaration !== undefined && !subset.isOutside(declaration);
}

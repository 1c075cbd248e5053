/** Truthiness: of booleans, views and undefined only, since 0 is falsy and a value that is zero is not one that is missing. */
import { ts } from "ts-morph";
import type { Subset } from "./subset.js";
import { isScalar, isStringLike, presentParts } from "./types.js";

/** Checks an expression whose truth is asked. Both sides of `&&` and `||` are rules of their own, see operators. */
export function testTruth(node: ts.Expression, subset: Subset): void {
  const expression = withoutParentheses(node);
  if (ts.isBinaryExpression(expression) && isLogical(expression.operatorToken.kind)) {
    // The left side is tested by the operator's own rule.
    if (expression.operatorToken.kind !== ts.SyntaxKind.QuestionQuestionToken) testTruth(expression.right, subset);
    return;
  }
  if (ts.isConditionalExpression(expression)) {
    testTruth(expression.whenTrue, subset);
    testTruth(expression.whenFalse, subset);
    return;
  }
  const type = subset.typeOf(expression);
  if (!isScalar(type)) return;
  const text = expression.getText();
  const zero = isStringLike(type)
    ? '""'
    : presentParts(type).some(part => (part.flags & ts.TypeFlags.BigIntLike) !== 0) || bigintFlavour(type)
      ? "0n"
      : "0";
  const mayBeMissing = presentParts(type).length < (type.isUnion() ? type.types.length : 1);
  if (mayBeMissing) {
    subset.refuse(
      "DP1140",
      expression,
      `\`${short(text)}\` is false for ${zero} as well as for undefined`,
      `write \`${short(text)} !== undefined\``,
    );
  } else {
    const operand = isSimple(expression) ? short(text) : `(${short(text)})`;
    subset.refuse("DP1140", expression, `\`${short(text)}\` is a value, not a condition`, `write \`${operand} !== ${zero}\``);
  }
}

function bigintFlavour(type: ts.Type): boolean {
  return presentParts(type).some(part => part.isIntersection() && part.types.some(inner => (inner.flags & ts.TypeFlags.BigIntLike) !== 0));
}

export function isLogical(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken || kind === ts.SyntaxKind.QuestionQuestionToken
  );
}

export function withoutParentheses(node: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(node) ? withoutParentheses(node.expression) : node;
}

function isSimple(node: ts.Expression): boolean {
  return ts.isIdentifier(node) || ts.isPropertyAccessExpression(node) || ts.isCallExpression(node) || ts.isElementAccessExpression(node);
}

function short(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

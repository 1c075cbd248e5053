/** Which operators are datapath code, by their token. */
import { ts } from "ts-morph";
import { assign } from "./assignment.js";
import { testTruth } from "./conditions.js";
import { type Rule, rule, type Subset, type Visit } from "./subset.js";
import { isNumeric, isStringLike, isVerdict, isView, presentParts } from "./types.js";

type OperatorRule = (node: ts.BinaryExpression, subset: Subset, visit: Visit) => void;

const both: OperatorRule = (node, _subset, visit) => {
  visit(node.left);
  visit(node.right);
};

const arithmetic: OperatorRule = (node, subset, visit) => {
  if (isStringLike(subset.typeOf(node))) subset.refuse("DP1111", node, "this text would be put together for each packet");
  else both(node, subset, visit);
};

const identity: OperatorRule = (node, subset, visit) => {
  if (isObject(subset.typeOf(node.left)) && isObject(subset.typeOf(node.right))) {
    subset.refuse(
      "DP1141",
      node,
      `\`${node.operatorToken.getText()}\` between views asks whether they are the same object, not whether they hold the same`,
    );
  }
  both(node, subset, visit);
};

/** A view, or a union of views. Verdicts and constant objects are themselves, so they may be compared. */
function isObject(type: ts.Type): boolean {
  const parts = presentParts(type);
  return parts.length > 0 && parts.every(part => isView(part) && !isVerdict(part));
}

const logical: OperatorRule = (node, subset, visit) => {
  testTruth(node.left, subset);
  both(node, subset, visit);
};

const loose: OperatorRule = (node, subset, visit) => {
  const exact = `${node.operatorToken.getText()}=`;
  subset.refuse("DP1120", node, `\`${node.operatorToken.getText()}\` converts before it compares`, `write \`${exact}\``);
  both(node, subset, visit);
};

const assignment: OperatorRule = (node, subset, visit) => {
  assign(node.left, node, subset);
  if (node.operatorToken.kind === ts.SyntaxKind.PlusEqualsToken && isStringLike(subset.typeOf(node.left))) {
    subset.refuse("DP1111", node, "this text would be put together for each packet");
  }
  if (
    node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandEqualsToken ||
    node.operatorToken.kind === ts.SyntaxKind.BarBarEqualsToken
  ) {
    testTruth(node.left, subset);
  }
  both(node, subset, visit);
};

const binary: Partial<Record<ts.BinaryOperator, OperatorRule>> = {
  [ts.SyntaxKind.PlusToken]: arithmetic,
  [ts.SyntaxKind.MinusToken]: both,
  [ts.SyntaxKind.AsteriskToken]: both,
  [ts.SyntaxKind.AsteriskAsteriskToken]: both,
  [ts.SyntaxKind.SlashToken]: both,
  [ts.SyntaxKind.PercentToken]: both,
  [ts.SyntaxKind.AmpersandToken]: both,
  [ts.SyntaxKind.BarToken]: both,
  [ts.SyntaxKind.CaretToken]: both,
  [ts.SyntaxKind.LessThanLessThanToken]: both,
  [ts.SyntaxKind.GreaterThanGreaterThanToken]: both,
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken]: both,
  [ts.SyntaxKind.LessThanToken]: both,
  [ts.SyntaxKind.LessThanEqualsToken]: both,
  [ts.SyntaxKind.GreaterThanToken]: both,
  [ts.SyntaxKind.GreaterThanEqualsToken]: both,
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: identity,
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: identity,
  [ts.SyntaxKind.EqualsEqualsToken]: loose,
  [ts.SyntaxKind.ExclamationEqualsToken]: loose,
  [ts.SyntaxKind.AmpersandAmpersandToken]: logical,
  [ts.SyntaxKind.BarBarToken]: logical,
  [ts.SyntaxKind.QuestionQuestionToken]: both,
  [ts.SyntaxKind.InstanceOfKeyword]: both,
  [ts.SyntaxKind.EqualsToken]: assignment,
  [ts.SyntaxKind.PlusEqualsToken]: assignment,
  [ts.SyntaxKind.MinusEqualsToken]: assignment,
  [ts.SyntaxKind.AsteriskEqualsToken]: assignment,
  [ts.SyntaxKind.AsteriskAsteriskEqualsToken]: assignment,
  [ts.SyntaxKind.SlashEqualsToken]: assignment,
  [ts.SyntaxKind.PercentEqualsToken]: assignment,
  [ts.SyntaxKind.AmpersandEqualsToken]: assignment,
  [ts.SyntaxKind.BarEqualsToken]: assignment,
  [ts.SyntaxKind.CaretEqualsToken]: assignment,
  [ts.SyntaxKind.LessThanLessThanEqualsToken]: assignment,
  [ts.SyntaxKind.GreaterThanGreaterThanEqualsToken]: assignment,
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanEqualsToken]: assignment,
  [ts.SyntaxKind.AmpersandAmpersandEqualsToken]: assignment,
  [ts.SyntaxKind.BarBarEqualsToken]: assignment,
  [ts.SyntaxKind.QuestionQuestionEqualsToken]: assignment,
  [ts.SyntaxKind.InKeyword]: (node, subset) => subset.refuse("DP1117", node, "`in` asks for a property by name at run time"),
  [ts.SyntaxKind.CommaToken]: (node, subset) => subset.refuse("DP1122", node, "the comma operator throws its left side away"),
};

const unary: Partial<Record<ts.PrefixUnaryOperator, (node: ts.PrefixUnaryExpression, subset: Subset) => void>> = {
  [ts.SyntaxKind.ExclamationToken]: (node, subset) => testTruth(node.operand, subset),
  [ts.SyntaxKind.MinusToken]: () => {},
  [ts.SyntaxKind.TildeToken]: () => {},
  [ts.SyntaxKind.PlusToken]: (node, subset) => {
    if (!isNumeric(subset.typeOf(node.operand)))
      subset.refuse("DP1120", node, "`+` converts its operand to a number", "write `x ? 1 : 0` for a boolean");
  },
  [ts.SyntaxKind.PlusPlusToken]: (node, subset) => assign(node.operand, node, subset),
  [ts.SyntaxKind.MinusMinusToken]: (node, subset) => assign(node.operand, node, subset),
};

export const operatorRules: Partial<Record<ts.SyntaxKind, Rule>> = {
  [ts.SyntaxKind.BinaryExpression]: rule(ts.isBinaryExpression, (node, subset, visit) => {
    const operator = binary[node.operatorToken.kind];
    if (operator === undefined) subset.refuse("DP1150", node, `\`${node.operatorToken.getText()}\` is not part of the language`);
    else operator(node, subset, visit);
  }),
  [ts.SyntaxKind.PrefixUnaryExpression]: rule(ts.isPrefixUnaryExpression, (node, subset, visit) => {
    unary[node.operator]?.(node, subset);
    visit(node.operand);
  }),
  [ts.SyntaxKind.PostfixUnaryExpression]: rule(ts.isPostfixUnaryExpression, (node, subset, visit) => {
    assign(node.operand, node, subset);
    visit(node.operand);
  }),
  [ts.SyntaxKind.ConditionalExpression]: rule(ts.isConditionalExpression, (node, subset, visit) => {
    testTruth(node.condition, subset);
    visit(node.condition);
    visit(node.whenTrue);
    visit(node.whenFalse);
  }),
};

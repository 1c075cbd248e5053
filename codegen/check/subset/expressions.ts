/** Which expressions are datapath code. Names of JavaScript's own world are in globals.ts, operators in operators.ts. */
import { ts } from "ts-morph";
import { withoutParentheses } from "./conditions.js";
import { useOfGlobal } from "./globals.js";
import { fine, inside, type Rule, refused, rule, type Subset } from "./subset.js";
import { isStringLike, some, widthsOf } from "./types.js";

const access = (name: ts.Node, owner: ts.Expression, subset: Subset): void => {
  if (isStringLike(subset.typeOf(owner))) subset.refuse("DP1111", name, "text is not worked on for each packet");
};

export const expressionRules: Partial<Record<ts.SyntaxKind, Rule>> = {
  [ts.SyntaxKind.NumericLiteral]: fine,
  [ts.SyntaxKind.BigIntLiteral]: fine,
  [ts.SyntaxKind.TrueKeyword]: fine,
  [ts.SyntaxKind.FalseKeyword]: fine,
  [ts.SyntaxKind.ThisKeyword]: fine,
  [ts.SyntaxKind.SuperKeyword]: fine,
  [ts.SyntaxKind.PrivateIdentifier]: fine,
  // A text that stands there is a build-time constant: a drop's reason, a name that an option is compared with.
  [ts.SyntaxKind.StringLiteral]: fine,
  [ts.SyntaxKind.NoSubstitutionTemplateLiteral]: fine,
  [ts.SyntaxKind.Identifier]: rule(ts.isIdentifier, useOfGlobal),
  [ts.SyntaxKind.ParenthesizedExpression]: inside,
  [ts.SyntaxKind.SatisfiesExpression]: inside,
  [ts.SyntaxKind.VoidExpression]: inside,
  [ts.SyntaxKind.PropertyAccessExpression]: rule(ts.isPropertyAccessExpression, (node, subset, visit) => {
    if (refuseAny(node, subset)) return;
    access(node.name, node.expression, subset);
    visit(node.expression);
  }),
  [ts.SyntaxKind.ElementAccessExpression]: rule(ts.isElementAccessExpression, (node, subset, visit) => {
    if (refuseAny(node, subset)) return;
    const owner = subset.typeOf(node.expression);
    const index = subset.typeOf(node.argumentExpression);
    const literal = index.isLiteral() || ts.isNumericLiteral(node.argumentExpression);
    const indexed = subset.checker.getIndexInfoOfType(owner, ts.IndexKind.Number) !== undefined && !isStringLike(index);
    if (isStringLike(owner)) access(node, node.expression, subset);
    else if (!literal && !indexed) subset.refuse("DP1114", node.argumentExpression, "the name of this property is only known at run time");
    visit(node.expression);
    visit(node.argumentExpression);
  }),
  [ts.SyntaxKind.CallExpression]: rule(ts.isCallExpression, (node, subset, visit) => {
    if (node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      subset.refuse("DP1131", node, "modules are loaded at build time");
      return;
    }
    // `eval` gives any, and has a diagnostic of its own.
    const isEval = ts.isIdentifier(node.expression) && node.expression.text === "eval";
    if (!isEval && refuseAny(node, subset)) return;
    ts.forEachChild(node, visit);
  }),
  [ts.SyntaxKind.NewExpression]: rule(ts.isNewExpression, (node, subset, visit) => {
    const symbol = subset.symbolOf(withoutParentheses(node.expression));
    if (symbol === undefined || symbol.name === "Date" || !subset.isAmbient(symbol)) ts.forEachChild(node, visit);
    else subset.refuse("DP1107", node, `\`new ${node.expression.getText()}\` makes an object that the kernel cannot hold`);
  }),
  [ts.SyntaxKind.ObjectLiteralExpression]: inside,
  [ts.SyntaxKind.PropertyAssignment]: rule(ts.isPropertyAssignment, (node, subset, visit) => {
    propertyName(node.name, subset);
    visit(node.initializer);
  }),
  [ts.SyntaxKind.ShorthandPropertyAssignment]: rule(ts.isShorthandPropertyAssignment, (node, _subset, visit) => visit(node.name)),
  [ts.SyntaxKind.SpreadAssignment]: inside,
  [ts.SyntaxKind.SpreadElement]: inside,
  [ts.SyntaxKind.ArrayLiteralExpression]: inside,
  [ts.SyntaxKind.OmittedExpression]: fine,
  [ts.SyntaxKind.ObjectBindingPattern]: inside,
  [ts.SyntaxKind.ArrayBindingPattern]: inside,
  [ts.SyntaxKind.BindingElement]: rule(ts.isBindingElement, (node, subset, visit) => {
    if (node.propertyName !== undefined) propertyName(node.propertyName, subset);
    visit(node.name);
    if (node.initializer !== undefined) visit(node.initializer);
  }),
  [ts.SyntaxKind.AsExpression]: rule(ts.isAsExpression, (node, subset, visit) => {
    assertion(node, subset);
    visit(node.expression);
  }),
  [ts.SyntaxKind.TypeAssertionExpression]: rule(ts.isTypeAssertionExpression, (node, subset, visit) => {
    assertion(node, subset);
    visit(node.expression);
  }),

  [ts.SyntaxKind.NonNullExpression]: rule(ts.isNonNullExpression, (node, subset, visit) => {
    subset.refuse("DP1109", node, `\`${node.getText()}\` claims what was not tested`);
    visit(node.expression);
  }),
  [ts.SyntaxKind.NullKeyword]: refused("DP1127", "the language has undefined and no null", "write `undefined`"),
  [ts.SyntaxKind.TemplateExpression]: refused("DP1111", "this text would be put together for each packet"),
  [ts.SyntaxKind.TaggedTemplateExpression]: refused("DP1111", "this text would be put together for each packet"),
  [ts.SyntaxKind.RegularExpressionLiteral]: refused("DP1112", "a regular expression works on text, and packets are bytes"),
  [ts.SyntaxKind.TypeOfExpression]: refused("DP1118", "`typeof` asks at run time what the type already says"),
  [ts.SyntaxKind.DeleteExpression]: refused("DP1116", "`delete` changes the shape of an object"),
  [ts.SyntaxKind.AwaitExpression]: refused("DP1105", "a packet waits for nothing"),
  [ts.SyntaxKind.YieldExpression]: refused("DP1106", "a packet is handled in one go"),
  [ts.SyntaxKind.MetaProperty]: refused("DP1131", "the module is known at build time only"),
  [ts.SyntaxKind.Decorator]: refused("DP1133", "a decorator may replace what it stands on"),
};

function propertyName(name: ts.PropertyName, subset: Subset): void {
  if (ts.isComputedPropertyName(name) && !subset.typeOf(name.expression).isLiteral()) {
    subset.refuse("DP1114", name, "the name of this property is only known at run time");
  }
}

/** `any` is said once, at the innermost place where it comes in. */
function refuseAny(node: ts.PropertyAccessExpression | ts.ElementAccessExpression | ts.CallExpression, subset: Subset): boolean {
  if (!subset.isAny(subset.typeOf(node)) || subset.isAny(subset.typeOf(node.expression))) return false;
  subset.refuse("DP1108", node, `\`${node.getText()}\` is of type any`);
  return true;
}

/** An assertion changes no value, so one that narrows a width says what nobody has shown. */
function assertion(node: ts.AsExpression | ts.TypeAssertion, subset: Subset): void {
  if (ts.isConstTypeReference(node.type)) return;
  const from = subset.typeOf(node.expression);
  const to = subset.checker.getTypeFromTypeNode(node.type);
  if (!isInteger(from) && !isInteger(to)) return;
  const widths = widthsOf(subset.checker, to);
  if (from.isLiteral() || (widths === undefined && isInteger(from) && isInteger(to))) return;
  const before = widthsOf(subset.checker, from);
  const narrowest = widths === undefined ? undefined : Math.max(...widths);
  if (before !== undefined && narrowest !== undefined && Math.max(...before) <= narrowest) return;
  const name = node.type.getText();
  const wrap = /^u(8|16|32|48|64|128)$/.test(name)
    ? `write \`${name}(${withoutParentheses(node.expression).getText()})\` to cut it to ${name.slice(1)} bits`
    : undefined;
  subset.refuse("DP1110", node, `\`as ${name}\` changes the width for the type-check alone, not the value`, wrap);
}

function isInteger(type: ts.Type): boolean {
  return some(type, part => (part.flags & (ts.TypeFlags.NumberLike | ts.TypeFlags.BigIntLike)) !== 0);
}

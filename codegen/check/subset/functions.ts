/** Functions in datapath code: callbacks that are called or handed on are inlined; one that is kept has no place to be. */
import { ts } from "ts-morph";
import { isFunctionNode } from "../declaration-at.js";
import { type Rule, rule, type Subset, type Visit } from "./subset.js";

/** Modifiers, parameters and body: of the declaration that is checked and of those in it. */
export function checkFunction(node: ts.SignatureDeclaration, subset: Subset, visit: Visit): void {
  const modifiers = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : [];
  const isAsync = modifiers.find(modifier => modifier.kind === ts.SyntaxKind.AsyncKeyword);
  if (isAsync !== undefined) subset.refuse("DP1105", isAsync, "a packet waits for nothing: an `async` function is not datapath code");
  const star = "asteriskToken" in node ? node.asteriskToken : undefined;
  if (star !== undefined) subset.refuse("DP1106", star, "a generator keeps its place between calls");
  if (ts.canHaveDecorators(node)) for (const decorator of ts.getDecorators(node) ?? []) visit(decorator);
  for (const parameter of node.parameters) visit(parameter);
  if ("body" in node && node.body !== undefined) visit(node.body);
}

const escaping: Rule = (node, subset, visit) => {
  if (!isFunctionNode(node) || ts.isClassLike(node)) return;
  if (isKept(node)) subset.refuse("DP1125", node, "this function would have to live longer than the call that makes it");
  checkFunction(node, subset, visit);
};

/** Called at once, handed to a call, or given a name: those are inlined. Returned or stored: kept. */
function isKept(node: ts.Node): boolean {
  const parent = node.parent;
  if (ts.isParenthesizedExpression(parent) || ts.isAsExpression(parent) || ts.isSatisfiesExpression(parent)) return isKept(parent);
  if (ts.isCallExpression(parent) || ts.isVariableDeclaration(parent) || ts.isParameter(parent)) return false;
  if (ts.isPropertyAssignment(parent)) return !isOptionOfCall(parent.parent);
  if (ts.isConditionalExpression(parent)) return isKept(parent);
  return !ts.isFunctionDeclaration(node);
}

function isOptionOfCall(literal: ts.Node): boolean {
  return ts.isCallExpression(literal.parent) || ts.isVariableDeclaration(literal.parent);
}

const method: Rule = (node, subset) => subset.refuse("DP1136", node, "an object that is made for a packet holds values, not methods");

export const functionRules: Partial<Record<ts.SyntaxKind, Rule>> = {
  [ts.SyntaxKind.ArrowFunction]: escaping,
  [ts.SyntaxKind.FunctionExpression]: escaping,
  [ts.SyntaxKind.FunctionDeclaration]: escaping,
  [ts.SyntaxKind.MethodDeclaration]: method,
  [ts.SyntaxKind.GetAccessor]: method,
  [ts.SyntaxKind.SetAccessor]: method,
  [ts.SyntaxKind.Parameter]: rule(ts.isParameter, (node, subset, visit) => {
    for (const decorator of ts.getDecorators(node) ?? []) visit(decorator);
    if (node.type !== undefined) visit(node.type);
    else if (subset.isAny(subset.typeOf(node))) subset.refuse("DP1108", node, `the parameter \`${node.name.getText()}\` is of type any`);
    visit(node.name);
    if (node.initializer !== undefined) visit(node.initializer);
  }),
};

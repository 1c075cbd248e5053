/** From a place that V8 and the source map gave to the declaration in the typed AST. */
import { ts } from "ts-morph";

/** What a live function can have been written as. A class without a constructor of its own is its own declaration. */
export type FunctionNode =
  | ts.MethodDeclaration
  | ts.GetAccessorDeclaration
  | ts.SetAccessorDeclaration
  | ts.FunctionDeclaration
  | ts.FunctionExpression
  | ts.ArrowFunction
  | ts.ConstructorDeclaration
  | ts.ClassDeclaration
  | ts.ClassExpression;

/**
 * The innermost declaration whose head, from its first modifier to the start of its body, holds the place. Heads are told apart
 * by that alone: a function inside another's parameter list is deeper, one inside its body is not in its head.
 *
 * @param line 1-based
 * @param column 1-based
 */
export function declarationAt(file: ts.SourceFile, line: number, column: number): FunctionNode | undefined {
  const start = file.getLineStarts()[line - 1];
  if (start === undefined) return undefined;
  const position = Math.min(start + column - 1, file.getEnd());
  let found: FunctionNode | undefined;
  const descend = (node: ts.Node): void => {
    if (position < node.pos || position >= node.end) return;
    if (isFunctionNode(node) && node.getStart(file) <= position && position < endOfHead(node, file)) found = node;
    ts.forEachChild(node, descend);
  };
  descend(file);
  return found;
}

export function isFunctionNode(node: ts.Node): node is FunctionNode {
  return (
    ts.isMethodDeclaration(node) ||
    ts.isGetAccessorDeclaration(node) ||
    ts.isSetAccessorDeclaration(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node) ||
    ts.isConstructorDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isClassExpression(node)
  );
}

function endOfHead(node: FunctionNode, file: ts.SourceFile): number {
  if (ts.isClassDeclaration(node) || ts.isClassExpression(node)) return node.members.pos;
  return node.body?.getStart(file) ?? node.end;
}

/** From a place that V8 and the source map gave to the declaration in the typed AST. */
import {
  type ArrowFunction,
  type ClassDeclaration,
  type ClassExpression,
  type ConstructorDeclaration,
  type FunctionDeclaration,
  type FunctionExpression,
  type GetAccessorDeclaration,
  type MethodDeclaration,
  Node,
  type SetAccessorDeclaration,
  type SourceFile,
} from "ts-morph";

/** What a live function can have been written as. A class without a constructor of its own is its own declaration. */
export type FunctionDeclarationNode =
  | MethodDeclaration
  | GetAccessorDeclaration
  | SetAccessorDeclaration
  | FunctionDeclaration
  | FunctionExpression
  | ArrowFunction
  | ConstructorDeclaration
  | ClassDeclaration
  | ClassExpression;

/**
 * The innermost declaration whose head, from its first modifier to the start of its body, holds the place. Heads are told apart
 * by that alone: a function inside another's parameter list is deeper, one inside its body is not in its head.
 *
 * @param line 1-based
 * @param column 1-based
 */
export function declarationAt(file: SourceFile, line: number, column: number): FunctionDeclarationNode | undefined {
  const position = positionOf(file, line, column);
  if (position === undefined) return undefined;
  for (let node: Node | undefined = file.getDescendantAtPos(position); node !== undefined; node = node.getParent()) {
    if (!isFunctionDeclarationNode(node)) continue;
    const end = endOfHead(node);
    if (node.getStart() <= position && position < end) return node;
  }
  return undefined;
}

export function isFunctionDeclarationNode(node: Node): node is FunctionDeclarationNode {
  return (
    Node.isMethodDeclaration(node) ||
    Node.isGetAccessorDeclaration(node) ||
    Node.isSetAccessorDeclaration(node) ||
    Node.isFunctionDeclaration(node) ||
    Node.isFunctionExpression(node) ||
    Node.isArrowFunction(node) ||
    Node.isConstructorDeclaration(node) ||
    Node.isClassDeclaration(node) ||
    Node.isClassExpression(node)
  );
}

function endOfHead(node: FunctionDeclarationNode): number {
  if (Node.isClassDeclaration(node) || Node.isClassExpression(node)) {
    return node.getMembers().at(0)?.getPos() ?? node.getEnd();
  }
  return node.getBody()?.getStart() ?? node.getEnd();
}

function positionOf(file: SourceFile, line: number, column: number): number | undefined {
  const starts = file.compilerNode.getLineStarts();
  const start = starts[line - 1];
  return start === undefined ? undefined : Math.min(start + column - 1, file.getEnd());
}

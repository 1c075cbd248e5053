/** What the specialiser asks of the stages in front of it: live values, declarations, types and places. */
import type { ts } from "ts-morph";
import type { Resolved } from "../evaluate/evaluation.js";
import type { Span } from "../ir/ir.js";

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

export interface Front {
  readonly checker: ts.TypeChecker;
  /** the declaration of a live function or class; undefined where it has no source (native, bound) */
  declarationOf(fn: object): FunctionNode | undefined;
  /** the live value of a free name of a live function */
  resolve(fn: object, name: string): Resolved;
  /** what `this` stands for in a live arrow function; not found where that cannot be told for certain */
  thisOf(arrow: object): Resolved;
  /** the value of a field `#name` of a live object */
  privateField(object: object, name: string): Resolved;
  spanOf(node: ts.Node): Span;
  /** runs the subset's rules over a declaration that was reached, once */
  reached(declaration: FunctionNode): void;
}

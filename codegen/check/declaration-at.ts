import type {
  ArrowFunction, ClassDeclaration, ClassExpression, ConstructorDeclaration, FunctionDeclaration, FunctionExpression,
  GetAccessorDeclaration, MethodDeclaration, SetAccessorDeclaration,
} from "ts-morph";

/** What a live function can have been written as. A class without a constructor of its own is its own declaration. */
export type FunctionDeclarationNode =
  | MethodDeclaration | GetAccessorDeclaration | SetAccessorDeclaration | FunctionDeclaration | FunctionExpression
  | ArrowFunction | ConstructorDeclaration | ClassDeclaration | ClassExpression;

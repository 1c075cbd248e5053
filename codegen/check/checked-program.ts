/** The typed AST of a pipeline's module with all that it imports, as TypeScript's own nodes. */
import type { ts } from "ts-morph";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Span } from "../ir/ir.js";
import type { SourceRoot } from "../source/source-root.js";
import type { FunctionNode } from "./declaration-at.js";

export interface CheckedProgram {
  readonly root: SourceRoot;
  readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  readonly entry: ts.SourceFile;
  /** TypeScript's own errors in the user's files */
  readonly diagnostics: readonly Diagnostic[];
  /** absolute paths of the files that the type-check read (for the cache: types decide too), tsconfig and package.json included */
  readonly files: readonly string[];
  /**
   * The declaration whose head holds this place (as `Evaluation.locate` gives it); undefined where none does, or where the file is
   * no TypeScript source of the program.
   */
  declarationAt(file: string, line: number, column: number): FunctionNode | undefined;
  /** The place of a node; a node of several lines is underlined to the end of its first. */
  spanOf(node: ts.Node): Span;
}

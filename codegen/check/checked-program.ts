/** The typed AST of a pipeline's module with all it imports. */
import type { Node, Project, SourceFile } from "ts-morph";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Span } from "../ir/ir.js";
import type { SourceRoot } from "../source/source-root.js";
import type { FunctionDeclarationNode } from "./declaration-at.js";

export interface CheckedProgram {
  readonly root: SourceRoot;
  readonly project: Project;
  readonly entry: SourceFile;
  /** TypeScript's own errors in the user's files, sorted */
  readonly diagnostics: readonly Diagnostic[];
  /** absolute paths of the files that the type-check read (for the cache: types decide too), tsconfig included */
  readonly files: readonly string[];
  /** The declaration whose head holds this place (as `Evaluation.locate` gives it); undefined where none does. */
  declarationAt(file: string, line: number, column: number): FunctionDeclarationNode | undefined;
  /** The place of a node: from its first token to the end of its first line, or of the node. */
  spanOf(node: Node): Span;
}

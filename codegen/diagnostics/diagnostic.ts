/** What the compiler, the loader or the command has to say about the user's program, as a value until it is printed. */
import type { Span } from "../ir/ir.js";

/** `DP2003` from the table in `codes.ts`, or TypeScript's own `TS2322`. */
export type DiagnosticCode = `DP${number}` | `TS${number}`;

export type Severity = "error" | "warning" | "notice";

/** Another place that belongs to the problem: where a value was made, what a view was ended by. */
export interface RelatedPlace {
  readonly message: string;
  readonly span: Span;
}

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** what is wrong, one sentence without a full stop */
  readonly message: string;
  /** what to do about it, one sentence without a full stop */
  readonly hint?: string;
  /** `file` is relative to the source root. Line 0 stands for the file as a whole */
  readonly span: Span;
  readonly related?: readonly RelatedPlace[];
}

/** Whether a list holds anything that must stop a build. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(diagnostic => diagnostic.severity === "error");
}

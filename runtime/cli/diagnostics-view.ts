/** Diagnostics of the compiler on the terminal. */
import { type Diagnostic, hasErrors } from "../../codegen/diagnostics/diagnostic.js";
import { render, toJson } from "../../codegen/diagnostics/render.js";
import type { SourceRoot } from "../../codegen/source/source-root.js";
import { CommandError } from "./command-error.js";
import { ExitCode } from "./exit-code.js";
import type { Terminal } from "./terminal.js";

/** To standard error; nothing with `--json`, where they are part of the document. */
export function showDiagnostics(diagnostics: readonly Diagnostic[], root: SourceRoot, terminal: Terminal): void {
  if (terminal.json) return;
  const text = render(diagnostics, { root, colour: terminal.colours("err") });
  if (text !== "") terminal.note(text.trimEnd());
}

/** 5xxx is the machine's: no clang. All else is the program's. */
export function exitCodeOf(diagnostics: readonly Diagnostic[]): ExitCode {
  const errors = diagnostics.filter(diagnostic => diagnostic.severity === "error");
  if (errors.length === 0) return ExitCode.Done;
  return errors.every(diagnostic => /^DP500[12]$/.test(diagnostic.code)) ? ExitCode.MachineLacks : ExitCode.WrongInput;
}

/** Shows them, and ends the command where there are errors among them. */
export function requireNoErrors(file: string, diagnostics: readonly Diagnostic[], root: SourceRoot, terminal: Terminal): void {
  showDiagnostics(diagnostics, root, terminal);
  if (!hasErrors(diagnostics)) return;
  throw new CommandError(exitCodeOf(diagnostics), `${file} does not compile`, { diagnostics: toJson(diagnostics) });
}

/** How a command that failed says so: words for people, a document for programs, an exit code for the shell. */
import { DatapathError } from "../errors.js";
import { CommandError } from "./command-error.js";
import { ExitCode } from "./exit-code.js";
import type { Terminal } from "./terminal.js";

/** What is known of a failure, from whatever threw it. */
interface Failure {
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly code: string | undefined;
  readonly hint: string | undefined;
  /** only where the failure is our own mistake */
  readonly stack: string | undefined;
}

export function reportError(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommandError && error.diagnostics) {
    // The diagnostics are the message, and were shown.
    terminal.document({ ok: false, diagnostics: error.diagnostics });
    return error.exitCode;
  }
  const failure = describe(error);
  terminal.document({ ok: false, error: { code: failure.code, message: failure.message, hint: failure.hint } });
  if (!terminal.json) {
    const label = failure.code ? `error ${failure.code}: ` : "error: ";
    terminal.note(`${terminal.style(["bold", "red"], label, "err")}${failure.message}`);
    if (failure.hint) terminal.note(`  ${terminal.style("cyan", "hint:", "err")} ${failure.hint}`);
  }
  if (failure.stack) terminal.note(failure.stack);
  return failure.exitCode;
}

function describe(error: unknown): Failure {
  if (error instanceof CommandError || error instanceof DatapathError) {
    return { exitCode: error.exitCode, message: error.message, code: error.code, hint: error.hint, stack: undefined };
  }
  if (isFileError(error)) {
    return { exitCode: ExitCode.WrongInput, message: error.message, code: undefined, hint: undefined, stack: undefined };
  }
  return {
    exitCode: ExitCode.WrongInput,
    message: error instanceof Error ? error.message : String(error),
    code: undefined,
    hint: "this is a mistake in datapath itself; please report it with what follows",
    stack: error instanceof Error ? error.stack : undefined,
  };
}

/** A file that cannot be read or written. Node's message names operation and path. */
function isFileError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && "syscall" in error && "path" in error;
}

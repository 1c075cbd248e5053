/** The end of a command that could not do its work: what is wrong, what to do, and the exit code. */
import { ExitCode } from "./exit-code.js";

export interface CommandErrorDetails {
  /** what to do about it, one sentence without a full stop */
  readonly hint?: string | undefined;
  /** the code of the diagnostics' table, where it has one: DP7001 */
  readonly code?: string | undefined;
  /** what the compiler had to say, already shown to people; for the JSON document */
  readonly diagnostics?: readonly unknown[] | undefined;
}

export class CommandError extends Error {
  override readonly name: string = "CommandError";
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly code: string | undefined;
  readonly diagnostics: readonly unknown[] | undefined;

  constructor(exitCode: ExitCode, message: string, details: CommandErrorDetails = {}) {
    super(message);
    this.exitCode = exitCode;
    this.hint = details.hint;
    this.code = details.code;
    this.diagnostics = details.diagnostics;
  }
}

/** The command line makes no sense. */
export class UsageError extends CommandError {
  override readonly name = "UsageError";

  constructor(message: string, hint?: string) {
    super(ExitCode.WrongUsage, message, { hint });
  }
}

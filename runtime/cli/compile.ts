/** Compiles a source for a command that needs the result in hand. */
import { CommandError } from "./command-error.js";
import { ExitCode } from "./exit-code.js";
import type { BundleContents } from "./explain/explain.js";
import type { Terminal } from "./terminal.js";

export async function compileSource(file: string, _terminal: Terminal): Promise<BundleContents> {
  throw new CommandError(ExitCode.WrongInput, `${file}: build it first`, { hint: `dp build ${file}` });
}

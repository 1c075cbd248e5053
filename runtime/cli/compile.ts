/** Compiles a source for a command that needs the result in hand, and shows what the compiler has to say. */
import { existsSync } from "node:fs";
import type { BundleParts } from "../../codegen/bundle/write-bundle.js";
import { type CompileOptions, compile } from "../../codegen/compile.js";
import { SourceRoot } from "../../codegen/source/source-root.js";
import { CommandError } from "./command-error.js";
import { requireNoErrors } from "./diagnostics-view.js";
import { ExitCode } from "./exit-code.js";
import type { Terminal } from "./terminal.js";

/** @throws {CommandError} where the source has errors; they have been shown */
export async function compileSource(file: string, terminal: Terminal, options: CompileOptions = {}): Promise<BundleParts> {
  const { bundle, diagnostics } = await compile(file, options);
  requireNoErrors(file, diagnostics, rootOf(file), terminal);
  if (!bundle) throw new CommandError(ExitCode.WrongInput, `${file} gives no program`);
  return bundle;
}

/** The folder that diagnostics' paths are relative to; a file that is not there has none of its own. */
export function rootOf(file: string): SourceRoot {
  return existsSync(file) ? SourceRoot.of(file) : new SourceRoot(process.cwd());
}

/** The bundle that a command is given, by its folder or by its source. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { SourceRoot } from "../../codegen/source/source-root.js";
import { loadBundle } from "../bundle/bundle.js";
import { CommandError } from "./command-error.js";
import { ExitCode } from "./exit-code.js";

/** Whether an argument names a pipeline's source, not its bundle. */
export function isSource(given: string): boolean {
  return given.endsWith(".ts");
}

/** Where the bundle of a source is written unless it is told otherwise: `edge.dp.ts` gives `edge.dpo` beside it. */
export function bundlePath(source: string, folder = dirname(source)): string {
  return join(folder, `${basename(source).replace(/(\.dp)?\.ts$/, "")}.dpo`);
}

/**
 * The bundle's folder. For a source it is the one beside it, which must have been built from what the sources are now.
 *
 * @throws {CommandError} exit code 1
 */
export function requireBundle(given: string): string {
  if (!isSource(given)) return given;
  const folder = bundlePath(given);
  const build = `dp build ${given}`;
  if (!existsSync(given)) throw new CommandError(ExitCode.WrongInput, `${given} does not exist`);
  if (!existsSync(folder)) throw new CommandError(ExitCode.WrongInput, `${given} is not built: there is no ${folder}`, { hint: build });
  const root = SourceRoot.of(realpathSync(given));
  for (const { file, sha256 } of loadBundle(folder).manifest.sources) {
    const path = join(root.path, file);
    // A package of another place was named by its name alone; it is not looked for here.
    if (file.startsWith("node_modules/") && !existsSync(path)) continue;
    const found = existsSync(path) ? createHash("sha256").update(readFileSync(path)).digest("hex") : undefined;
    if (found !== sha256) {
      throw new CommandError(
        ExitCode.WrongInput,
        `${folder} is older than its sources: ${file} ${found === undefined ? "is gone" : "has changed"}`,
        {
          hint: build,
        },
      );
    }
  }
  return folder;
}

/**
 * A process that runs test files of uvu one after the other, as their paths come in: the compiler stays loaded and warm
 * between them. Ends a file's output with a line that begins with its argument and tells the exit code.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../setup/tools.mjs";

// uvu: collect, and run when told
globalThis.UVU_DEFER = true;
const { exec } = await import("uvu");

const [, , mark] = process.argv;
const { env } = process;
const environment = { ...env };

async function runFile(path) {
  globalThis.UVU_QUEUE.splice(0, globalThis.UVU_QUEUE.length, [null]);
  globalThis.UVU_INDEX = 0;
  process.exitCode = 0;
  try {
    await import(pathToFileURL(join(root, path)).href);
    await exec();
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
  const code = process.exitCode;
  process.exitCode = 0;
  process.chdir(root);
  for (const name of Object.keys(env)) if (!(name in environment)) delete env[name];
  Object.assign(env, environment);
  process.stdout.write(`\n${mark} ${code}\n`);
}

process.on("message", path => void runFile(path));
process.on("disconnect", () => process.exit());

#!/usr/bin/env node
/** The `dp` command. What needs no compiler to be answered is answered here; the rest is TypeScript, run by tsx. */
import { answerUpToDate } from "../codegen/cache/up-to-date.mjs";

const args = process.argv.slice(2);
if (!answerUpToDate(args)) await runCommand(args);

async function runCommand(args) {
  const { register } = await import("node:module");
  // The source of this package, and of block packages, is what is compiled and run: the condition comes before others.
  register(new URL("./conditions.mjs", import.meta.url));
  const tsx = await import("tsx/esm/api");
  tsx.register();
  const { main } = await import("../runtime/cli/main.ts");
  process.exitCode = await main(args);
}

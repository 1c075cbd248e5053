#!/usr/bin/env node
/** The `dp` command. What needs no compiler to be answered is answered here; the rest is TypeScript, run by tsx. */
import { answerUpToDate } from "../codegen/cache/up-to-date.mjs";

const args = process.argv.slice(2);
if (!answerUpToDate(args)) {
  const { register } = await import("tsx/esm/api");
  register();
  const { main } = await import("../runtime/cli/main.ts");
  process.exitCode = await main(args);
}

#!/usr/bin/env node
/** `npm run build`: dist/, what a user's Node and tsc get of the package. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root, run, SetupError } from "./setup/tools.mjs";

rmSync(join(root, "dist"), { recursive: true, force: true });
try {
  run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"]);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exit(1);
}
// JavaScript that runs as it is: loader hooks, and what must start without tsx.
for (const folder of ["codegen", "runtime", "dsl", "testing"]) {
  cpSync(join(root, folder), join(root, "dist", folder), {
    recursive: true,
    filter: path => !/node_modules|\/build(\/|$)/.test(path) && /\/[^.]*$|\.mjs$/.test(path),
  });
}

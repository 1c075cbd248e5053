#!/usr/bin/env node
import { realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { buildAddon } from "./setup/addon.mjs";
/**
 * Makes a fresh clone ready: system packages, npm packages, the addon. Uses Node's built-ins alone, since it runs
 * before anything is installed; does nothing, quickly, where nothing is missing.
 *
 *     node scripts/setup.mjs [build|test|kernels]...
 *
 * Exits 3 where something is missing that it may not install, after printing the command that does.
 */
import { installSystemPackages } from "./setup/apt.mjs";
import { installNpmPackages } from "./setup/npm.mjs";
import { SetupError } from "./setup/tools.mjs";

/** Sets up, or prints what is in the way and exits 3. */
export function setUp(groups = ["build", "test"]) {
  try {
    checkNode();
    installSystemPackages(groups);
    installNpmPackages();
    buildAddon();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`set-up: ${error.message}`);
    process.exit(3);
  }
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 11)) return;
  throw new SetupError(`Node ${process.versions.node} is too old: 20.11 or later is needed (https://nodejs.org)`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const groups = process.argv.slice(2);
  setUp(groups.length > 0 ? [...new Set(["build", ...groups])] : undefined);
}

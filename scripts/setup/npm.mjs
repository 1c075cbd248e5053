/** npm packages: `npm ci`, unless node_modules already holds what package-lock.json asks for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lockOf, once } from "./lock.mjs";
import { root, run } from "./tools.mjs";

export function installNpmPackages() {
  // A lock of its own: npm runs the package's install script, which takes the addon's.
  once(lockOf("packages"), () => firstDifference() !== undefined, install);
}

function install() {
  console.log(`set-up: installing npm packages (${firstDifference()})`);
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  try {
    run("npm", ["ci", ...quiet]);
  } catch {
    // A registry that lacks other platforms' optional packages makes `npm ci` refuse the lock file; `install` takes what there is.
    console.log("set-up: npm ci failed; installing without it");
    run("npm", ["install", "--no-save", ...quiet]);
  }
}

/** Why node_modules is not what the lock file says, or undefined where it is. */
function firstDifference() {
  const wanted = readPackages(join(root, "package-lock.json"));
  const present = readPackages(join(root, "node_modules/.package-lock.json"));
  if (!present) return "there are none yet";
  for (const [path, entry] of Object.entries(wanted ?? {})) {
    if (path === "") continue;
    const found = present[path];
    // Optional packages are those of other platforms; npm leaves them out.
    if (!found && entry.optional) continue;
    if (found?.version !== entry.version) return `${path.replace(/^node_modules\//, "")} ${entry.version} is not there`;
  }
  return undefined;
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages;
  } catch {
    return undefined;
  }
}

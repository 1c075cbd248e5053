/** The native addon: built when it is not there or older than its sources. */
import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { lockOf, once } from "./lock.mjs";
import { root, run, SetupError } from "./tools.mjs";

const folder = join(root, "runtime/native");
const sourceName = /\.(cc|cpp|c|h|hpp|gyp|gypi)$/;

export function buildAddon() {
  once(lockOf("addon"), isOld, build);
}

function isOld() {
  return existsSync(join(folder, "binding.gyp")) && builtAt() < newestSource();
}

function build() {
  console.log("set-up: building the native addon");
  const headers = headerFolder();
  const args = [nodeGyp(), "rebuild", "-C", "runtime/native", "--loglevel=warn"];
  // Headers that came with Node need no download; without them node-gyp fetches those of this version.
  if (headers) args.push(`--nodedir=${headers}`);
  run(process.execPath, args);
  if (builtAt() === 0) throw new SetupError("node-gyp ended well but left no addon in runtime/native/build/Release");
}

/** The repository's own, or npm's while it installs the package for a user. */
function nodeGyp() {
  const own = join(root, "node_modules/node-gyp/bin/node-gyp.js");
  return existsSync(own) ? own : (process.env.npm_config_node_gyp ?? own);
}

function builtAt() {
  const release = join(folder, "build/Release");
  if (!existsSync(release)) return 0;
  const times = readdirSync(release)
    .filter(name => name.endsWith(".node"))
    .map(name => statSync(join(release, name)).mtimeMs);
  return Math.max(0, ...times);
}

function newestSource() {
  const sources = readdirSync(folder, { recursive: true })
    .map(String)
    .filter(name => sourceName.test(name) && !name.startsWith("build/"));
  return Math.max(...sources.map(name => statSync(join(folder, name)).mtimeMs));
}

/** The folder whose `include/node` has this Node's headers. */
function headerFolder() {
  const candidates = [resolve(dirname(realpathSync(process.execPath)), ".."), "/usr"];
  return candidates.find(candidate => existsSync(join(candidate, "include/node/node_api.h")));
}

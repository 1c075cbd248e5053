/** Loads the native addon, once, and says exactly why where it cannot. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DatapathError } from "../errors.js";
import type { Addon } from "./addon.js";

export type * from "./addon.js";
export { failedWith, isNativeError, type NativeError } from "./errors.js";

/** What the sources beside this file export; a build that says otherwise is stale. */
const REVISION = 8;

let loaded: Addon | undefined;

/**
 * The addon.
 * @throws {DatapathError} DP6010 where it is not built, was built for another Node, or misses a library
 */
export function native(): Addon {
  loaded ??= load(addonPath());
  return loaded;
}

/** The package's folder: the sources and the compiled JavaScript lie at different depths in it. */
function addonPath(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json")) && dirname(folder) !== folder) folder = dirname(folder);
  return join(folder, "runtime", "native", "build", "Release", "datapath.node");
}

export function load(path: string): Addon {
  const rebuild = `in the package's folder: npx node-gyp rebuild -C runtime/native`;
  if (!existsSync(path)) throw new DatapathError("DP6010", `${path} is not there`, { hint: `build it, ${rebuild}` });
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(path);
  } catch (cause) {
    const { reason, hint } = explain(cause, rebuild);
    throw new DatapathError("DP6010", `${path}: ${reason}`, { hint, cause });
  }
  if (addon.revision !== REVISION) {
    throw new DatapathError("DP6010", `${path} was built from other sources (revision ${addon.revision}, ${REVISION} is needed)`, {
      hint: `build it again, ${rebuild}`,
    });
  }
  return addon;
}

function explain(cause: unknown, rebuild: string): { reason: string; hint: string } {
  const text = cause instanceof Error ? cause.message : String(cause);
  const library = /(lib[\w.+-]+\.so[.\d]*): cannot open shared object file/.exec(text);
  if (library) return { reason: `the library ${library[1]} is missing`, hint: "install it: apt-get install libbpf1 libelf1 zlib1g" };
  const symbol = /undefined symbol: (\w+)/.exec(text);
  if (symbol)
    return {
      reason: `the installed libbpf has no ${symbol[1]}`,
      hint: `install libbpf 1.1 or newer, then build the addon again, ${rebuild}`,
    };
  if (/NODE_MODULE_VERSION|different Node\.js version/.test(text)) {
    return { reason: `it was built for another Node than ${process.version}`, hint: `build it again, ${rebuild}` };
  }
  if (/invalid ELF header|wrong ELF class|file too short/.test(text)) {
    return { reason: "it is not an addon for this processor, or the build was cut off", hint: `build it again, ${rebuild}` };
  }
  return { reason: text, hint: `build it again, ${rebuild}` };
}

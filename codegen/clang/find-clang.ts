/** The newest clang of the search path, found by its name alone where that tells the version. */
import { execFileSync } from "node:child_process";
import { accessSync, constants, readdirSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface Clang {
  /** absolute path, symbolic links followed: what the cache looks at */
  readonly path: string;
  /** major version */
  readonly version: number;
}

/** `-mcpu=v3` with what the printer emits was seen to work from here on. */
export const oldestVersion = 14;

/** Every clang of the search path, newest first; of two of one version, the first in the path. */
export function findClangs(searchPath: string = process.env.PATH ?? ""): readonly Clang[] {
  const found = new Map<string, Clang>();
  for (const folder of new Set([...searchPath.split(delimiter), ...llvmFolders(searchPath)])) {
    if (folder === "") continue;
    for (const name of namesIn(folder)) {
      const file = join(folder, name);
      if (!isExecutable(file)) continue;
      const path = realpathSync(file);
      if (found.has(path)) continue;
      const version = versionOf(name, path);
      if (version !== undefined) found.set(path, { path, version });
    }
  }
  return [...found.values()].sort((a, b) => b.version - a.version);
}

/** Debian keeps each version whole under /usr/lib, also where no command of that name was installed. */
function llvmFolders(searchPath: string): readonly string[] {
  if (!searchPath.split(delimiter).includes("/usr/bin")) return [];
  return list("/usr/lib")
    .filter(name => /^llvm-\d+$/.test(name))
    .map(name => join("/usr/lib", name, "bin"));
}

function namesIn(folder: string): readonly string[] {
  return list(folder).filter(name => /^clang(-\d+)?$/.test(name));
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** From `clang-19`, from `/usr/lib/llvm-19/bin/clang`, else by asking it. */
function versionOf(name: string, path: string): number | undefined {
  const number = /^clang-(\d+)$/.exec(name)?.[1] ?? /\/clang-(\d+)$/.exec(path)?.[1] ?? /\/llvm-(\d+)\/bin\//.exec(path)?.[1];
  if (number !== undefined) return Number(number);
  try {
    const answer = execFileSync(path, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 10_000 });
    const told = /clang version (\d+)/.exec(answer)?.[1];
    return told === undefined ? undefined : Number(told);
  } catch {
    return undefined;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

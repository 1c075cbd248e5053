/** What every part of the set-up uses: finding commands, running them, and the one way to give up. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Something that the machine lacks and that we may not install; the command prints it and exits 3. */
export class SetupError extends Error {}

/** Folders that hold commands. /usr/sbin is not on the PATH of every user, and half of the network tools live there. */
export function commandFolders() {
  return [
    ...new Set([...(process.env.PATH ?? "").split(delimiter).filter(Boolean), "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"]),
  ];
}

/** The path of a command, or undefined. Starts no process. */
export function findCommand(name) {
  for (const folder of commandFolders()) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // not here
    }
  }
  return undefined;
}

/** Versions of a command that Debian names by version, `clang-19`, newest first. */
export function findVersions(name) {
  const pattern = new RegExp(`^${name}-(\\d+)$`);
  const versions = new Set();
  for (const folder of commandFolders()) {
    try {
      for (const entry of readdirSync(folder)) {
        const match = pattern.exec(entry);
        if (match && findCommand(entry)) versions.add(Number(match[1]));
      }
    } catch {
      // a folder of the PATH that is not there
    }
  }
  return [...versions].sort((a, b) => b - a);
}

/** Runs a command in the open; throws a SetupError that names it when it fails. */
export function run(command, args, options = {}) {
  console.log(`$ ${[command, ...args].join(" ")}`);
  const done = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], ...options });
  if (done.error) throw new SetupError(`${command} could not be started: ${done.error.message}`);
  if (done.status !== 0) throw new SetupError(`${command} failed (exit code ${done.status ?? done.signal}); its output is above`);
}

/** What a command prints, or undefined when it is missing or fails. */
export function capture(command, args) {
  const done = spawnSync(command, args, { encoding: "utf8" });
  return done.status === 0 ? done.stdout : undefined;
}

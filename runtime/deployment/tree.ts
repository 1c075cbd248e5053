/**
 * The BPF file system as a small database: folders, pins, and symbolic links whose text is the record. It knows no
 * regular files, refuses dots in names, and renames atomically.
 */
import { lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmdirSync, symlinkSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatapathError } from "../errors.js";

/** A symbolic link's text may have 4,095 bytes. */
const PIECE = 4000;

function code(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function unless<T>(codes: readonly string[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (codes.includes(code(error) ?? "")) return undefined;
    throw error;
  }
}

/**
 * Makes a folder that only its owner may enter, and those above it.
 * @throws {DatapathError} DP7008
 */
export function makeFolder(path: string): void {
  try {
    makeFolders(path);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const hint =
      code(cause) === "EROFS"
        ? "it is mounted read-only; as root: mount -o remount,rw /sys/fs/bpf"
        : "as root: mkdir -p /sys/fs/bpf/datapath && chown USER /sys/fs/bpf/datapath";
    throw new DatapathError("DP7008", text, { cause, hint });
  }
}

/** Node's own `recursive` says ENOENT, whatever was in the way of a folder above. */
function makeFolders(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (code(error) === "ENOENT" && dirname(path) !== path) {
      makeFolders(dirname(path));
      mkdirSync(path, { mode: 0o700 });
    } else if (code(error) !== "EEXIST") throw error;
  }
}

/** The names in a folder, sorted; none where it is not there. */
export function list(path: string): string[] {
  return unless(["ENOENT", "ENOTDIR"], () => readdirSync(path).sort()) ?? [];
}

export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

export function readText(path: string): string | undefined {
  return unless(["ENOENT", "EINVAL", "ENOTDIR"], () => readlinkSync(path));
}

/** Writes a short text, in place of an old one at once. */
export function writeText(path: string, text: string): void {
  const draft = `${path}~`;
  unless(["ENOENT"], () => unlinkSync(draft));
  symlinkSync(text, draft);
  renameSync(draft, path);
}

/** Writes a text of any length, as a folder of pieces that is not there yet. */
export function writeLongText(folder: string, text: string): void {
  makeFolder(folder);
  for (let i = 0; i * PIECE < text.length; i++) symlinkSync(text.slice(i * PIECE, (i + 1) * PIECE), join(folder, `${i}`));
}

export function readLongText(folder: string): string | undefined {
  const pieces = list(folder);
  if (pieces.length === 0) return undefined;
  return pieces
    .map(Number)
    .sort((a, b) => a - b)
    .map(piece => readText(join(folder, `${piece}`)) ?? "")
    .join("");
}

/** Removes a pin, a text or nothing. */
export function remove(path: string): void {
  unless(["ENOENT"], () => unlinkSync(path));
}

/** Removes a folder with all in it. */
export function removeTree(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isDirectory()) {
    remove(path);
    return;
  }
  for (const name of list(path)) removeTree(join(path, name));
  unless(["ENOENT"], () => rmdirSync(path));
}

/** Removes a folder if nothing is in it; one that someone else made for this user stays. */
export function removeIfEmpty(path: string): void {
  unless(["ENOENT", "ENOTEMPTY", "EBUSY", "EACCES", "EPERM"], () => rmdirSync(path));
}

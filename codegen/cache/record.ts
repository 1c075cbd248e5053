/**
 * The record of a build: everything that decided its result, so that `dp build` of something unchanged is answered by
 * `up-to-date.mjs` without loading a compiler. That file reads what this one writes; both keep to `BuildRecord`.
 *
 * Records lie in `$XDG_CACHE_HOME/datapath/builds` (or `~/.cache/…`), never in the bundle: the same inputs give the
 * same bundle, while a record holds times and absolute paths.
 */
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { contentOf, recordPath, sha256 } from "./up-to-date.mjs";

export { recordPath };

/**
 * Absolute path, mtime in milliseconds, size in bytes, sha256 in hex. The hash is asked only where the time differs; a
 * folder's is that of its names; a tool's is empty, as it is known by time and size alone.
 */
export type FileState = readonly [path: string, mtimeMs: number, size: number, sha256: string];

export interface BuildRecord {
  readonly format: 1;
  /** absolute path of the pipeline's source, and of the bundle's folder */
  readonly source: string;
  readonly bundle: string;
  /** the command's options that decide the result, as JSON with sorted keys: `{"name":"edge"}` */
  readonly options: string;
  /** `process.version` and the version of datapath */
  readonly node: string;
  readonly datapath: string;
  /** what was read: the user's modules and files, types, the compiler's own files in a checkout, clang's executable, the bundle's files */
  readonly files: readonly FileState[];
  /** paths that were asked about and were not there */
  readonly absent: readonly string[];
  /** environment variables that were read: sha256 of the value in hex, null where it was not set */
  readonly environment: Readonly<Record<string, string | null>>;
  /** what the build had to say, plain text, to be said again; "" for nothing */
  readonly said: string;
  /** the same as the command's JSON document */
  readonly document: unknown;
}

/** What of a record its writer knows; the rest is read from the file system. */
export interface BuildRecordInput extends Omit<BuildRecord, "format" | "files" | "environment" | "node"> {
  readonly files: Iterable<string>;
  /** executables */
  readonly tools: Iterable<string>;
  readonly environment: ReadonlyMap<string, string | undefined>;
}

/** Writes the record of a build that could be repeated. A cache that cannot be written is no error. */
export function writeRecord(input: BuildRecordInput): void {
  const path = recordPath(input.source, input.bundle);
  const temporary = `${path}.${process.pid}`;
  try {
    const environment: Record<string, string | null> = {};
    for (const [name, value] of input.environment) environment[name] = value === undefined ? null : sha256(value);
    const { tools, ...rest } = input;
    const files = [...new Set(input.files)].sort().map(stateOf);
    for (const tool of tools) {
      const { mtimeMs, size } = statSync(tool);
      files.push([tool, mtimeMs, size, ""]);
    }
    const record: BuildRecord = { ...rest, format: 1, node: process.version, files, environment };
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (!(error instanceof Error && "syscall" in error)) throw error;
  }
}

function stateOf(path: string): FileState {
  const { mtimeMs, size } = statSync(path);
  return [path, mtimeMs, size, sha256(contentOf(path))];
}

import type { BuildRecord } from "./record.js";

/** The file that holds the record of building `source` into `bundle`; both absolute paths. */
export function recordPath(source: string, bundle: string): string;
/** Answers a `dp build` that has nothing to do; false where the compiler must decide. */
export function answerUpToDate(args: readonly string[]): boolean;
/** What of a path its hash is taken of: a file's bytes, a folder's sorted names. */
export function contentOf(path: string): string | Uint8Array;
export function sha256(content: string | Uint8Array): string;
/** The record of a build whose result is what building again would give; undefined where there is none. */
export function currentRecord(source: string, bundle: string, options: string): BuildRecord | undefined;

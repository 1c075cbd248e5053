/** Writes `NAME.dpo/` in one step: a reader finds the old bundle or the new one, never parts of both. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { diagnose } from "../diagnostics/diagnose.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Manifest } from "./manifest.js";

export interface BundleParts {
  readonly manifest: Manifest;
  readonly code: string;
  readonly object: Uint8Array;
}

/** The manifest's bytes: the order of keys is that of the types, so the same build gives the same text. */
export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/**
 * @param folder the bundle, `edge.dpo`; its parent is made where it is missing
 * @returns why it could not be written; undefined when it was
 */
export function writeBundle(folder: string, parts: BundleParts): Diagnostic | undefined {
  const target = resolve(folder);
  const nowhere = { file: target, line: 0, column: 0, length: 0 };
  if (existsSync(target) && !isBundle(target)) return diagnose("DP5004", nowhere, `${basename(target)} exists and is not a bundle`);
  let scratch: string | undefined;
  try {
    mkdirSync(dirname(target), { recursive: true });
    // Beside the target: a rename stays inside one file system.
    scratch = mkdtempSync(join(dirname(target), `.${basename(target)}.`));
    const made = join(scratch, "new");
    mkdirSync(made);
    writeFileSync(join(made, "program.c"), parts.code);
    writeFileSync(join(made, "program.o"), parts.object);
    writeFileSync(join(made, "manifest.json"), manifestText(parts.manifest));
    if (existsSync(target)) renameSync(target, join(scratch, "old"));
    renameSync(made, target);
    return undefined;
  } catch (thrown) {
    const old = scratch === undefined ? undefined : join(scratch, "old");
    if (old !== undefined && existsSync(old) && !existsSync(target)) renameSync(old, target);
    return diagnose(
      "DP5004",
      nowhere,
      `${basename(target)} cannot be written: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    );
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}

/** What may be replaced: a bundle, or an empty folder. */
function isBundle(folder: string): boolean {
  return statSync(folder).isDirectory() && (existsSync(join(folder, "manifest.json")) || readdirSync(folder).length === 0);
}

/** A bundle's folder, read whole and held to what its manifest says. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../../codegen/bundle/manifest.js";
import { checkElf } from "../elf/check.js";
import { DatapathError } from "../errors.js";
import { readManifest } from "./manifest.js";
import { isRecord } from "./validate.js";

export interface Bundle {
  readonly folder: string;
  readonly manifest: Manifest;
  /** the ELF, checked */
  readonly object: Uint8Array;
}

/**
 * Reads a bundle; runs nothing of it.
 * @throws {DatapathError} DP6001 where it is no bundle, DP6002 where a file was changed or is missing, DP6003 where it
 *   is of another format, DP6004 where the object is malformed
 * @example
 * const { manifest } = loadBundle("edge.dpo");
 * console.log(manifest.hooks.map((entry) => entry.hook));
 */
export function loadBundle(folder: string): Bundle {
  const manifest = manifestOf(folder);
  const object = part(folder, "program.o", manifest.object);
  part(folder, "program.c", manifest.code);
  checkElf(object);
  return { folder, manifest, object };
}

function manifestOf(folder: string): Manifest {
  const file = join(folder, "manifest.json");
  const bytes = read(file);
  if (!bytes) throw new DatapathError("DP6001", `${folder} has no manifest.json`);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw new DatapathError("DP6002", `${file} is not JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  if (!isRecord(value) || !("format" in value)) throw new DatapathError("DP6001", `${file} is not a manifest of datapath`);
  if (value.format !== 1) {
    throw new DatapathError("DP6003", `${file} has format ${JSON.stringify(value.format)}; this version of datapath reads format 1`);
  }
  try {
    return readManifest(value, "manifest");
  } catch (cause) {
    throw new DatapathError("DP6002", `${file}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function part(folder: string, name: string, digest: string): Uint8Array {
  const file = join(folder, name);
  const bytes = read(file);
  if (!bytes) throw new DatapathError("DP6002", `${file} is missing`);
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (actual !== digest) throw new DatapathError("DP6002", `${file} is not what the manifest says: sha256 ${actual}, it must be ${digest}`);
  return bytes;
}

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR")) return undefined;
    throw new DatapathError("DP6001", `${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** Completes a manifest with what identifies the build: the hashes of its parts and of everything that went in. */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { EvaluationRecord } from "../evaluate/evaluation.js";
import type { SourceRoot } from "../source/source-root.js";
import type { Manifest } from "./manifest.js";

/** A manifest but for what `seal` computes. */
export type ManifestDraft = Omit<Manifest, "sources" | "object" | "code" | "hash">;

export interface BuildInputs {
  readonly root: SourceRoot;
  /** what evaluation read, and the files of the type-check (`CheckedProgram.files`) */
  readonly record: EvaluationRecord;
  readonly files: readonly string[];
  /** what else decides the bytes: versions of the tools, flags, options; as text, in any order of keys */
  readonly tools: Readonly<Record<string, string>>;
}

/** @throws where a source has gone since it was read */
export function seal(draft: ManifestDraft, code: string, object: Uint8Array, inputs: BuildInputs): Manifest {
  const sources = sourcesOf(inputs);
  const identity = {
    sources,
    // The values stay out of the bundle: they may be secrets. A hash of hashes tells no value.
    environment: [...inputs.record.environment].map(([name, value]) => [name, value === undefined ? null : sha256(value)]),
    tools: Object.entries(inputs.tools).sort(([a], [b]) => (a < b ? -1 : 1)),
    name: draft.name,
  };
  return { ...draft, sources, object: sha256(object), code: sha256(code), hash: sha256(JSON.stringify(identity)) };
}

/**
 * Modules, files that user code read, and the TypeScript of the type-check; sorted by name. Declaration files of packages are left
 * out: they say what values are, not what they hold. Folders count by their names.
 */
function sourcesOf(inputs: BuildInputs): Manifest["sources"] {
  const typed = inputs.files.filter(file => !/\.d\.[mc]?ts$/.test(file) || !file.includes("/node_modules/"));
  const all = new Set([...inputs.record.modules, ...inputs.record.files, ...typed]);
  const named: { file: string; sha256: string }[] = [];
  for (const file of all) {
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) continue;
    named.push({ file: inputs.root.nameOf(file), sha256: sha256(readFileSync(file)) });
  }
  return named.sort((a, b) => (a.file < b.file ? -1 : 1));
}

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** A refusal by the kernel at load, told in the user's terms: the verifier's reason at the line of TypeScript. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import type { Manifest, SourcePlace } from "../../codegen/bundle/manifest.js";
import { sourceLine } from "../elf/lines.js";
import { DatapathError } from "../errors.js";
import type { NativeError } from "../native/index.js";
import { newerThan } from "./features.js";

export interface Rejection {
  /** the program's name in the ELF */
  readonly program: string;
  /** the verifier's own last words */
  readonly reason: string;
  readonly source: SourcePlace | undefined;
}

/** Finds the rejection in libbpf's output, which quotes the verifier's log between two marks. */
export function readRejection(log: string, object: Uint8Array, manifest: Manifest): Rejection | undefined {
  const found = /prog '([^']*)': -- BEGIN PROG LOAD LOG --\n([\s\S]*?)(?:libbpf: prog '[^']*': |^)?-- END PROG LOAD LOG --/m.exec(log);
  if (!found) return undefined;
  const lines = (found[2] ?? "").split("\n").map(line => line.trimEnd());
  const program = found[1] ?? "";
  return { program, reason: reasonOf(lines), source: sourceOf(lines, program, object, manifest) };
}

/** What the verifier says behind the last instruction: neither registers' state, nor source, nor its statistics. */
function reasonOf(lines: readonly string[]): string {
  const last = lines.findLastIndex(line => /^\d+: /.test(line) || line.startsWith(";"));
  const said = lines.slice(last + 1).filter(line => line !== "" && !isChatter(line));
  return said.length > 0 ? said.join("; ") : "no reason was given";
}

/** `R1=ctx(…)` is state; "R1 invalid mem access" is a reason. */
function isChatter(line: string): boolean {
  const about = /^(processed \d+ insns|verification time|stack depth|insns processed|func#|mark_precise|arg#|from \d+ to \d+)/;
  return about.test(line) || /^(R\d+(_\w+)?=|fp-?\d+)/.test(line);
}

/** Where the instruction that was walked last came from: by the object's line information, else by the log's comments. */
function sourceOf(lines: readonly string[], program: string, object: Uint8Array, manifest: Manifest): SourcePlace | undefined {
  const instruction = lines.findLast(line => /^\d+: \(/.test(line))?.split(":")[0];
  const found = instruction === undefined ? undefined : sourceLine(object, program, Number(instruction));
  if (found) return placeOf(manifest, found.file, found.line);
  // `; code @ file:line`, in kernels from 6.10 on.
  const comment = lines.findLast(line => / @ \S+:\d+$/.test(line));
  const [, file, line] = / @ (\S+):(\d+)$/.exec(comment ?? "") ?? [];
  return file === undefined ? undefined : placeOf(manifest, file, Number(line));
}

/** A line of the C is followed to its TypeScript; one of TypeScript gets the column that the compiler knew. */
function placeOf(manifest: Manifest, file: string, line: number): SourcePlace | undefined {
  if (file.endsWith(".c") || file === "<stdin>") return originOf(manifest, line);
  const known = manifest.lines.find(entry => sameFile(entry.source.file, file) && entry.source.line === line);
  return known?.source ?? { file, line, column: 1 };
}

/** The kernel prints a file's last part only. */
function sameFile(full: string, shown: string): boolean {
  return full === shown || full.endsWith(`/${shown}`) || shown.endsWith(`/${full}`);
}

/** A line of program.c: the entry at it, or the last one in front. */
export function originOf(manifest: Manifest, line: number): SourcePlace | undefined {
  let found: SourcePlace | undefined;
  for (const entry of manifest.lines) {
    if (entry.line > line) break;
    found = entry.source;
  }
  return found;
}

/** Turns what the addon threw at load into an error of the runtime's. */
export function loadError(error: NativeError, object: Uint8Array, manifest: Manifest): DatapathError {
  const log = error.log ?? "";
  const missing = newerThan(manifest.features, release());
  if (missing.length > 0 && error.code !== "EPERM" && error.code !== "ENOMEM") {
    const names = missing.map(({ name, since }) => `${name} (Linux ${since})`).join(", ");
    return new DatapathError("DP6012", `this is Linux ${release()}; the program needs ${names}${complaint(log)}`, { cause: error });
  }
  const rejection = readRejection(log, object, manifest);
  if (rejection && rejection.reason !== "no reason was given") {
    const where = rejection.source
      ? `${rejection.source.file}:${rejection.source.line}:${rejection.source.column}`
      : `program ${rejection.program}`;
    const kept = keepLog(log, manifest.name);
    return new DatapathError("DP6013", `${where}: ${rejection.reason}${kept ? ` (the whole log: ${kept})` : ""}`, { cause: error });
  }
  switch (error.code) {
    case "EPERM":
      return new DatapathError("DP6011", `${error.message}`, { cause: error });
    case "ENOMEM":
    case "E2BIG":
      return new DatapathError("DP6015", `${error.message}${complaint(log)}`, { cause: error });
    default:
      return new DatapathError("DP6014", `${error.message}${complaint(log)}`, { cause: error });
  }
}

/** libbpf's last complaint in front of giving up, which it says of the whole object. */
function complaint(log: string): string {
  const lines = log.split("\n").filter(one => /^libbpf: .*(fail|error|invalid|unsupported)/i.test(one));
  const line = lines.findLast(one => !/failed to load object|BTF is optional/.test(one));
  return line ? ` (${line.replace(/^libbpf: /, "")})` : "";
}

function keepLog(log: string, name: string): string | undefined {
  try {
    const file = join(mkdtempSync(join(tmpdir(), "datapath-")), `${name}.verifier.log`);
    writeFileSync(file, log, { mode: 0o600 });
    return file;
  } catch {
    return undefined; // a full or missing temporary folder must not hide the reason itself
  }
}

/** A refusal by the kernel at load, told in the user's terms: the verifier's reason at the line of TypeScript. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import type { Manifest, SourcePlace } from "../../codegen/bundle/manifest.js";
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
export function readRejection(log: string, manifest: Manifest): Rejection | undefined {
  const found = /prog '([^']*)': -- BEGIN PROG LOAD LOG --\n([\s\S]*?)(?:libbpf: prog '[^']*': |^)?-- END PROG LOAD LOG --/m.exec(log);
  if (!found) return undefined;
  const lines = (found[2] ?? "").split("\n").map(line => line.trimEnd());
  return { program: found[1] ?? "", reason: reasonOf(lines), source: sourceOf(lines, manifest) };
}

/** What the verifier prints last that is neither its state, nor an instruction, nor its statistics. */
function reasonOf(lines: readonly string[]): string {
  for (let i = lines.length; i-- > 0; ) {
    const line = lines[i] ?? "";
    if (line === "" || line.startsWith(";")) continue;
    if (/^(processed \d+ insns|verification time|stack depth|insns processed|func#|mark_precise|arg#|from \d+ to \d+)/.test(line)) continue;
    if (/^\d+: /.test(line) || /^(R\d+|fp-?\d+)/.test(line)) continue;
    return line;
  }
  return "no reason was given";
}

/** The last source comment of the log: `; code @ file:line` (6.10 and later), or the quoted code alone. */
function sourceOf(lines: readonly string[], manifest: Manifest): SourcePlace | undefined {
  for (let i = lines.length; i-- > 0; ) {
    const line = lines[i] ?? "";
    if (!line.startsWith(";")) continue;
    const place = / @ (\S+):(\d+)$/.exec(line);
    if (!place) continue;
    const [file, number] = [place[1] ?? "", Number(place[2])];
    if (file.endsWith(".c")) return originOf(manifest, number);
    return (
      manifest.lines.find(entry => sameFile(entry.source.file, file) && entry.source.line === number)?.source ?? {
        file,
        line: number,
        column: 1,
      }
    );
  }
  return undefined;
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
export function loadError(error: NativeError, manifest: Manifest): DatapathError {
  const log = error.log ?? "";
  const missing = newerThan(manifest.features, release());
  if (missing.length > 0 && error.code !== "EPERM" && error.code !== "ENOMEM") {
    const names = missing.map(({ name, since }) => `${name} (Linux ${since})`).join(", ");
    return new DatapathError("DP6012", `this is Linux ${release()}; the program needs ${names}${complaint(log)}`, { cause: error });
  }
  const rejection = readRejection(log, manifest);
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

/** Diagnostics as people and editors read them: `edge.dp.ts:14:9 - error DP2003: …`, tsc's format, with a code frame and the hint. */
import { readFileSync } from "node:fs";
import { isAbsolute, relative } from "node:path";
import type { Span } from "../ir/ir.js";
import type { SourceRoot } from "../source/source-root.js";
import type { Diagnostic, Severity } from "./diagnostic.js";

export interface RenderOptions {
  readonly root: SourceRoot;
  /** ANSI colours: for a terminal */
  readonly colour: boolean;
  /** paths are shown relative to this folder; default: the process's own */
  readonly directory?: string;
  /** gives a file's text by its absolute path; default: from disk */
  readonly read?: (file: string) => string | undefined;
}

/** All of a run, in order, each once, with a blank line between and a count at the end; "" for none. */
export function render(diagnostics: readonly Diagnostic[], options: RenderOptions): string {
  const settled = settle(diagnostics);
  if (settled.length === 0) return "";
  const blocks = settled.map(diagnostic => renderOne(diagnostic, options));
  const errors = settled.filter(diagnostic => diagnostic.severity === "error").length;
  if (errors > 0) blocks.push(`${errors} ${errors === 1 ? "error" : "errors"}\n`);
  return blocks.join("\n");
}

/**
 * Sorted by place, without repetitions. What a later stage says of a place where an earlier one refused something
 * is a consequence of that and left out.
 */
export function settle(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const sorted = [...diagnostics].sort(
    (a, b) =>
      compareText(a.span.file, b.span.file) || a.span.line - b.span.line || a.span.column - b.span.column || compareText(a.code, b.code),
  );
  const seen = new Set<string>();
  return sorted.filter(diagnostic => {
    const { code, message, span } = diagnostic;
    const key = `${span.file}:${span.line}:${span.column} ${code} ${message}`;
    if (seen.has(key) || sorted.some(other => isConsequence(diagnostic, other))) return false;
    seen.add(key);
    return true;
  });
}

/** Whether one diagnostic only repeats in other words what another says of the same place. */
function isConsequence(of: Diagnostic, other: Diagnostic): boolean {
  if (of.code.startsWith("DP12")) return /^(DP11|TS)/.test(other.code) && overlap(of.span, other.span);
  if (of.code === "DP3003") return other.code === "DP3002" && overlap(of.span, other.span);
  if (of.code === "DP3103") return /^DP300[123]$/.test(other.code) && overlap(of.span, other.span);
  return false;
}

function overlap(a: Span, b: Span): boolean {
  return a.file === b.file && a.line === b.line && a.column < b.column + b.length && b.column < a.column + a.length;
}

/** The form of `--json`: paths relative to the source root, nothing left out. */
export function toJson(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return settle(diagnostics);
}

function renderOne(diagnostic: Diagnostic, options: RenderOptions): string {
  const paint = painter(options.colour);
  const { span, severity, code, message, hint, related = [] } = diagnostic;
  const where = place(span, options, paint);
  const lines = [`${where} - ${paint(severityColour[severity], severity)} ${paint("grey", `${code}:`)} ${message}`];
  const frame = codeFrame(span, severityColour[severity], options, paint);
  if (frame.length > 0) lines.push("", ...frame);
  if (hint !== undefined) lines.push("", `  ${paint("green", "hint:")} ${hint}`);
  for (const other of related) {
    lines.push("", `  ${place(other.span, options, paint)} - ${other.message}`);
    lines.push(...codeFrame(other.span, "cyan", options, paint).map(line => `  ${line}`));
  }
  return `${lines.join("\n")}\n`;
}

function place(span: Span, options: RenderOptions, paint: Paint): string {
  const file = relative(options.directory ?? process.cwd(), absolute(span.file, options));
  if (span.line === 0) return paint("cyan", file);
  return `${paint("cyan", file)}:${paint("yellow", String(span.line))}:${paint("yellow", String(span.column))}`;
}

function absolute(file: string, options: RenderOptions): string {
  return isAbsolute(file) ? file : options.root.fileOf(file);
}

/** The line of the place and an underline, as tsc shows them; nothing where the file cannot be read. */
function codeFrame(span: Span, colour: Colour, options: RenderOptions, paint: Paint): readonly string[] {
  if (span.line === 0) return [];
  const text = (options.read ?? readText)(absolute(span.file, options))?.split(/\r?\n/)[span.line - 1];
  if (text === undefined) return [];
  const number = String(span.line);
  const before = text.slice(0, span.column - 1);
  const length = Math.max(1, Math.min(span.length, text.length - before.length));
  const underline = `${before.replace(/[^\t]/g, " ")}${"~".repeat(length)}`;
  return [`${paint("inverse", number)} ${text}`, `${paint("inverse", " ".repeat(number.length))} ${paint(colour, underline)}`];
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

type Colour = "red" | "yellow" | "cyan" | "grey" | "green" | "inverse";
type Paint = (colour: Colour, text: string) => string;

const severityColour: Readonly<Record<Severity, Colour>> = { error: "red", warning: "yellow", notice: "cyan" };
const escapes: Readonly<Record<Colour, string>> = {
  red: "\u001b[91m",
  yellow: "\u001b[93m",
  cyan: "\u001b[96m",
  grey: "\u001b[90m",
  green: "\u001b[92m",
  inverse: "\u001b[7m",
};

function painter(colour: boolean): Paint {
  return colour ? (name, text) => `${escapes[name]}${text}\u001b[0m` : (_name, text) => text;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What each line of TypeScript became: the C that came of it, and the instructions that came of that. */
import type { HookName, LineEntry, Manifest } from "../../../codegen/bundle/manifest.js";
import { disassemble } from "../../../codegen/object/disassemble.js";
import { type ObjectFile, readObject } from "../../../codegen/object/elf.js";
import { lengthOf, programsOf } from "../../../codegen/object/programs.js";

export interface ExplainedLine {
  readonly file: string;
  readonly line: number;
  readonly c: readonly string[];
  /** `12: r1 = *(u32 *)(r6 + 4)`, the number counted from the program's start */
  readonly instructions: readonly string[];
}

export interface ExplainedProgram {
  readonly hook: HookName;
  /** the C function */
  readonly program: string;
  readonly instructions: number;
  /** the user's own files first, packages behind them, each in the order of its lines */
  readonly lines: readonly ExplainedLine[];
}

export interface BundleContents {
  readonly manifest: Manifest;
  readonly code: string;
  readonly object: Uint8Array;
}

export function explain({ manifest, code, object }: BundleContents): ExplainedProgram[] {
  const file = readObject(object);
  const programs = programsOf(file);
  const cLines = code.split("\n");
  const nameOf = namesIn(manifest.lines);
  const explainOne = (hook: HookName, name: string): ExplainedProgram => {
    const lines = new Lines();
    for (const [number, text] of functionLines(cLines, name)) {
      const place = placeOf(number, manifest.lines);
      if (place) lines.at(place.file, place.line).c.push(text);
    }
    const program = programs.find(candidate => candidate.name === name);
    const texts = new Map(disassemble(codeOf(file, name)).map(({ address, text }) => [address, text]));
    for (const { slot, place } of program?.instructions ?? []) {
      if (place) lines.at(nameOf(place.file), place.line).instructions.push(`${slot}: ${texts.get(slot) ?? ""}`);
    }
    return { hook, program: name, instructions: program ? lengthOf(program) : 0, lines: lines.sorted() };
  };
  return manifest.hooks.flatMap(({ hook, program, parts }) => [program, ...(parts?.programs ?? [])].map(name => explainOne(hook, name)));
}

/** The name of lines that no TypeScript stands for: the C's own helpers. */
export const ownC = "program.c";

/**
 * The name that the manifest has for a file of the debug information, where the compiler's folder stands in front. clang
 * reads the C from its standard input.
 */
function namesIn(entries: readonly LineEntry[]): (file: string) => string {
  const names = [...new Set(entries.map(entry => entry.source.file))].sort((a, b) => b.length - a.length);
  return file => (file.endsWith("<stdin>") ? ownC : (names.find(name => file === name || file.endsWith(`/${name}`)) ?? file));
}

class Lines {
  readonly #lines = new Map<string, { file: string; line: number; c: string[]; instructions: string[] }>();

  at(file: string, line: number): { c: string[]; instructions: string[] } {
    const key = `${file}:${line}`;
    const known = this.#lines.get(key);
    if (known) return known;
    const made = { file, line, c: [], instructions: [] };
    this.#lines.set(key, made);
    return made;
  }

  sorted(): ExplainedLine[] {
    const rank = (file: string): number => (file === ownC ? 2 : file.startsWith("node_modules/") ? 1 : 0);
    return [...this.#lines.values()].sort((a, b) => rank(a.file) - rank(b.file) || a.file.localeCompare(b.file) || a.line - b.line);
  }
}

/** The lines of a function's body, with their numbers; without what says lines itself and what is empty. */
function* functionLines(lines: readonly string[], name: string): Generator<[number: number, text: string]> {
  const start = lines.findIndex(line => /^\S/.test(line) && new RegExp(`\\b${name}\\(`).test(line) && !line.trimEnd().endsWith(";"));
  if (start < 0) return;
  for (let index = start + 1; index < lines.length; index++) {
    const text = (lines[index] ?? "").trim();
    if (lines[index]?.startsWith("}")) return;
    if (text !== "" && text !== "{" && text !== "}" && !text.startsWith("#line")) yield [index + 1, text];
  }
}

function placeOf(line: number, entries: readonly LineEntry[]): LineEntry["source"] | undefined {
  return entries.findLast(entry => entry.line <= line)?.source;
}

function codeOf(object: ObjectFile, name: string): Uint8Array {
  const symbol = object.symbols.find(candidate => candidate.type === "function" && candidate.name === name);
  const section = symbol && object.sections[symbol.section];
  return section ? section.data.subarray(symbol.value, symbol.value + symbol.size) : new Uint8Array();
}

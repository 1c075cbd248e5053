/** From a live function to its TypeScript: the source map gives the place, and undoes esbuild's renaming of its free names. */
import { findSourceMap, type SourceMap } from "node:module";
import type { LiveDebugger, RawLocation } from "./debugger.js";
import type { Location, Scope } from "./evaluation.js";
import { fileOfUrl } from "./modules.js";

export interface LocatedFunction extends Location {
  /** the URL of the module that holds it */
  readonly url: string;
}

export class Locator {
  readonly #debugger: LiveDebugger;
  readonly #known = new WeakMap<object, LocatedFunction | undefined>();

  constructor(live: LiveDebugger) {
    this.#debugger = live;
  }

  locate(fn: object): LocatedFunction | undefined {
    if (this.#known.has(fn)) return this.#known.get(fn);
    const located = this.#locate(fn);
    this.#known.set(fn, located);
    return located;
  }

  #locate(fn: object): LocatedFunction | undefined {
    if (typeof fn !== "function") return undefined;
    const raw = this.#debugger.locate(fn);
    if (raw === undefined) return undefined;
    const map = findSourceMap(raw.url);
    const entry = map?.findEntry(raw.line, raw.column);
    if (map === undefined || entry === undefined || !("originalLine" in entry)) {
      const file = fileOfUrl(raw.url);
      if (file === undefined) return undefined;
      return { url: raw.url, file, line: raw.line + 1, column: raw.column + 1, scopes: raw.scopes.map(scope => originalNames(scope, [])) };
    }
    const file = fileOfUrl(new URL(entry.originalSource, raw.url.startsWith("/") ? `file://${raw.url}` : raw.url).href);
    if (file === undefined) return undefined;
    const renamed = renamedNames(Function.prototype.toString.call(fn), this.#debugger.sourceOf(raw.scriptId), raw, map);
    const scopes = raw.scopes.map(scope => originalNames(scope, renamed));
    return { url: raw.url, file, line: entry.originalLine + 1, column: entry.originalColumn + 1, scopes };
  }
}

type Renaming = readonly [generated: string, original: string];

/**
 * esbuild gives an inner name a number where an outer scope has the same name (`const LIMIT2 = …`), and the source map
 * keeps the original beside each use. Only the uses inside the function count: two functions may use `x2` for different names.
 */
function renamedNames(text: string, source: string, raw: RawLocation, map: SourceMap): Renaming[] {
  const at = offsetOf(source, raw.line, raw.column);
  const start = source.lastIndexOf(text, at);
  if (start < 0) return [];
  const renamings: Renaming[] = [];
  const seen = new Set<string>();
  const before = source.slice(0, start);
  let line = before.split("\n").length - 1;
  let lineStart = before.lastIndexOf("\n") + 1;
  for (const match of text.matchAll(/\n|[\p{ID_Start}$_][\p{ID_Continue}$]*/gu)) {
    const offset = start + match.index;
    if (match[0] === "\n") {
      line += 1;
      lineStart = offset + 1;
      continue;
    }
    if (seen.has(match[0]) || (!/\d$/.test(match[0]) && !match[0].startsWith("_"))) continue;
    const entry = map.findEntry(line, offset - lineStart);
    if (!("originalLine" in entry) || entry.generatedLine !== line || entry.generatedColumn !== offset - lineStart) continue;
    const original: unknown = Reflect.get(entry, "name");
    if (typeof original !== "string" || original === "" || original === match[0]) continue;
    seen.add(match[0]);
    renamings.push([match[0], original]);
  }
  return renamings;
}

function offsetOf(source: string, line: number, column: number): number {
  let start = 0;
  for (let i = 0; i < line; i++) start = source.indexOf("\n", start) + 1;
  return start + column;
}

function originalNames(scope: object, renamed: readonly Renaming[]): Scope {
  const originals = new Map(renamed);
  const names = new Map<string, unknown>();
  for (const name of Object.keys(scope)) names.set(originals.get(name) ?? name, Reflect.get(scope, name));
  return names;
}

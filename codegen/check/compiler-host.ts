/**
 * How TypeScript reads files: its own libraries from ts-morph, which carries them as text; every other file from disk, parsed once
 * a process as long as it does not change.
 */
import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { ts } from "ts-morph";

interface Library {
  getLibFiles(): { readonly fileName: string; readonly text: string }[];
}

/** ts-morph's inner package holds the libraries' texts and does not hand them on; it is loaded already. */
function libraryTexts(): Map<string, string> {
  const inner: Library = createRequire(createRequire(import.meta.url).resolve("ts-morph"))("@ts-morph/common");
  return new Map(inner.getLibFiles().map(({ fileName, text }) => [fileName, text]));
}

/** A folder that need not exist. */
const libraryFolder = "/node_modules/typescript/lib";

interface Parsed {
  readonly modified: number;
  readonly size: number;
  readonly format: ts.ResolutionMode;
  readonly source: ts.SourceFile;
}

const parsed = new Map<string, Parsed>();
let libraries: Map<string, string> | undefined;

/** @param directory where `types` are looked for when no tsconfig says it: the package's root, wherever the command runs */
export function createCompilerHost(options: ts.CompilerOptions, directory: string): ts.CompilerHost {
  libraries ??= libraryTexts();
  const texts = libraries;
  const host = ts.createCompilerHost(options);
  const inLibrary = (file: string): string | undefined =>
    file.startsWith(`${libraryFolder}/`) ? texts.get(file.slice(libraryFolder.length + 1)) : undefined;
  return {
    ...host,
    getCurrentDirectory: () => directory,
    // Comments say nothing about types in TypeScript, and the libraries are full of them.
    jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
    getDefaultLibLocation: () => libraryFolder,
    getDefaultLibFileName: () => `${libraryFolder}/${ts.getDefaultLibFileName(options)}`,
    fileExists: file => inLibrary(file) !== undefined || host.fileExists(file),
    readFile: file => inLibrary(file) ?? host.readFile(file),
    getSourceFile(file, how) {
      const format = typeof how === "object" ? how.impliedNodeFormat : undefined;
      const text = inLibrary(file);
      const state = text === undefined ? statSync(file, { throwIfNoEntry: false }) : { mtimeMs: 0, size: text.length };
      if (state === undefined) return undefined;
      const known = parsed.get(file);
      if (known?.modified === state.mtimeMs && known.size === state.size && known.format === format) return known.source;
      const content = text ?? host.readFile(file);
      if (content === undefined) return undefined;
      const source = ts.createSourceFile(file, content, how);
      parsed.set(file, { modified: state.mtimeMs, size: state.size, format, source });
      return source;
    },
  };
}

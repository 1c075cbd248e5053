/** Sets up the type-check of a pipeline's file: the user's own tsconfig where there is one, with what the language needs forced. */
import { existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ts } from "ts-morph";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Span } from "../ir/ir.js";
import { packageRoot, SourceRoot } from "../source/source-root.js";
import type { CheckedProgram } from "./checked-program.js";
import { createCompilerHost } from "./compiler-host.js";
import { declarationAt, type FunctionNode } from "./declaration-at.js";
import { typescriptDiagnostics } from "./typescript-diagnostics.js";

export interface CreateProgramOptions {
  /** default: the package of the file */
  readonly root?: SourceRoot;
  /** the program of an earlier call for the same file: only files that changed on disk are parsed again */
  readonly previous?: CheckedProgram;
  /** files beside those that the file imports: where functions come from that it was given at run time */
  readonly also?: readonly string[];
}

/** datapath's own package */
const here = realpathSync(fileURLToPath(new URL("../../", import.meta.url)));

/**
 * Parses and type-checks a file and what it imports.
 *
 * @throws where the file does not exist; errors in the program are diagnostics
 */
export function createProject(file: string, options: CreateProgramOptions = {}): CheckedProgram {
  const path = realpathSync(resolve(file));
  const root = options.root ?? SourceRoot.of(path);
  const { compilerOptions, configs } = optionsFor(path);
  const program = ts.createProgram({
    rootNames: [path, ...(options.also ?? []).map(other => realpathSync(resolve(other)))],
    options: compilerOptions,
    host: createCompilerHost(compilerOptions, root.path),
    ...(options.previous === undefined ? {} : { oldProgram: options.previous.program }),
  });
  return new Checked(root, program, path, configs);
}

class Checked implements CheckedProgram {
  readonly root: SourceRoot;
  readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  readonly entry: ts.SourceFile;
  readonly diagnostics: readonly Diagnostic[];
  readonly files: readonly string[];

  constructor(root: SourceRoot, program: ts.Program, path: string, configs: readonly string[]) {
    this.root = root;
    this.program = program;
    this.checker = program.getTypeChecker();
    const entry = program.getSourceFile(path);
    if (entry === undefined) throw new Error(`the type-check lost its own file ${path}`);
    this.entry = entry;
    const sources = program.getSourceFiles();
    this.diagnostics = typescriptDiagnostics(
      program,
      sources.filter(source => isUsers(source, root, entry)),
      root,
    );
    const read = sources.filter(source => !program.isSourceFileDefaultLibrary(source)).map(source => source.fileName);
    const packages = new Set(read.map(name => packageRoot(name)).filter(folder => folder !== undefined));
    this.files = [...read, ...configs, ...[...packages].map(folder => join(folder, "package.json"))].sort();
  }

  declarationAt(file: string, line: number, column: number): FunctionNode | undefined {
    const source = this.program.getSourceFile(file);
    return source === undefined || source.isDeclarationFile ? undefined : declarationAt(source, line, column);
  }

  spanOf(node: ts.Node): Span {
    const source = node.getSourceFile();
    const start = node.getStart(source);
    const { line, character } = source.getLineAndCharacterOfPosition(start);
    const firstLine = source.text.slice(start, node.end).indexOf("\n");
    const length = firstLine < 0 ? node.end - start : firstLine;
    return { file: this.root.nameOf(source.fileName), line: line + 1, column: character + 1, length };
  }
}

/** The user's own files: of the package that is compiled, not of what it depends on. */
function isUsers(source: ts.SourceFile, root: SourceRoot, entry: ts.SourceFile): boolean {
  const file = source.fileName;
  if (source.isDeclarationFile || file.includes("/node_modules/") || !file.startsWith(`${root.path}/`)) return false;
  // An example inside datapath's own repository: the language, the blocks and the compiler have their own type-check.
  return root.path !== resolve(here) || file.startsWith(`${dirname(entry.fileName)}/`);
}

function optionsFor(file: string): { readonly compilerOptions: ts.CompilerOptions; readonly configs: readonly string[] } {
  const config = ts.findConfigFile(dirname(file), ts.sys.fileExists);
  const { theirs, configs } = config === undefined ? { theirs: {}, configs: [] } : readConfig(config);
  return { compilerOptions: { ...(config === undefined ? defaults(file) : {}), ...theirs, ...forced }, configs };
}

/** Errors of the tsconfig itself are left to tsc: what could be read is used. */
function readConfig(config: string): { readonly theirs: ts.CompilerOptions; readonly configs: readonly string[] } {
  const json = ts.readJsonConfigFile(config, ts.sys.readFile);
  const host: ts.ParseConfigHost = { ...ts.sys, useCaseSensitiveFileNames: true, readDirectory: () => [] };
  // With the file's name the options know where they stand: `types` are looked for from there.
  const { options } = ts.parseJsonSourceFileConfigFileContent(json, host, dirname(config), undefined, config);
  return { theirs: options, configs: [config, ...(json.extendedSourceFiles ?? [])] };
}

/** Without a tsconfig, Node's own names are there if their types are installed; with one, it says which. */
function defaults(file: string): ts.CompilerOptions {
  return {
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    types: hasNodeTypes(dirname(file)) ? ["node"] : [],
    noImplicitOverride: true,
  };
}

function hasNodeTypes(folder: string): boolean {
  if (existsSync(join(folder, "node_modules/@types/node"))) return true;
  return dirname(folder) !== folder && hasNodeTypes(dirname(folder));
}

/** What the language relies on, whatever the tsconfig says. */
const forced: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  composite: false,
  incremental: false,
  declaration: false,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  customConditions: ["datapath"],
  useDefineForClassFields: true,
  experimentalDecorators: false,
  erasableSyntaxOnly: true,
  skipLibCheck: true,
  checkJs: false,
};

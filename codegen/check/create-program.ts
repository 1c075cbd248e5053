/** Sets up the type-check of a pipeline's file: the user's own tsconfig where there is one, with what the language needs forced. */
import { existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type CompilerOptions, type Node, Project, type SourceFile, ts } from "ts-morph";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Span } from "../ir/ir.js";
import { SourceRoot } from "../source/source-root.js";
import type { CheckedProgram } from "./checked-program.js";
import { declarationAt, type FunctionDeclarationNode } from "./declaration-at.js";
import { typescriptDiagnostics } from "./typescript-diagnostics.js";

export interface CreateProgramOptions {
  /** default: the package of the file */
  readonly root?: SourceRoot;
  /** the program of an earlier call for the same file: only files that changed on disk are parsed again */
  readonly previous?: CheckedProgram;
}

const here = realpathSync(fileURLToPath(new URL("../../", import.meta.url)));

/** @throws where the file does not exist; errors in the program are diagnostics */
export function createProject(file: string, options: CreateProgramOptions = {}): CheckedProgram {
  const path = realpathSync(resolve(file));
  const root = options.root ?? SourceRoot.of(path);
  const { compilerOptions, config } = optionsFor(path);
  const project =
    options.previous?.project ?? new Project({ compilerOptions, skipAddingFilesFromTsConfig: true, skipFileDependencyResolution: true });
  if (options.previous !== undefined) for (const source of project.getSourceFiles()) source.refreshFromFileSystemSync();
  const entry = project.addSourceFileAtPath(path);
  return new Checked(root, project, entry, config);
}

class Checked implements CheckedProgram {
  readonly root: SourceRoot;
  readonly project: Project;
  readonly entry: SourceFile;
  readonly diagnostics: readonly Diagnostic[];
  readonly files: readonly string[];

  constructor(root: SourceRoot, project: Project, entry: SourceFile, config: string | undefined) {
    this.root = root;
    this.project = project;
    this.entry = entry;
    const program = project.getProgram().compilerObject;
    const sources = program.getSourceFiles();
    this.diagnostics = typescriptDiagnostics(
      program,
      sources.filter(source => isUsers(source, root)),
      root,
    );
    const read = sources.filter(source => !program.isSourceFileDefaultLibrary(source)).map(source => source.fileName);
    this.files = [...read, ...(config === undefined ? [] : [config])].sort();
  }

  declarationAt(file: string, line: number, column: number): FunctionDeclarationNode | undefined {
    const source = this.project.getSourceFile(file) ?? this.project.addSourceFileAtPathIfExists(file);
    return source === undefined ? undefined : declarationAt(source, line, column);
  }

  spanOf(node: Node): Span {
    const source = node.getSourceFile();
    const start = node.getStart();
    const { line, column } = source.getLineAndColumnAtPos(start);
    const firstLine = node.getText().indexOf("\n");
    const length = firstLine < 0 ? node.getEnd() - start : firstLine;
    return { file: this.root.nameOf(source.getFilePath()), line, column, length };
  }
}

/** The user's own files: of the package that is compiled, not of what it depends on. */
function isUsers(source: ts.SourceFile, root: SourceRoot): boolean {
  const file = source.fileName;
  if (source.isDeclarationFile || file.includes("/node_modules/") || !file.startsWith(`${root.path}/`)) return false;
  // Compiling an example inside datapath's own repository: its language and compiler have their own type-check.
  return !(root.path === here && /^(dsl|codegen|runtime|testing|index\.ts)/.test(file.slice(here.length + 1)));
}

function optionsFor(file: string): { readonly compilerOptions: CompilerOptions; readonly config: string | undefined } {
  const config = ts.findConfigFile(dirname(file), ts.sys.fileExists);
  const theirs = config === undefined ? {} : readConfig(config);
  return { compilerOptions: { ...defaults(file), ...theirs, ...forced }, config };
}

/** Errors of the tsconfig itself are left to tsc: what could be read is used. */
function readConfig(config: string): CompilerOptions {
  const { config: json } = ts.readConfigFile(config, ts.sys.readFile);
  const host: ts.ParseConfigHost = { ...ts.sys, useCaseSensitiveFileNames: true, readDirectory: () => [] };
  return ts.parseJsonConfigFileContent(json, host, dirname(config)).options;
}

function defaults(file: string): CompilerOptions {
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
const forced: CompilerOptions = {
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

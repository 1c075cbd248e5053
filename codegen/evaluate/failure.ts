/** Why a module could not be evaluated, as diagnostics at the user's own line. */
import { realpathSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { diagnose } from "../diagnostics/diagnose.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Span } from "../ir/ir.js";
import type { SourceRoot } from "../source/source-root.js";
import { packageUrl } from "./modules.js";

export interface Context {
  readonly root: SourceRoot;
  /** the pipeline's module */
  readonly file: string;
}

export function noFile(context: Context): Diagnostic {
  return diagnose("DP1009", whole(context), `there is no file ${relative(process.cwd(), context.file)}`);
}

export function commonJs(context: Context, owner: string | undefined): Diagnostic {
  const where = owner === undefined ? "no package.json above it" : "the package.json above it does not say so";
  return diagnose("DP1006", whole(context), `${context.root.nameOf(context.file)} is not an ES module: ${where}`);
}

export function noDefault(context: Context): Diagnostic {
  return diagnose("DP1001", whole(context), "the module has no default export");
}

export function notAClass(context: Context, exported: unknown): Diagnostic {
  return diagnose("DP1002", whole(context), `the default export is ${describe(exported)}, not a class on Pipeline`);
}

export function notAPipeline(context: Context, exported: { readonly name: string }, otherCopy: string | undefined): Diagnostic {
  if (otherCopy === undefined)
    return diagnose("DP1002", whole(context), `the default export, class ${exported.name}, does not extend Pipeline`);
  return diagnose(
    "DP1007",
    whole(context),
    `class ${exported.name} extends the Pipeline of another copy of datapath: ${otherCopy}; this compiler is ${fileURLToPath(packageUrl)}`,
  );
}

export function constructorThrew(context: Context, name: string, thrown: unknown): Diagnostic {
  return diagnose(
    "DP1003",
    placeOf(context, thrown) ?? whole(context),
    `making the pipeline failed: new ${name}() threw ${messageOf(thrown)}`,
  );
}

export function importFailed(context: Context, thrown: unknown): Diagnostic {
  const code = typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined;
  if (code === "ERR_MODULE_NOT_FOUND" || code === "ERR_PACKAGE_PATH_NOT_EXPORTED" || code === "ERR_UNSUPPORTED_DIR_IMPORT") {
    const message = thrown instanceof Error ? thrown.message : "";
    return diagnose("DP1005", importerOf(context, message), withoutImporter(message));
  }
  const syntax = syntaxErrorOf(context, thrown);
  if (syntax !== undefined) return syntax;
  return diagnose("DP1004", placeOf(context, thrown) ?? whole(context), `the module threw ${messageOf(thrown)}`);
}

export function unrepeatable(context: Context, what: readonly string[]): Diagnostic {
  return diagnose("DP1010", whole(context), `evaluation used ${what.join(" and ")}: this build is not cached`);
}

/** esbuild says `Transform failed with 1 error:\n/path/x.dp.ts:3:9: ERROR: Expected ";" but found "y"`. */
function syntaxErrorOf(context: Context, thrown: unknown): Diagnostic | undefined {
  const found = /^(?:\s*)(\/[^\n]*?):(\d+):(\d+): ERROR: ([^\n]+)/m.exec(messageOf(thrown));
  if (found === null) {
    // One that user code threw (JSON.parse does) has the user's line in its stack.
    const isParsers = thrown instanceof SyntaxError && placeOf(context, thrown) === undefined;
    return isParsers ? diagnose("DP1008", whole(context), messageOf(thrown)) : undefined;
  }
  const [, file = "", line = "1", column = "0", message = ""] = found;
  const span: Span = { file: context.root.nameOf(bare(file)), line: Number(line), column: Number(column) + 1, length: 1 };
  return diagnose("DP1008", span, message);
}

/** `Cannot find module '/a/b.js' imported from /a/x.dp.ts` */
function importerOf(context: Context, message: string): Span {
  const importer = / imported from ["']?([^"'\s]+)/.exec(message);
  const file = importer?.[1];
  return file === undefined ? whole(context) : { ...whole(context), file: context.root.nameOf(bare(file)) };
}

function withoutImporter(message: string): string {
  return message.replace(/ imported from .*$/s, "").replace(/^Cannot/, "cannot");
}

/**
 * The first frame of the stack that is the user's: of the package that is compiled, or else of another that is not datapath.
 * Source maps are on, so frames are in TypeScript already.
 */
function placeOf(context: Context, thrown: unknown): Span | undefined {
  const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
  let elsewhere: Span | undefined;
  for (const [, url = "", line = "1", column = "1"] of stack.matchAll(
    /(?:\(|at (?:async )?)((?:file:\/\/|\/)[^\s()]*?):(\d+):(\d+)\)?$/gm,
  )) {
    const file = bare(url);
    if (isOwn(file, context.file) || file.includes("/node_modules/")) continue;
    const span: Span = { file: context.root.nameOf(file), line: Number(line), column: Number(column), length: 1 };
    if (file.startsWith(`${context.root.path}/`)) return span;
    elsewhere ??= span;
  }
  return elsewhere;
}

/** datapath's own language, blocks and compiler, unless it is a block's own pipeline that is compiled. */
function isOwn(file: string, entry: string): boolean {
  const own = new URL(packageUrl).pathname;
  const parts = [
    "dsl/",
    "codegen/",
    "runtime/",
    "testing/",
    "node_modules/",
    "index.ts",
    ...(entry.startsWith(`${own}blocks/`) ? [] : ["blocks/"]),
  ];
  return parts.some(part => file.startsWith(own + part));
}

function whole(context: Context): Span {
  return { file: context.root.nameOf(context.file), line: 0, column: 0, length: 0 };
}

function bare(url: string): string {
  const path = url.startsWith("file:") ? fileURLToPath(url.replace(/\?.*$/, "")) : url.replace(/\?.*$/, "");
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.name === "Error" ? `"${thrown.message}"` : `${thrown.name}: ${thrown.message}`;
  return describe(thrown);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "function":
      return /^class\b/.test(Function.prototype.toString.call(value)) ? `class ${value.name}` : "a function";
    case "object":
      return Array.isArray(value) ? "an array" : "an object";
    case "string":
      return JSON.stringify(value);
    default:
      return String(value);
  }
}

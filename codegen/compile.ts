/** The whole compiler: a pipeline's file to the parts of a bundle. */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { draftManifest } from "./bundle/draft.js";
import type { Manifest } from "./bundle/manifest.js";
import { seal, sha256 } from "./bundle/seal.js";
import type { BundleParts } from "./bundle/write-bundle.js";
import type { CheckedProgram } from "./check/checked-program.js";
import { createProject } from "./check/create-program.js";
import { compileC, compileFlags } from "./clang/compile-c.js";
import type { Clang } from "./clang/find-clang.js";
import { type Diagnostic, hasErrors } from "./diagnostics/diagnostic.js";
import { evaluate } from "./evaluate/evaluate.js";
import { evaluationOf, locateLive } from "./evaluate/evaluate-live.js";
import type { Evaluation, EvaluationRecord } from "./evaluate/evaluation.js";
import { type FitOptions, fit } from "./fit.js";
import type { Safeguard } from "./print/flow-table.js";
import { type Translation, translate } from "./translate.js";

export interface CompileOptions extends FitOptions {
  /** letters, digits and hyphens; the file's name where left out */
  readonly name?: string;
  /** a test build: time and random numbers come from the data section `.data.world` */
  readonly testing?: boolean;
  /** flow tables without one of their safeguards, to see that a test finds it missing */
  readonly without?: Safeguard;
  /** stop before clang: types, subset, ranges */
  readonly checkOnly?: boolean;
  /** load the user's modules anew (`--watch`) */
  readonly fresh?: boolean;
  /** the type-check of an earlier build of this file: only what changed is parsed again */
  readonly previous?: CheckedProgram;
}

export interface Compilation {
  readonly diagnostics: readonly Diagnostic[];
  /** undefined where there are errors, or with `checkOnly` */
  readonly bundle: BundleParts | undefined;
  readonly translation: Translation | undefined;
  /** everything that decided the result, for the cache; undefined where evaluation failed early */
  readonly record: EvaluationRecord | undefined;
  /** absolute paths of the files of the type-check */
  readonly files: readonly string[];
  readonly checked: CheckedProgram | undefined;
  readonly clang: Clang | undefined;
  readonly name: string;
}

/** datapath's own version, from its package.json. */
export const compilerVersion: string = readVersion();

function readVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof parsed === "object" && parsed !== null && "version" in parsed && typeof parsed.version === "string"
    ? parsed.version
    : "0.0.0";
}

/** `edge.dp.ts` is the pipeline `edge`. */
export function nameOfFile(file: string): string {
  return (
    basename(file)
      .replace(/\.(dp\.)?[cm]?[jt]s$/, "")
      .replace(/[^A-Za-z0-9-]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 40) || "pipeline"
  );
}

/**
 * Compiles the pipeline that a file exports by default.
 *
 * @example
 * const { bundle, diagnostics } = await compile("edge.dp.ts");
 */
export async function compile(file: string, options: CompileOptions = {}): Promise<Compilation> {
  const name = options.name ?? nameOfFile(file);
  const evaluated = await evaluate(file, options.fresh === undefined ? {} : { fresh: options.fresh });
  if (!evaluated.ok) {
    const { diagnostics: why, record } = evaluated;
    const checked = existsSync(file) ? createProject(file, options.previous ? { previous: options.previous } : {}) : undefined;
    const typed = checked?.diagnostics ?? [];
    // TypeScript says the same of what cannot be parsed or found, and says it better.
    const others = hasErrors(typed) ? why.filter(({ code }) => code !== "DP1008" && code !== "DP1005") : why;
    return {
      diagnostics: [...typed, ...others],
      bundle: undefined,
      translation: undefined,
      record,
      files: checked?.files ?? [],
      checked,
      clang: undefined,
      name,
    };
  }
  const checked = createProject(file, options.previous ? { previous: options.previous } : {});
  return compileChecked(evaluated.evaluation, checked, name, options);
}

/** The type-checks of this process's tests, by file: each test file is parsed once. */
const projects = new Map<string, CheckedProgram>();

/**
 * Compiles a live pipeline of this very process: for tests.
 * @throws where the class of `pipeline` has no TypeScript source
 */
export function compileLive(pipeline: object, options: CompileOptions = {}): Promise<Compilation> {
  const file = fileOf(pipeline);
  const also = filesOfClosures(pipeline);
  const key = [file, ...also].join();
  const checked = projects.get(key) ?? createProject(file, { also });
  projects.set(key, checked);
  return compileChecked(evaluationOf(pipeline, file), checked, options.name ?? nameOfFile(file), options);
}

function fileOf(pipeline: object): string {
  const found = locateLive(pipeline.constructor);
  if (!found) throw new TypeError(`the class ${pipeline.constructor.name} has no TypeScript source that can be compiled`);
  return found.file;
}

/** The files of the functions that a class's methods close over: `hosting` is given its block's code by the test. */
function filesOfClosures(pipeline: object): readonly string[] {
  const files = new Set<string>();
  const prototype: object | null = Object.getPrototypeOf(pipeline);
  for (const { value } of Object.values(Object.getOwnPropertyDescriptors(prototype ?? {}))) {
    const scopes: readonly ReadonlyMap<string, unknown>[] = typeof value === "function" ? (locateLive(value)?.scopes ?? []) : [];
    for (const scope of scopes) {
      for (const bound of scope.values()) {
        const found = typeof bound === "function" ? locateLive(bound) : undefined;
        // A test's module also holds functions of libraries, which come as JavaScript.
        if (found && /\.[cm]?ts$/.test(found.file)) files.add(found.file);
      }
    }
  }
  return [...files].sort();
}

/**
 * What the subset has against a program that TypeScript has something against too. Types may be wrong by then, so what
 * later stages would say is left out, and so is all of a stage that could not go on.
 */
function subsetErrors(evaluation: Evaluation, checked: CheckedProgram, name: string): readonly Diagnostic[] {
  try {
    return translate(evaluation, checked, name, { testing: false }).diagnostics.filter(({ code }) => /^DP11\d\d$/.test(code));
  } catch {
    return [];
  }
}

async function compileChecked(
  evaluation: Evaluation,
  checked: CheckedProgram,
  name: string,
  options: CompileOptions,
): Promise<Compilation> {
  const { record } = evaluation;
  const stop = (diagnostics: readonly Diagnostic[], translation?: Translation): Compilation => ({
    diagnostics,
    bundle: undefined,
    translation,
    record,
    files: checked.files,
    checked,
    clang: undefined,
    name,
  });
  const before = [...checked.diagnostics, ...evaluation.diagnostics];
  if (hasErrors(before)) return stop([...before, ...subsetErrors(evaluation, checked, name)]);
  const print = { testing: options.testing === true, ...(options.without && { without: options.without }) };
  const translated = translate(evaluation, checked, name, print);
  const diagnostics = [...before, ...translated.diagnostics];
  if (!translated.ok) return stop(diagnostics);
  if (options.checkOnly) return stop(diagnostics, translated.translation);
  const { translation, compiled } = await fit(translated.translation, code => compileC(code, { root: evaluation.root }), options);
  if (!compiled.ok) return stop([...diagnostics, ...compiled.diagnostics], translation);
  const { code } = translation.printed;
  const manifest: Manifest = seal(draftManifest(translation, name, compilerVersion), code, compiled.object, {
    root: evaluation.root,
    record,
    files: checked.files,
    tools: {
      datapath: compilerVersion,
      clang: String(compiled.clang.version),
      flags: sha256(compileFlags),
      testing: String(print.testing),
    },
  });
  return {
    diagnostics,
    bundle: { manifest, code, object: compiled.object },
    translation,
    record,
    files: checked.files,
    checked,
    clang: compiled.clang,
    name,
  };
}

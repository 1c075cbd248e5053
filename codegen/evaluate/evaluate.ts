/**
 * Evaluates a pipeline's module: Node imports it, its default class is made once, and the live objects are handed on together
 * with the way back from each live function to its TypeScript.
 *
 * What is found of a live function, and how:
 *  - its place: V8's, through the source map; a method's, getter's or arrow's own head, a class's where it has no constructor;
 *  - its free names: V8's scopes. A variable that an inner function mentions is kept in a context, so it is always there:
 *    closures, class and module scope, `let` with its present value, imports under their local names, `import * as`.
 *    esbuild's numbers on inner names that hide outer ones are taken off by the source map;
 *  - what the module exports, for names that only an inlined constant mentioned;
 *  - not found: `this` of arrows (check/lexical-this.ts finds it among the objects), private methods, locals of calls that
 *    are over and that no function kept.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { Pipeline } from "../../dsl/pipeline.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { packageRoot, SourceRoot } from "../source/source-root.js";
import { liveDebugger } from "./debugger.js";
import type { EvaluateOptions, EvaluateResult, Evaluation, EvaluationRecord, LiveFunction, Location, Resolved } from "./evaluation.js";
import * as failure from "./failure.js";
import { Locator } from "./locate.js";
import { fileOfUrl, installHooks, modulesFrom, moduleUrl, packageUrl, resolutionOf, takeResolutions } from "./modules.js";
import { type Observed, observe } from "./observe.js";

let queue: Promise<unknown> = Promise.resolve();

/**
 * @param file the pipeline's module
 * @returns the live pipeline, or why there is none; user code that throws is a diagnostic, never an exception
 */
export function evaluate(file: string, options: EvaluateOptions = {}): Promise<EvaluateResult> {
  // What user code reads is watched process-wide, so one module is evaluated at a time.
  const result = queue.then(() => evaluateAlone(file, options));
  queue = result.catch(() => undefined);
  return result;
}

async function evaluateAlone(file: string, options: EvaluateOptions): Promise<EvaluateResult> {
  const given = resolve(file);
  const path = existsSync(given) ? realpathSync(given) : given;
  const root = options.root ?? (existsSync(path) ? SourceRoot.of(path) : new SourceRoot(process.cwd()));
  const context: failure.Context = { root, file: path };
  const refuse = (diagnostic: Diagnostic, record: EvaluationRecord = emptyRecord): EvaluateResult => ({
    ok: false,
    diagnostics: [diagnostic],
    record,
  });
  if (!existsSync(path)) return refuse(failure.noFile(context));
  if (isCommonJs(path)) return refuse(failure.commonJs(context, packageRoot(path)));

  installHooks();
  const live = liveDebugger();

  const url = moduleUrl(path, options.fresh === true);
  const { value: made, observed } = await observe(() => make(url, context));
  takeResolutions();
  const urls = modulesFrom(url);
  const record = recordOf(urls, observed);
  if (!made.ok) return refuse(made.diagnostic, record);

  for (const script of live.scripts())
    if (script.startsWith(packageUrl) && /^(dsl|blocks)\//.test(script.slice(packageUrl.length))) urls.add(script);
  const namespaces = await importAll(urls);
  const diagnostics = record.unrepeatable.length === 0 ? [] : [failure.unrepeatable(context, record.unrepeatable)];
  return { ok: true, evaluation: new LiveEvaluation({ root, path, made, record, diagnostics, namespaces, locator: new Locator(live) }) };
}

type Made =
  | { readonly ok: true; readonly pipeline: object; readonly pipelineClass: LiveFunction; readonly url: string }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

/** Imports the module and makes its pipeline; all user code of a build runs here. */
async function make(url: string, context: failure.Context): Promise<Made> {
  let namespace: object;
  try {
    namespace = await settled(import(url));
  } catch (thrown) {
    return { ok: false, diagnostic: failure.importFailed(context, thrown) };
  }
  if (!("default" in namespace)) return { ok: false, diagnostic: failure.noDefault(context) };
  const exported: unknown = namespace.default;
  if (!isLiveFunction(exported) || !isClass(exported)) return { ok: false, diagnostic: failure.notAClass(context, exported) };
  if (!(exported.prototype instanceof Pipeline)) {
    return { ok: false, diagnostic: failure.notAPipeline(context, exported, otherPipeline(exported)) };
  }
  try {
    const pipeline: unknown = Reflect.construct(exported, []);
    if (typeof pipeline !== "object" || pipeline === null) return { ok: false, diagnostic: failure.notAClass(context, exported) };
    return { ok: true, pipeline, pipelineClass: exported, url };
  } catch (thrown) {
    return { ok: false, diagnostic: failure.constructorThrew(context, exported.name, thrown) };
  }
}

/** A top-level `await` that nothing will ever end would end the process without a word. */
async function settled(loading: Promise<object>): Promise<object> {
  let idle: (() => void) | undefined;
  const stuck = new Promise<never>((_, reject) => {
    idle = () => reject(new Error("a top-level await of the module, or of one that it imports, never ends"));
    process.once("beforeExit", idle);
  });
  try {
    return await Promise.race([loading, stuck]);
  } finally {
    if (idle !== undefined) process.off("beforeExit", idle);
  }
}

/** The file of a class `Pipeline` in the chain that is not ours: a second copy of datapath. */
function otherPipeline(exported: LiveFunction): string | undefined {
  for (let base: unknown = Object.getPrototypeOf(exported); typeof base === "function"; base = Object.getPrototypeOf(base)) {
    if (base.name !== "Pipeline") continue;
    const url = liveDebugger().locate(base)?.url;
    return url === undefined ? "?" : fileOfUrl(url);
  }
  return undefined;
}

interface Parts {
  readonly root: SourceRoot;
  readonly path: string;
  readonly made: Extract<Made, { ok: true }>;
  readonly record: EvaluationRecord;
  readonly diagnostics: readonly Diagnostic[];
  readonly namespaces: ReadonlyMap<string, object>;
  readonly locator: Locator;
}

class LiveEvaluation implements Evaluation {
  readonly root: SourceRoot;
  readonly file: string;
  readonly pipeline: object;
  readonly pipelineClass: LiveFunction;
  readonly record: EvaluationRecord;
  readonly diagnostics: readonly Diagnostic[];
  readonly #parts: Parts;
  readonly #urls = new Map<string, string>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.root = parts.root;
    this.file = parts.path;
    this.pipeline = parts.made.pipeline;
    this.pipelineClass = parts.made.pipelineClass;
    this.record = parts.record;
    this.diagnostics = parts.diagnostics;
    for (const url of parts.namespaces.keys()) {
      const file = fileOfUrl(url);
      if (file !== undefined) this.#urls.set(file, url);
    }
  }

  locate(fn: object): Location | undefined {
    return this.#parts.locator.locate(fn);
  }

  resolve(fn: object, name: string): Resolved {
    const at = this.#parts.locator.locate(fn);
    if (at === undefined) return { found: false };
    for (const scope of at.scopes) if (scope.has(name)) return { found: true, value: scope.get(name) };
    const namespace = this.#parts.namespaces.get(at.url);
    if (namespace !== undefined && name in namespace) return { found: true, value: Reflect.get(namespace, name) };
    return { found: false };
  }

  resolveImport(file: string, specifier: string): object | undefined {
    const parent = this.#urls.get(file);
    if (parent === undefined) return undefined;
    const url = resolutionOf(parent, specifier) ?? relativeUrl(parent, specifier);
    return url === undefined ? undefined : this.#parts.namespaces.get(url);
  }

  namespaceOf(file: string): object | undefined {
    const url = this.#urls.get(file);
    return url === undefined ? undefined : this.#parts.namespaces.get(url);
  }

  privateField(object: object, name: string): Resolved {
    return liveDebugger().privateField(object, name);
  }
}

/** Modules that were loaded before the hook was there are datapath's own: their imports are relative, `.js` for `.ts`. */
function relativeUrl(parent: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? new URL(specifier.replace(/\.js$/, ".ts"), parent).href : undefined;
}

const emptyRecord: EvaluationRecord = { modules: [], files: [], environment: new Map(), unrepeatable: [] };

/** Variables that Node's loader reads itself. */
const loadersOwn = new Set(["NODE_V8_COVERAGE", "WATCH_REPORT_DEPENDENCIES"]);

function recordOf(urls: Iterable<string>, observed: Observed): EvaluationRecord {
  const modules = new Set<string>();
  for (const url of urls) {
    const file = fileOfUrl(url);
    if (file !== undefined) modules.add(file);
  }
  return {
    modules: [...modules].sort(),
    files: [...observed.files].filter(file => !modules.has(file)).sort(),
    environment: new Map([...observed.environment].filter(([name]) => !loadersOwn.has(name)).sort(([a], [b]) => (a < b ? -1 : 1))),
    unrepeatable: [...observed.unrepeatable].sort(),
  };
}

/** All are loaded already, so nothing runs again; what cannot be had by URL alone (JSON without attribute) is left out. */
async function importAll(urls: ReadonlySet<string>): Promise<Map<string, object>> {
  const namespaces = new Map<string, object>();
  await Promise.all(
    [...urls].map(async url => {
      try {
        const namespace: object = await import(url);
        namespaces.set(url, namespace);
      } catch {
        // resolved by user code that caught the failure itself
      }
    }),
  );
  return namespaces;
}

function isCommonJs(path: string): boolean {
  if (/\.m[jt]s$/.test(path)) return false;
  if (/\.c[jt]s$/.test(path)) return true;
  const owner = packageRoot(path);
  if (owner === undefined) return true;
  const parsed: unknown = JSON.parse(readFileSync(join(owner, "package.json"), "utf8"));
  return !(typeof parsed === "object" && parsed !== null && "type" in parsed && parsed.type === "module");
}

function isLiveFunction(value: unknown): value is LiveFunction {
  return typeof value === "function";
}

function isClass(value: LiveFunction): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

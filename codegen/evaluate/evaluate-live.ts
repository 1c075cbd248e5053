/** An evaluation of objects that this process has made already: for tests, whose pipelines are classes of the test's own file. */
import { realpathSync } from "node:fs";
import { SourceRoot } from "../source/source-root.js";
import { liveDebugger } from "./debugger.js";
import type { Evaluation } from "./evaluation.js";
import { type LocatedFunction, Locator } from "./locate.js";

let locator: Locator | undefined;

/** Where a live class or function was written; undefined for what has no source. */
export function locateLive(fn: object): LocatedFunction | undefined {
  locator ??= new Locator(liveDebugger());
  return locator.locate(fn);
}

/** @param file the module that the pipeline's class is of */
export function evaluationOf(pipeline: object, file: string): Evaluation {
  const path = realpathSync(file);
  const pipelineClass: unknown = pipeline.constructor;
  return {
    root: SourceRoot.of(path),
    file: path,
    pipeline,
    pipelineClass: typeof pipelineClass === "function" ? (pipelineClass as () => unknown) : () => undefined,
    record: { modules: [], files: [], environment: new Map(), unrepeatable: [] },
    diagnostics: [],
    locate: locateLive,
    resolve(fn, name) {
      for (const scope of locateLive(fn)?.scopes ?? []) if (scope.has(name)) return { found: true, value: scope.get(name) };
      return { found: false };
    },
    resolveImport: () => undefined,
    namespaceOf: () => undefined,
    privateField: (object, name) => liveDebugger().privateField(object, name),
  };
}

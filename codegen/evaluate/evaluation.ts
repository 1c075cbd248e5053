/** What evaluating a pipeline's module gives: live objects, and the way from a live function to its source. */
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { SourceRoot } from "../source/source-root.js";

/** A function or class as a value; only its identity and its place matter here. */
export type LiveFunction = (...args: never[]) => unknown;

/** The live values of names, as written in the TypeScript (esbuild's renaming is undone). */
export type Scope = ReadonlyMap<string, unknown>;

/** Where a live function was written and what its free names hold. */
export interface Location {
  /** absolute path */
  readonly file: string;
  /** 1-based, in the TypeScript. A place inside the function's head; `declarationAt` finds the declaration from it */
  readonly line: number;
  readonly column: number;
  /**
   * innermost first, the module's own scope last; globals are left out. Holds every outer name that the function's
   * text mentions and that had a value when asked; names that it does not mention may be missing.
   */
  readonly scopes: readonly Scope[];
}

/** What `resolve` gives: apart from "absent", since a name may well hold undefined. */
export type Resolved = { readonly found: true; readonly value: unknown } | { readonly found: false };

/** Everything that decided what evaluation gave, for the cache's key. */
export interface EvaluationRecord {
  /** absolute paths of the TypeScript, JavaScript and JSON modules that were loaded, sorted */
  readonly modules: readonly string[];
  /** absolute paths of other files and folders that user code read or asked about, sorted */
  readonly files: readonly string[];
  /** environment variables that were read, with their values (undefined: not set), sorted by name */
  readonly environment: ReadonlyMap<string, string | undefined>;
  /** why the result may differ the next time with nothing above changed: "the network", "the time", "random numbers", "another process" */
  readonly unrepeatable: readonly string[];
}

export interface Evaluation {
  readonly root: SourceRoot;
  /** absolute path of the pipeline's module */
  readonly file: string;
  /** the live instance, `new Default()` */
  readonly pipeline: object;
  readonly pipelineClass: LiveFunction;
  readonly record: EvaluationRecord;
  /** notices: an uncached build */
  readonly diagnostics: readonly Diagnostic[];
  /** Where a live function stands; undefined for functions without source (native, bound, from `eval`). Cached. */
  locate(fn: object): Location | undefined;
  /**
   * What a free name of a function holds: its scopes, then the module's exports and imports.
   * Globals (`Math`, `undefined`) are not looked up.
   */
  resolve(fn: object, name: string): Resolved;
  /** The live namespace that `specifier` stands for in `file` (absolute path); undefined where nothing loaded it. */
  resolveImport(file: string, specifier: string): object | undefined;
  /** The live namespace of a loaded module by its absolute path. */
  namespaceOf(file: string): object | undefined;
  /** The value of a field `#name` of a live object; not found for private methods, and where two classes in a chain share a name. */
  privateField(object: object, name: string): Resolved;
}

export type EvaluateResult =
  | { readonly ok: true; readonly evaluation: Evaluation }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[]; readonly record: EvaluationRecord };

export interface EvaluateOptions {
  /** default: the package of the file */
  readonly root?: SourceRoot;
  /** load the user's modules anew although an earlier call of this process loaded them (`--watch`) */
  readonly fresh?: boolean;
}

/** One build: a source to its bundle, with the record that makes the next one quick. */
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { writeBundle } from "../../../codegen/bundle/write-bundle.js";
import { type BuildRecord, writeRecord } from "../../../codegen/cache/record.js";
import { currentRecord } from "../../../codegen/cache/up-to-date.mjs";
import type { CheckedProgram } from "../../../codegen/check/checked-program.js";
import { type Compilation, compile, compilerVersion, nameOfFile } from "../../../codegen/compile.js";
import { type Diagnostic, hasErrors } from "../../../codegen/diagnostics/diagnostic.js";
import { render, toJson } from "../../../codegen/diagnostics/render.js";
import { bundlePath } from "../bundle-path.js";
import { rootOf } from "../compile.js";
import type { HookCost } from "../cost-view.js";
import { judge } from "../over-limit.js";

export interface BuildRequest {
  readonly file: string;
  /** `-o`: the folder that bundles are written to */
  readonly folder: string | undefined;
  readonly name: string | undefined;
}

export interface BuildResult {
  readonly file: string;
  /** the bundle's folder, as it is shown */
  readonly bundle: string;
  readonly diagnostics: readonly Diagnostic[];
  /** undefined where there were errors */
  readonly costs: readonly HookCost[] | undefined;
  /** what `--watch` waits for a change of */
  readonly watched: readonly string[];
  readonly checked: CheckedProgram | undefined;
}

/** The build is not run where its record says that nothing changed. */
export function recordedBuild(request: BuildRequest): BuildRecord | undefined {
  return currentRecord(resolve(request.file), resolve(outputOf(request)), optionsOf(request));
}

/** @param previous the type-check of the build before, in a process that builds again and again */
export async function build(request: BuildRequest, previous?: CheckedProgram): Promise<BuildResult> {
  const { file, name } = request;
  const again = previous !== undefined;
  const compilation = await compile(file, { ...(name !== undefined && { name }), ...(again && { fresh: true, previous }) });
  const { bundle: parts } = compilation;
  const bundle = outputOf(request);
  const judged = parts && judge(parts, basename(file));
  // Where it is built need not be where it is loaded, and the estimate may be far above: that decides nothing here.
  const over = (judged?.diagnostics ?? []).map((diagnostic): Diagnostic => ({ ...diagnostic, severity: "warning" }));
  const refused = parts ? writeBundle(bundle, parts) : undefined;
  const diagnostics = [...compilation.diagnostics, ...over, ...(refused ? [refused] : [])];
  const costs = hasErrors(diagnostics) ? undefined : judged?.costs;
  if (parts && costs) record(request, bundle, compilation, costs);
  return { file, bundle, diagnostics, costs, watched: watchedFiles(file, compilation), checked: compilation.checked };
}

/** What the command's JSON document has for one build. */
export function buildDocument({
  file,
  bundle,
  diagnostics,
  costs,
}: Pick<BuildResult, "file" | "bundle" | "diagnostics" | "costs">): unknown {
  return { file, ok: costs !== undefined, bundle: costs && bundle, diagnostics: toJson(diagnostics), hooks: costs };
}

function outputOf({ file, folder, name }: BuildRequest): string {
  const beside = bundlePath(file, folder);
  return name === undefined ? beside : join(dirname(beside), `${name}.dpo`);
}

/** Only what decides the bytes; the bundle's place is the record's own. */
function optionsOf({ file, name }: BuildRequest): string {
  return JSON.stringify(name === undefined || name === nameOfFile(file) ? {} : { name });
}

function record(request: BuildRequest, bundle: string, compilation: Compilation, costs: readonly HookCost[]): void {
  const { record: evaluation, clang, files, diagnostics } = compilation;
  if (!evaluation || !clang || evaluation.unrepeatable.length > 0) return;
  const asked = [...evaluation.modules, ...evaluation.files, ...files];
  const folder = resolve(bundle);
  writeRecord({
    source: resolve(request.file),
    bundle: folder,
    options: optionsOf(request),
    datapath: compilerVersion,
    files: [...asked.filter(path => existsSync(path)), ...ownFiles(), ...readdirSync(folder).map(name => join(folder, name))],
    // The type-checker's own library has paths that are nowhere; those of evaluation were asked about for a reason.
    absent: evaluation.files.filter(path => !existsSync(path)),
    tools: [clang.path],
    environment: evaluation.environment,
    said: render(diagnostics, { root: rootOf(request.file), colour: false }),
    document: buildDocument({ file: request.file, bundle, diagnostics, costs }),
  });
}

/** In a checkout the compiler itself changes; an installed package has a version. */
function ownFiles(): string[] {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  if (root.includes("/node_modules/")) return [];
  return ["codegen", "dsl"].flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true })
      .map(path => join(root, folder, String(path)))
      .filter(path => /\.(ts|mjs)$/.test(path) && !path.endsWith(".test.ts") && !path.includes("/fixtures/")),
  );
}

/** The user's own files: what lies in packages does not change while one works. */
function watchedFiles(file: string, { record: evaluation, files }: Compilation): string[] {
  const all = [file, ...(evaluation?.modules ?? []), ...(evaluation?.files ?? []), ...files].map(path => resolve(path));
  const own = fileURLToPath(new URL("../../..", import.meta.url));
  const inUse = existsSync(file) ? realpathSync(file) : resolve(file);
  const packaged = (path: string): boolean => path.includes("/node_modules/") || (path.startsWith(own) && !inUse.startsWith(own));
  return [...new Set([inUse, ...all.filter(path => existsSync(path) && !packaged(path))])];
}

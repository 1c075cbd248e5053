/** `dp build`: pipelines to bundles. What is unchanged was answered before this file was loaded (bin/dp.mjs). */
import { relative } from "node:path";
import type { CheckedProgram } from "../../../codegen/check/checked-program.js";
import { type Diagnostic, hasErrors } from "../../../codegen/diagnostics/diagnostic.js";
import { type BuildRequest, type BuildResult, build, buildDocument, recordedBuild } from "../build/build.js";
import { changed } from "../build/watch.js";
import { defineCommand } from "../command.js";
import { UsageError } from "../command-error.js";
import { rootOf } from "../compile.js";
import { costLines } from "../cost-view.js";
import { exitCodeOf, showDiagnostics } from "../diagnostics-view.js";
import type { ExitCode } from "../exit-code.js";
import type { Terminal } from "../terminal.js";

export const command = defineCommand({
  name: "build",
  summary: "compile pipelines to bundles",
  usage: ["FILE... [-o DIR] [--watch]"],
  options: {
    out: { type: "string", short: "o", value: "DIR", about: "write bundles to this folder, not beside their sources" },
    name: { type: "string", value: "NAME", about: "the pipeline's name, if it is not to be its file's" },
    force: { type: "boolean", about: "build although nothing changed" },
    watch: { type: "boolean", about: "build again whenever a source changes; one document a build with --json" },
  },
  examples: ["dp build edge.dp.ts", "dp build edge.dp.ts gateway.dp.ts -o dist --watch"],
  notes: ["edge.dp.ts gives the folder edge.dpo with the C, the object and the manifest. The same sources give the same bytes."],
  async run({ out, name, force, watch }, files, terminal) {
    if (files.length === 0) throw new UsageError("no file was named", "dp build edge.dp.ts");
    if (name !== undefined && files.length > 1) throw new UsageError("--name is for one file", "build them one by one");
    if (name !== undefined && !/^[A-Za-z0-9-]{1,40}$/.test(name)) {
      throw new UsageError(`"${name}" cannot be a pipeline's name`, "letters, digits and hyphens, at most 40");
    }
    const requests = files.map(file => ({ file, folder: out, name }));
    if (watch) return buildForEver(requests, terminal);
    return buildAll(requests, force === true, terminal);
  },
});

async function buildAll(requests: readonly BuildRequest[], force: boolean, terminal: Terminal): Promise<ExitCode> {
  const documents: unknown[] = [];
  const all: Diagnostic[] = [];
  for (const request of requests) {
    const recorded = force ? undefined : recordedBuild(request);
    if (recorded) {
      terminal.print(`${relative(process.cwd(), recorded.bundle)} is up to date`);
      documents.push(recorded.document);
      continue;
    }
    terminal.progress(`building ${request.file}`);
    const result = await build(request);
    show(result, terminal);
    documents.push(buildDocument(result));
    all.push(...result.diagnostics);
  }
  terminal.document({ ok: !hasErrors(all), builds: documents });
  return exitCodeOf(all);
}

/** Ends with the process. */
async function buildForEver(requests: readonly BuildRequest[], terminal: Terminal): Promise<never> {
  const checked = new Map<string, CheckedProgram>();
  const watched = new Map<string, readonly string[]>();
  let next = requests;
  for (;;) {
    const since = Date.now();
    for (const request of next) {
      const started = performance.now();
      const result = await build(request, checked.get(request.file));
      if (result.checked) checked.set(request.file, result.checked);
      watched.set(request.file, result.watched);
      show(result, terminal);
      terminal.document({ ok: !hasErrors(result.diagnostics), builds: [buildDocument(result)] });
      terminal.note(terminal.style("dim", `${request.file}: ${Math.round(performance.now() - started)} ms`, "err"));
    }
    const paths = await changed([...watched.values()].flat(), since);
    next = requests.filter(request => paths.some(path => watched.get(request.file)?.includes(path)));
  }
}

function show({ file, bundle, diagnostics, costs }: BuildResult, terminal: Terminal): void {
  showDiagnostics(diagnostics, rootOf(file), terminal);
  if (!costs) return;
  terminal.print(`${bundle} is built`);
  for (const line of costLines(costs)) terminal.print(line);
}

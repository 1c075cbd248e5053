/** `dp check`: what the compiler, and if asked the verifier, has to say. Nothing is written. */
import { compile } from "../../../codegen/compile.js";
import { type Diagnostic, hasErrors } from "../../../codegen/diagnostics/diagnostic.js";
import { toJson } from "../../../codegen/diagnostics/render.js";
import { missingCapabilities } from "../../machine/capabilities.js";
import { loadForTest } from "../../test-run/load.js";
import { defineCommand } from "../command.js";
import { UsageError } from "../command-error.js";
import { rootOf } from "../compile.js";
import { costLines, hookCosts, isOverLimit } from "../cost-view.js";
import { exitCodeOf, showDiagnostics } from "../diagnostics-view.js";

export const command = defineCommand({
  name: "check",
  summary: "types, subset, ranges and cost of a pipeline; writes nothing",
  usage: ["FILE... [--load]"],
  options: {
    load: { type: "boolean", about: "ask this kernel's verifier too; needs what attaching needs" },
  },
  examples: ["dp check edge.dp.ts", "sudo dp check edge.dp.ts --load"],
  notes: [
    "Without --load the count of verified instructions is an estimate that is made not to be below the verifier's.",
    "Where it is over the million that the verifier allows itself, the verifier is asked if this process may.",
  ],
  async run({ load }, files, terminal) {
    if (files.length === 0) throw new UsageError("no file was named", "dp check edge.dp.ts");
    const all: Diagnostic[] = [];
    const documents: unknown[] = [];
    for (const file of files) {
      terminal.progress(`checking ${file}`);
      const { bundle, diagnostics } = await compile(file);
      showDiagnostics(diagnostics, rootOf(file), terminal);
      all.push(...diagnostics);
      const bounds = bundle && !load ? hookCosts(bundle) : [];
      // a bound over the verifier's limit decides nothing: where this process may ask, it asks
      const asks = load || (bounds.some(isOverLimit) && missingCapabilities().length === 0);
      const costs = bundle && asks ? hookCosts(bundle, verifierCounts(bundle)) : bounds;
      documents.push({ file, ok: !hasErrors(diagnostics), diagnostics: toJson(diagnostics), hooks: costs });
      if (!bundle) continue;
      terminal.print(`${file}: no errors`);
      for (const line of costLines(costs)) terminal.print(line);
    }
    terminal.document({ ok: !hasErrors(all), files: documents });
    return exitCodeOf(all);
  },
});

/** Loads the programs, with maps of their own that go with this process. */
function verifierCounts({ manifest, object }: Parameters<typeof hookCosts>[0]): ReadonlyMap<string, number> {
  using program = loadForTest(object, manifest);
  return new Map(
    manifest.hooks.flatMap(({ hook, program: first, parts }) => {
      const infos = [program.info(hook), ...program.parts(hook)];
      return [first, ...(parts?.programs ?? [])].map((name, i): [string, number] => [name, infos[i]?.verifiedInstructions ?? 0]);
    }),
  );
}

/** `dp check`: what the compiler, and if asked the verifier, has to say. Nothing is written. */
import { basename } from "node:path";
import { compile } from "../../../codegen/compile.js";
import { type Diagnostic, hasErrors } from "../../../codegen/diagnostics/diagnostic.js";
import { toJson } from "../../../codegen/diagnostics/render.js";
import { defineCommand } from "../command.js";
import { UsageError } from "../command-error.js";
import { rootOf } from "../compile.js";
import { costLines } from "../cost-view.js";
import { exitCodeOf, showDiagnostics } from "../diagnostics-view.js";
import { judge } from "../over-limit.js";

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
    "Where it is over the million that the verifier allows itself, the verifier is asked if this process may; else that is an error.",
  ],
  async run({ load }, files, terminal) {
    if (files.length === 0) throw new UsageError("no file was named", "dp check edge.dp.ts");
    const all: Diagnostic[] = [];
    const documents: unknown[] = [];
    for (const file of files) {
      terminal.progress(`checking ${file}`);
      const { bundle, diagnostics: found } = await compile(file);
      const judged = bundle && judge(bundle, basename(file), load);
      const diagnostics = [...found, ...(judged?.diagnostics ?? [])];
      const costs = judged?.costs ?? [];
      showDiagnostics(diagnostics, rootOf(file), terminal);
      all.push(...diagnostics);
      documents.push({ file, ok: !hasErrors(diagnostics), diagnostics: toJson(diagnostics), hooks: costs });
      if (!bundle || hasErrors(diagnostics)) continue;
      terminal.print(`${file}: no errors`);
      for (const line of costLines(costs)) terminal.print(line);
    }
    terminal.document({ ok: !hasErrors(all), files: documents });
    return exitCodeOf(all);
  },
});

/** `dp set`: changes settings while the programs run. */
import { openDeployment } from "../../attach.js";
import { defineCommand } from "../command.js";
import { UsageError } from "../command-error.js";
import { ExitCode } from "../exit-code.js";
import { readAssignments, requirePipeline } from "../pipeline.js";
import { parseInteger } from "../values/integer.js";

export const command = defineCommand({
  name: "set",
  summary: "change a setting while the pipeline runs",
  usage: ["PIPELINE NAME=VALUE..."],
  options: {},
  examples: ["sudo dp set edge rate=200"],
  notes: ["The next packet sees the new value. A param is fixed when it is attached: `dp attach --set` changes it by an update."],
  async run(_values, positionals, terminal) {
    const name = requirePipeline(positionals, "set");
    const assignments = readAssignments(positionals.slice(1));
    if (Object.keys(assignments).length === 0) throw new UsageError("nothing to set", `dp set ${name} NAME=VALUE`);
    const deployment = openDeployment(name);
    try {
      for (const [path, text] of Object.entries(assignments)) {
        // Words stay words: only a boolean setting takes them, and the runtime knows which those are.
        deployment.setByPath(path, /^(true|false)$/.test(text) ? text : (parseInteger(text) ?? text));
      }
    } finally {
      deployment.close();
    }
    terminal.document({ ok: true, pipeline: name, set: assignments });
    for (const [path, value] of Object.entries(assignments)) terminal.print(`${path} = ${value}`);
    return ExitCode.Done;
  },
});

/** `dp rules`: the rules of an access control that change while the pipeline runs. */
import { readFileSync } from "node:fs";
import { FilterError } from "../../../blocks/access-control/filter/error.js";
import { RuntimeRuleError } from "../../../blocks/access-control/runtime/regions.js";
import { replaceRules } from "../../../blocks/access-control/runtime/replace.js";
import { openDeployment } from "../../attach.js";
import { resolveTarget } from "../../target/target.js";
import { defineCommand } from "../command.js";
import { CommandError, UsageError } from "../command-error.js";
import { ExitCode } from "../exit-code.js";
import { requirePipeline } from "../pipeline.js";
import { readTarget, targetOptions } from "../target.js";

export const command = defineCommand({
  name: "rules",
  summary: "replace the run-time rules of an access control",
  usage: ["set PIPELINE BLOCK FILE", "clear PIPELINE BLOCK"],
  options: { ...targetOptions },
  examples: [
    "sudo dp rules set edge acl rules.txt",
    "echo 'deny src net 192.0.2.0/24' | sudo dp rules set edge acl -",
    "sudo dp rules clear edge acl",
  ],
  notes: [
    "One rule a line, first match first: allow or deny, then an expression. Empty lines and what begins with # are left out.\nEach packet is judged by the old list or by the new one.",
  ],
  async run(values, [action, ...positionals], terminal) {
    if (action !== "set" && action !== "clear") throw new UsageError("dp rules does one of set, clear", "`dp rules --help` has examples");
    const name = requirePipeline(positionals, "rules");
    const [, block, file, ...more] = positionals;
    if (block === undefined) throw new UsageError("BLOCK missing", `dp rules ${action} ${name} BLOCK`);
    if (action === "set" && file === undefined) throw new UsageError("FILE missing", `dp rules set ${name} ${block} FILE`);
    if (more.length > 0 || (action === "clear" && file !== undefined)) throw new UsageError(`too many arguments: ${more.join(" ")}`);
    const rules = file === undefined ? [] : readRules(file);
    const target = readTarget(values);
    const deployment = openDeployment(name, target ? { targetId: (await resolveTarget(target)).id } : {});
    try {
      replaceRules(deployment, block, rules);
    } catch (error) {
      if (error instanceof FilterError || error instanceof RuntimeRuleError) throw new CommandError(ExitCode.WrongInput, error.message);
      throw error;
    } finally {
      deployment.close();
    }
    terminal.document({ ok: true, pipeline: name, block, rules });
    terminal.print(rules.length === 1 ? `${block} has 1 run-time rule` : `${block} has ${rules.length} run-time rules`);
    return ExitCode.Done;
  },
});

function readRules(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new CommandError(ExitCode.WrongInput, `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return text
    .split("\n")
    .map(line => line.trim())
    .filter(line => line !== "" && !line.startsWith("#"));
}

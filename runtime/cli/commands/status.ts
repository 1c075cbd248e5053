/** `dp status`: what is attached, as the kernel has it. */
import { status } from "../../deployment/status.js";
import { defineCommand } from "../command.js";
import { CommandError } from "../command-error.js";
import { ExitCode } from "../exit-code.js";
import { pipelineName } from "../pipeline.js";
import { statusDocument, statusLines } from "../status-view.js";

export const command = defineCommand({
  name: "status",
  summary: "what is attached, what it counted and what it dropped, by line of TypeScript",
  usage: ["[PIPELINE]"],
  options: {},
  examples: ["sudo dp status", "sudo dp status edge --json"],
  async run(_values, [given], terminal) {
    const name = given === undefined ? undefined : pipelineName(given);
    const deployments = status(name);
    if (name !== undefined && deployments.length === 0) {
      throw new CommandError(ExitCode.WrongInput, `${name} is not attached`, {
        code: "DP7005",
        hint: "`dp status` lists what is attached",
      });
    }
    terminal.document({ ok: true, deployments: deployments.map(statusDocument) });
    if (deployments.length === 0) terminal.print("nothing is attached");
    for (const [index, deployment] of deployments.entries()) {
      if (index > 0) terminal.print();
      for (const line of statusLines(deployment, terminal)) terminal.print(line);
    }
    return ExitCode.Done;
  },
});

/** `dp init`: a new pipeline project, or a block package. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { defineCommand } from "../command.js";
import { CommandError, UsageError } from "../command-error.js";
import { ExitCode } from "../exit-code.js";
import { blockProject } from "../init/block-project.js";
import { projectName } from "../init/names.js";
import { pipelineProject } from "../init/pipeline-project.js";
import { version } from "../version.js";

export const command = defineCommand({
  name: "init",
  summary: "begin a new pipeline project, or a block package",
  usage: ["[DIR]", "--block NAME [DIR]"],
  options: {
    block: { type: "string", value: "NAME", about: "a block package, ready to publish as datapath-NAME" },
  },
  examples: ["dp init firewall && cd firewall && npm install && npm test", "dp init --block mss-clamp"],
  notes: ["DIR is made if it is not there; it must be empty. Without DIR: this folder, or ./NAME for a block."],
  async run({ block }, positionals, terminal) {
    if (positionals.length > 1) throw new UsageError(`init takes one folder, not ${positionals.length}`);
    const [given = block ?? "."] = positionals;
    const folder = resolve(given);
    const name = projectName(block ?? basename(folder));
    const files = block === undefined ? pipelineProject(name, version()) : blockProject(name, version());

    const present = existsSync(folder) ? readdirSync(folder).filter(entry => entry !== ".git") : [];
    if (present.length > 0) {
      throw new CommandError(ExitCode.WrongInput, `${folder} is not empty: it holds ${present.slice(0, 3).join(", ")}`, {
        hint: "name a folder that is not there yet",
      });
    }
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content, { flag: "wx" });
    }

    terminal.document({ ok: true, folder, name: name.kebab, files: Object.keys(files) });
    for (const path of Object.keys(files)) terminal.print(`  ${join(given, path)}`);
    terminal.print(`\nNext: ${given === "." ? "" : `cd ${given} && `}npm install && npm test`);
    return ExitCode.Done;
  },
});

/** `dp detach`: takes a pipeline off one target or all of them. */
import { detach } from "../../attach.js";
import { defineCommand } from "../command.js";
import { UsageError } from "../command-error.js";
import { ExitCode } from "../exit-code.js";
import { requirePipeline } from "../pipeline.js";
import { readTarget, targetOptions } from "../target.js";

export const command = defineCommand({
  name: "detach",
  summary: "take a pipeline off a target, or off all of them",
  usage: ["PIPELINE [--dev DEVICE] [--netns PATH] [--container NAME|PID]"],
  options: {
    ...targetOptions,
    target: { type: "string", value: "ID", about: "a target by the id that `dp status --json` gives, for one that is gone" },
  },
  examples: ["sudo dp detach edge --dev eth0", "sudo dp detach edge"],
  notes: ["Without a target it is taken off all. With the last target go the maps, and all else that was made."],
  async run(values, positionals, terminal) {
    const name = requirePipeline(positionals, "detach");
    const target = readTarget(values);
    if (target && values.target !== undefined) throw new UsageError("--target and another form of target were both given");
    const labels = await detach(name, { ...(target && { target }), ...(values.target !== undefined && { targetId: values.target }) });
    terminal.document({ ok: true, pipeline: name, detached: labels });
    terminal.print(`${name} is detached from ${labels.join(", ")}`);
    return ExitCode.Done;
  },
});

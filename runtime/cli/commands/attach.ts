/** `dp attach`: a bundle onto a target, or over what is attached there. */

import { attach } from "../../attach.js";
import { loadBundle } from "../../bundle/bundle.js";
import { status } from "../../deployment/status.js";
import { DatapathError } from "../../errors.js";
import { missingCapabilities } from "../../machine/capabilities.js";
import { requireBundle } from "../bundle-path.js";
import { defineCommand } from "../command.js";
import { UsageError } from "../command-error.js";
import { ExitCode } from "../exit-code.js";
import { oneOf, readAssignments } from "../pipeline.js";
import { statusDocument, statusLines } from "../status-view.js";
import { requireTarget, targetOptions } from "../target.js";

export const command = defineCommand({
  name: "attach",
  summary: "attach a pipeline to a target, or update it there",
  usage: ["BUNDLE --dev DEVICE [--set NAME=VALUE]...", "BUNDLE --netns PATH --dev DEVICE", "BUNDLE --container NAME|PID"],
  options: {
    ...targetOptions,
    set: { type: "string", multiple: true, value: "NAME=VALUE", about: "a param's or setting's value; may be given several times" },
    hook: { type: "string", value: "auto|clsact", about: "how tc hooks attach: tcx where the kernel has it, or always clsact" },
    xdp: { type: "string", value: "auto|native|generic", about: "how the xdp hook attaches; auto falls back to generic and says so" },
    "reset-map": {
      type: "string",
      multiple: true,
      value: "PATH",
      about: "begin this map empty, as its layout changed; its entries are lost",
    },
  },
  examples: ["sudo dp attach edge.dpo --dev eth0 --set limit=1400", "sudo dp attach edge.dpo --container web"],
  notes: [
    "Attaching over a running deployment of the same name is an update: programs are swapped at once, maps with an unchanged layout are kept, and\na failure changes nothing. BUNDLE may be edge.dp.ts: then edge.dpo beside it is taken, if it is not older than its sources.",
  ],
  async run(values, positionals, terminal) {
    const [given, ...more] = positionals;
    if (given === undefined) throw new UsageError("no bundle was named", "dp attach edge.dpo --dev eth0");
    if (more.length > 0) throw new UsageError(`attach takes one bundle, not ${positionals.length}`);
    const target = requireTarget(values);
    const hook = oneOf("hook", values.hook, ["auto", "clsact"]);
    const xdp = oneOf("xdp", values.xdp, ["auto", "native", "generic"]);
    const folder = requireBundle(given);
    requireCapabilities();
    const { name } = loadBundle(folder).manifest;

    const notices: string[] = [];
    const deployment = await attach(folder, target, {
      set: readAssignments(values.set ?? []),
      resetMaps: values["reset-map"] ?? [],
      notice: text => {
        notices.push(text);
        if (!terminal.json) terminal.note(`notice: ${text}`);
      },
      ...(hook && { hook }),
      ...(xdp && { xdp }),
    });
    deployment.close();

    const [now] = status(name);
    if (now) {
      terminal.document({ ok: true, updated: now.generation > 1, notices, deployment: statusDocument(now) });
      terminal.print(`${name} is ${now.generation === 1 ? "attached" : "updated"}`);
      for (const line of statusLines(now, terminal).slice(1)) terminal.print(line);
    }
    return ExitCode.Done;
  },
});

/** Said first and whole, rather than by whichever operation the kernel refuses first. */
function requireCapabilities(): void {
  const missing = missingCapabilities();
  if (missing.length > 0) throw new DatapathError("DP6011", `this process lacks ${missing.join(", ")}`);
}

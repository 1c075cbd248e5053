/** `dp doctor`: what this machine has and lacks, and the command that mends it. */
import { findClangs, oldestVersion } from "../../../codegen/clang/find-clang.js";
import { probeMachine, type Requirement } from "../../machine/probe.js";
import { defineCommand } from "../command.js";
import { ExitCode } from "../exit-code.js";
import { table } from "../terminal.js";

/** The clang that the generated code is tuned with. */
const preferredClang = 19;

export const command = defineCommand({
  name: "doctor",
  summary: "what this machine has and lacks, and the command that mends it",
  usage: [""],
  options: {},
  examples: ["dp doctor", "sudo dp doctor --json"],
  notes: ["Exits 3 where something is missing that building or attaching needs. Run it as the user who will attach."],
  async run(_values, _positionals, terminal) {
    const found = [nodeVersion(), clang(), ...probeMachine()];
    const lacking = found.filter(requirement => !requirement.ok && requirement.kind === "needed");
    terminal.document({ ok: lacking.length === 0, requirements: found });

    const mark = ({ ok, kind }: Requirement): string =>
      ok ? terminal.style("green", "✓") : kind === "needed" ? terminal.style("red", "✗") : terminal.style("yellow", "!");
    const lines = table(found.map(requirement => [mark(requirement), requirement.name, requirement.why]));
    for (const [index, line] of lines.entries()) {
      terminal.print(line);
      const { ok, command: mend } = found[index] ?? { ok: true, command: undefined };
      if (!ok && mend !== undefined) terminal.print(`     ${terminal.style("cyan", mend)}`);
    }
    terminal.print();
    terminal.print(lacking.length === 0 ? "nothing that is needed is missing" : `missing: ${lacking.map(one => one.name).join(", ")}`);
    return lacking.length === 0 ? ExitCode.Done : ExitCode.MachineLacks;
  },
});

function nodeVersion(): Requirement {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > 20 || (major === 20 && minor >= 11);
  return {
    name: "Node",
    ok,
    kind: "needed",
    why: ok ? process.versions.node : `${process.versions.node} is older than 20.11`,
    command: undefined,
  };
}

/** Building needs it; a machine that only attaches bundles does not. */
function clang(): Requirement {
  const [newest] = findClangs();
  const command = `sudo apt-get install -y clang-${preferredClang}`;
  if (!newest) return { name: "clang", ok: false, kind: "needed", why: "there is none: `dp build` needs it, attaching does not", command };
  if (newest.version < oldestVersion) {
    return { name: "clang", ok: false, kind: "needed", why: `${newest.version} is older than ${oldestVersion}`, command };
  }
  if (newest.version < preferredClang) {
    return {
      name: "clang",
      ok: false,
      kind: "wanted",
      why: `${newest.version} works; ${preferredClang} and later make better code`,
      command,
    };
  }
  return { name: "clang", ok: true, kind: "needed", why: `${newest.version}, ${newest.path}`, command: undefined };
}

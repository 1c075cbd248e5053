/** What is attached, for people and for programs: the same facts in both. */
import { existsSync, readFileSync } from "node:fs";
import type { DropSite, MapEntry, SourcePlace } from "../../codegen/bundle/manifest.js";
import { openDeployment } from "../attach.js";
import type { DeploymentStatus, HookStatus, TargetStatus } from "../deployment/status.js";
import { type Terminal, table } from "./terminal.js";

/** A place that drops and how often it did. */
interface Drops {
  readonly site: DropSite;
  readonly packets: bigint;
}

export function statusDocument(status: DeploymentStatus): unknown {
  const { manifest, ...rest } = status;
  return {
    ...rest,
    hooks: manifest.hooks.map(entry => entry.hook),
    maps: ownMaps(manifest.maps).map(({ path, kind, maxEntries, scope }) => ({ path, kind, maxEntries, scope })),
    counters: counters(status),
    drops: drops(status).map(({ site, packets }) => ({ reason: site.reason, block: site.block, ...site.source, packets })),
  };
}

export function statusLines(status: DeploymentStatus, terminal: Terminal): string[] {
  const unfinished =
    status.state === "unfinished" ? terminal.style("yellow", "  unfinished: the next command on it finishes or undoes the update") : "";
  const lines = [`${terminal.style("bold", status.pipeline)}  generation ${status.generation}${unfinished}`];
  for (const target of status.targets) lines.push(...targetLines(status.pipeline, target, terminal));
  const values = Object.entries(status.settings).map(([path, value]) => `${path}=${value}`);
  if (values.length > 0) lines.push(`  settings: ${values.join(" ")}`);
  lines.push(...section("counted", counterRows(status), terminal, [1, 2]));
  lines.push(...section("dropped", dropRows(status), terminal, [0]));
  return lines;
}

function targetLines(pipeline: string, target: TargetStatus, terminal: Terminal): string[] {
  const params = Object.entries(target.params).map(([path, value]) => `${path}=${value}`);
  const line = `  on ${target.label}${params.length > 0 ? `  ${params.join(" ")}` : ""}`;
  if (!target.present) {
    return [
      line,
      terminal.style("red", `    the device has gone; what is left here goes with: dp detach ${pipeline} --target ${target.id}`),
    ];
  }
  return [line, ...table(target.hooks.map(hook => ["   ", hook.hook, hookText(hook, terminal)]))];
}

function hookText(hook: HookStatus, terminal: Terminal): string {
  switch (hook.state) {
    case "attached":
      return `${hook.mechanism}, program ${hook.program}, ${hook.instructions} instructions`;
    case "gone":
      return terminal.style("red", "gone: another took the program off");
    case "foreign":
      return terminal.style("red", `another's program ${hook.program} is there now`);
  }
}

function section(title: string, rows: readonly (readonly string[])[], terminal: Terminal, right: readonly number[]): string[] {
  if (rows.length === 0) return [];
  return [`  ${terminal.style("bold", title)}`, ...table(rows, right).map(line => `    ${line}`)];
}

/** Packets, reason, block and place of what was dropped, most first; the line itself where its file is at hand. */
function dropRows(status: DeploymentStatus): string[][] {
  return drops(status)
    .filter(({ packets }) => packets > 0n)
    .map(({ site, packets }) => [
      `${packets}`,
      site.reason,
      site.block,
      `${site.source.file}:${site.source.line}`,
      sourceLine(site.source),
    ]);
}

function counterRows(status: DeploymentStatus): string[][] {
  return counters(status).map(({ path, packets, bytes }) => [path, `${packets} packets`, `${bytes} bytes`]);
}

function drops(status: DeploymentStatus): Drops[] {
  const { drops: sites } = status.manifest;
  const totals = sites.map(() => 0n);
  for (const [index, value] of walk(status, ":drops")) {
    if (typeof index === "number" && typeof value === "bigint" && index < totals.length) totals[index] = (totals[index] ?? 0n) + value;
  }
  return sites
    .map((site, index) => ({ site, packets: totals[index] ?? 0n }))
    .sort((a, b) => (a.packets < b.packets ? 1 : a.packets > b.packets ? -1 : 0));
}

function counters(status: DeploymentStatus): { path: string; packets: bigint; bytes: bigint }[] {
  return ownMaps(status.manifest.maps)
    .filter(map => map.kind === "counter")
    .map(({ path }) => {
      const total = { path, packets: 0n, bytes: 0n };
      for (const [, value] of walk(status, path)) {
        if (typeof value !== "object" || value === null || !("packets" in value) || !("bytes" in value)) continue;
        total.packets += BigInt(`${value.packets}`);
        total.bytes += BigInt(`${value.bytes}`);
      }
      return total;
    });
}

/** Every entry of a map, on every target where each has its own. */
function walk(status: DeploymentStatus, path: string): [unknown, unknown][] {
  const map = status.manifest.maps.find(entry => entry.path === path);
  if (!map) return [];
  const targets = map.scope === "target" ? status.targets.map(target => target.id) : [undefined];
  return targets.flatMap(targetId => {
    const deployment = openDeployment(status.pipeline, targetId === undefined ? {} : { targetId });
    try {
      return [...deployment.mapByPath(path)];
    } finally {
      deployment.close();
    }
  });
}

/** Maps that the user's program made. */
export function ownMaps(maps: readonly MapEntry[]): MapEntry[] {
  return maps.filter(map => !map.path.startsWith(":"));
}

/** The text of a line, where the command runs in the source root of the build. */
function sourceLine({ file, line }: SourcePlace): string {
  if (!existsSync(file)) return "";
  return readFileSync(file, "utf8").split("\n")[line - 1]?.trim() ?? "";
}

/** `dp map`: the maps of a pipeline that runs, in the types of its program. */
import type { MapEntry } from "../../../codegen/bundle/manifest.js";
import { openDeployment } from "../../attach.js";
import type { Deployment } from "../../deployment/deployment.js";
import type { SweepFigures } from "../../maps/sweep.js";
import { resolveTarget } from "../../target/target.js";
import { defineCommand } from "../command.js";
import { CommandError, UsageError } from "../command-error.js";
import { ExitCode } from "../exit-code.js";
import { requirePipeline } from "../pipeline.js";
import { ownMaps } from "../status-view.js";
import { didYouMean } from "../suggest.js";
import { readTarget, targetOptions } from "../target.js";
import { type Terminal, table } from "../terminal.js";
import { formatValue } from "../values/format.js";
import { formatKey, parseKey } from "../values/key.js";
import { parseValue } from "../values/parse.js";

const actions = ["list", "dump", "get", "set", "delete", "sweep"] as const;
type Action = (typeof actions)[number];

export const command = defineCommand({
  name: "map",
  summary: "read and change the maps of a running pipeline",
  usage: [
    "list PIPELINE",
    "dump PIPELINE MAP",
    "get PIPELINE MAP KEY",
    "set PIPELINE MAP KEY VALUE",
    "delete PIPELINE MAP KEY",
    "sweep PIPELINE",
  ],
  options: { ...targetOptions },
  examples: [
    "sudo dp map list edge",
    "sudo dp map set edge blocked 192.0.2.1 '{\"packets\": 0}'",
    "sudo dp map set edge acl.sources 10.0.0.0/8 1",
    "sudo dp map sweep edge",
    'sudo dp map get edge flows \'{"source": "10.0.0.1", "port": 80}\' --json',
  ],
  notes: [
    "Integers are decimal, 0x hexadecimal, or addresses (192.0.2.1, 2001:db8::1, 02:00:00:00:00:01). Structs are JSON, or their fields in order\nwith commas between. A target is named only for maps that each target has for itself, where there are several.",
    "`sweep` deletes what has expired: entries of maps with `expires`, and flows that have idled as long as their state allows.",
  ],
  async run(values, [given, ...positionals], terminal) {
    const action = readAction(given);
    const name = requirePipeline(positionals, "map");
    const target = readTarget(values);
    const deployment = openDeployment(name, target ? { targetId: (await resolveTarget(target)).id } : {});
    try {
      return await perform(action, deployment, positionals.slice(1), terminal);
    } finally {
      deployment.close();
    }
  },
});

function readAction(given: string | undefined): Action {
  if (given === undefined) throw new UsageError(`dp map does one of ${actions.join(", ")}`, "`dp map --help` has examples");
  const action = actions.find(known => known === given);
  if (!action) throw new UsageError(`dp map has no \`${given}\``, didYouMean(given, actions) ?? `it has ${actions.join(", ")}`);
  return action;
}

async function perform(action: Action, deployment: Deployment, args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const expected = { list: [], dump: ["MAP"], get: ["MAP", "KEY"], set: ["MAP", "KEY", "VALUE"], delete: ["MAP", "KEY"], sweep: [] }[
    action
  ];
  if (args.length !== expected.length) {
    const missing = expected.slice(args.length);
    throw new UsageError(
      missing.length > 0 ? `${missing.join(" and ")} missing` : `too many arguments: ${args.slice(expected.length).join(" ")}`,
      `dp map ${action} ${["PIPELINE", ...expected].join(" ")}`,
    );
  }
  const [path = "", keyText = "", valueText = ""] = args;
  if (action === "list") return list(deployment, terminal);
  if (action === "sweep") return sweep(deployment, terminal);
  const map = deployment.mapByPath(path);
  const entry = entryOf(deployment, path);
  if (action === "dump") return dump([...map], entry, terminal);

  const key = parseKey(keyText, entry);
  switch (action) {
    case "get": {
      const value = map.get(key);
      if (value === undefined) throw missingEntry(path, key, entry);
      terminal.document({ ok: true, key, value });
      terminal.print(formatValue(value, valueShape(entry)));
      return ExitCode.Done;
    }
    case "set": {
      const value = parseValue(valueText, valueShape(entry), "the value");
      map.set(key, value);
      terminal.document({ ok: true, key, value });
      terminal.print(`${formatKey(key, entry)} = ${formatValue(value, valueShape(entry))}`);
      return ExitCode.Done;
    }
    case "delete":
      if (!map.delete(key)) throw missingEntry(path, key, entry);
      terminal.document({ ok: true, key });
      terminal.print(`${formatKey(key, entry)} is deleted`);
      return ExitCode.Done;
  }
}

function list(deployment: Deployment, terminal: Terminal): ExitCode {
  const maps = ownMaps(deployment.manifest.maps);
  terminal.document({
    ok: true,
    maps: maps.map(({ path, kind, maxEntries, scope, shared }) => ({ path, kind, maxEntries, scope, shared })),
  });
  if (maps.length === 0) terminal.print("it has no maps");
  for (const line of table(
    maps.map(map => [map.path, map.kind, `at most ${map.maxEntries}`, map.scope === "target" ? "each target its own" : ""]),
  )) {
    terminal.print(line);
  }
  return ExitCode.Done;
}

/** What has expired makes room at once. */
async function sweep(deployment: Deployment, terminal: Terminal): Promise<ExitCode> {
  const maps = await deployment.sweep();
  terminal.document({ ok: true, maps });
  if (maps.length === 0) terminal.print("none of its maps ages");
  for (const line of table(maps.map(sweepRow), [1, 2])) terminal.print(line);
  return ExitCode.Done;
}

function sweepRow({ path, examined, deleted, restored, milliseconds }: SweepFigures): readonly string[] {
  const renewed = restored > 0 ? `${restored} renewed meanwhile` : "";
  return [path, `${deleted} deleted`, `of ${examined}`, `in ${milliseconds.toFixed(1)} ms`, renewed];
}

function dump(entries: readonly (readonly [unknown, unknown])[], map: MapEntry, terminal: Terminal): ExitCode {
  terminal.document({ ok: true, entries: entries.map(([key, value]) => ({ key, value })) });
  for (const line of table(entries.map(([key, value]) => [formatKey(key, map), formatValue(value, valueShape(map))]))) terminal.print(line);
  return ExitCode.Done;
}

function entryOf(deployment: Deployment, path: string): MapEntry {
  const entry = deployment.manifest.maps.find(map => map.path === path);
  if (!entry) throw new CommandError(ExitCode.WrongInput, `there is no map ${path}`);
  return entry;
}

/** A device map holds interface indexes. */
function valueShape(map: MapEntry): NonNullable<MapEntry["value"]> {
  return map.value ?? { kind: "int", bits: 32, order: "host" };
}

function missingEntry(path: string, key: unknown, map: MapEntry): CommandError {
  return new CommandError(ExitCode.WrongInput, `${path} has no entry ${formatKey(key, map)}`);
}

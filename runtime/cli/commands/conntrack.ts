/** `dp conntrack`: the flows of a pipeline that runs. */
import { openDeployment } from "../../attach.js";
import type { Deployment } from "../../deployment/deployment.js";
import { type FlowRecord, LiveFlows } from "../../maps/live-flows.js";
import { resolveTarget } from "../../target/target.js";
import { defineCommand, type Values } from "../command.js";
import { CommandError, UsageError } from "../command-error.js";
import { type FlowFilter, flowFilter } from "../conntrack/filter.js";
import { flowDocument, flowLines, rateLines, ratesBetween } from "../conntrack/view.js";
import { ExitCode } from "../exit-code.js";
import { oneOf, requirePipeline } from "../pipeline.js";
import { didYouMean } from "../suggest.js";
import { readTarget, targetOptions } from "../target.js";
import type { Terminal } from "../terminal.js";

const actions = ["list", "flush", "top"] as const;
type Action = (typeof actions)[number];

const options = {
  ...targetOptions,
  state: { type: "string", value: "NAME[,NAME]", about: "only flows in these states: synSent, established, timeWait" },
  all: { type: "boolean", about: "flush: every flow, where no filter is given" },
  by: { type: "string", value: "packets|bytes", about: "top: what counts (bytes)" },
  count: { type: "string", value: "N", about: "top: how many flows (20)" },
  seconds: { type: "string", value: "N", about: "top: how long is measured (1)" },
} as const;

export const command = defineCommand({
  name: "conntrack",
  summary: "list, flush and watch the flows of a running pipeline",
  usage: ["list PIPELINE [FILTER]", "flush PIPELINE FILTER", "top PIPELINE [FILTER]"],
  options,
  examples: [
    "sudo dp conntrack list edge",
    "sudo dp conntrack list edge tcp and dst port 443 and net 10.0.0.0/8",
    "sudo dp conntrack list edge --state synSent,synReceived --json",
    "sudo dp conntrack flush edge host 192.0.2.1 and not established",
    "sudo dp conntrack top edge udp --by packets --count 5",
  ],
  notes: [
    "FILTER is an expression of pcap-filter(7) about the packet that began the flow: protocols, host, net, port, portrange, proto,\n`established` (packets went both ways), `mark N`, with and, or, not and parentheses.",
    "Flows that have idled too long are not listed, although they keep their place until `dp map sweep`. On a terminal `top` measures\nagain and again until it is interrupted.",
  ],
  async run(values, [given, ...positionals], terminal) {
    const action = readAction(given);
    const name = requirePipeline(positionals, "conntrack");
    const target = readTarget(values);
    const deployment = openDeployment(name, target ? { targetId: (await resolveTarget(target)).id } : {});
    try {
      requireFlows(deployment);
      const expression = positionals.slice(1).join(" ");
      const filter = flowFilter({ expression, states: values.state, known: statesOf(deployment) });
      return await perform[action]({ deployment, filter, values, terminal, chosen: expression !== "" || values.state !== undefined });
    } finally {
      deployment.close();
    }
  },
});

interface Task {
  readonly deployment: Deployment;
  readonly filter: FlowFilter;
  /** whether a filter was given */
  readonly chosen: boolean;
  readonly values: Values<typeof options>;
  readonly terminal: Terminal;
}

const perform: { readonly [A in Action]: (task: Task) => Promise<ExitCode> } = { list, flush, top };

async function list({ deployment, filter, terminal }: Task): Promise<ExitCode> {
  const flows = [...deployment.flows()].filter(filter);
  terminal.document({ ok: true, flows: flows.map(flowDocument) });
  if (flows.length === 0) terminal.print("no flows");
  else for (const line of flowLines(flows)) terminal.print(line);
  return ExitCode.Done;
}

async function flush({ deployment, filter, chosen, values, terminal }: Task): Promise<ExitCode> {
  if (!chosen && values.all !== true) throw new UsageError("no filter says which flows are to go", "add --all to delete every flow");
  const deleted = deployment.flows().delete(filter);
  terminal.document({ ok: true, deleted });
  terminal.print(deleted === 1 ? "1 flow is deleted" : `${deleted} flows are deleted`);
  return ExitCode.Done;
}

async function top({ deployment, filter, values, terminal }: Task): Promise<ExitCode> {
  const by = oneOf("by", values.by, ["packets", "bytes"]) ?? "bytes";
  const count = wholeNumber("count", values.count, 20);
  const seconds = wholeNumber("seconds", values.seconds, 1);
  const flows = deployment.flows();
  const read = (): readonly FlowRecord[] => [...flows].filter(filter);
  let before = read();
  let started = performance.now();
  do {
    await new Promise(resolve => setTimeout(resolve, seconds * 1000));
    const after = read();
    const now = performance.now();
    const rates = ratesBetween(before, after, (now - started) / 1000, by).slice(0, count);
    before = after;
    started = now;
    terminal.document({ ok: true, flows: rates.map(({ flow, packets, bytes }) => ({ packets, bytes, flow: flowDocument(flow) })) });
    if (terminal.interactive) terminal.print("\x1b[H\x1b[2J");
    if (rates.length === 0) terminal.print("no flow carries packets");
    else for (const line of rateLines(rates)) terminal.print(line);
  } while (terminal.interactive);
  return ExitCode.Done;
}

function readAction(given: string | undefined): Action {
  if (given === undefined) throw new UsageError(`dp conntrack does one of ${actions.join(", ")}`, "`dp conntrack --help` has examples");
  const action = actions.find(known => known === given);
  if (!action) throw new UsageError(`dp conntrack has no \`${given}\``, didYouMean(given, actions) ?? `it has ${actions.join(", ")}`);
  return action;
}

function requireFlows({ manifest }: Deployment): void {
  if (manifest.maps.some(entry => LiveFlows.holds(entry))) return;
  throw new CommandError(ExitCode.WrongInput, `${manifest.name} has no table of flows`, {
    hint: "a pipeline keeps flows in a Flows, which Conntrack and the blocks behind it share",
  });
}

function statesOf({ manifest }: Deployment): readonly string[] {
  return [...new Set(manifest.maps.flatMap(({ states = [] }) => states?.map(({ name }) => name) ?? []))];
}

function wholeNumber(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`--${option} cannot be ${text}`, "it is a whole number, 1 or more");
  return value;
}

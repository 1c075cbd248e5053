/**
 * Which flows a filter expression means: those whose first packet it would match. The syntax is pcap-filter's, as in rules of
 * AccessControl; what a flow does not have (bytes, lengths, tags) cannot be asked for.
 */
import type { Condition, Side } from "../../../blocks/access-control/filter/condition.js";
import { evaluate, type Reading } from "../../../blocks/access-control/filter/evaluate.js";
import { FilterError, parseFilter } from "../../../blocks/access-control/filter/index.js";
import type { FlowRecord } from "../../maps/live-flows.js";
import { UsageError } from "../command-error.js";
import { didYouMean } from "../suggest.js";

export type FlowFilter = (flow: FlowRecord) => boolean;

export interface FilterOptions {
  /** an expression in pcap-filter syntax; empty for all flows */
  readonly expression: string;
  /** names of states, with commas between */
  readonly states: string | undefined;
  /** the names of all states that the pipeline knows */
  readonly known: readonly string[];
}

/** @throws {UsageError} for an expression that cannot be read or is not about flows, and for an unknown state */
export function flowFilter({ expression, states, known }: FilterOptions): FlowFilter {
  const condition = read(expression);
  const wanted = states === undefined ? undefined : new Set(states.split(",").map(name => stateNamed(name.trim(), known)));
  return flow =>
    (wanted === undefined || (flow.state !== undefined && wanted.has(flow.state))) && evaluate(condition, readingOf(flow)) === true;
}

function stateNamed(name: string, known: readonly string[]): string {
  const found = known.find(one => one.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const all = known.length > 0 ? `its states are ${known.join(", ")}` : "nothing in it tracks states";
  throw new UsageError(`the pipeline has no state "${name}"`, didYouMean(name, known) ?? all);
}

function read(expression: string): Condition {
  try {
    const condition = parseFilter(expression);
    const strange = findStrange(condition);
    if (strange !== undefined) throw new UsageError(`a flow has no ${strange}: "${expression}"`, HINT);
    return condition;
  } catch (error) {
    if (error instanceof FilterError) throw new UsageError(`the filter: ${error.message}`, HINT);
    throw error;
  }
}
const HINT = "for example: tcp and dst port 443 and net 10.0.0.0/8 and not established";

/** What of a condition is about packets rather than flows. */
function findStrange(condition: Condition): string | undefined {
  switch (condition.kind) {
    case "and":
    case "or":
      return findStrange(condition.left) ?? findStrange(condition.right);
    case "not":
      return findStrange(condition.operand);
    case "relation":
      return "bytes or length to compare";
    case "station":
      return "Ethernet address";
    case "vlan":
      return "VLAN tag";
    case "dscp":
      return "DSCP";
    case "fragment":
      return "fragments";
    default:
      return undefined;
  }
}

/** The flow as its first packet would be read. */
function readingOf(flow: FlowRecord): Reading {
  const { family, protocol } = flow;
  const width = family === 4 ? 0xffff_ffffn : (1n << 128n) - 1n;
  return {
    length: 0,
    mark: flow.mark,
    established: flow.replied,
    etherType: () => (family === 4 ? 0x0800 : 0x86dd),
    vlan: () => undefined,
    protocolIs: (of, value) => of === family && value === protocol,
    hasTransport: of => of === family,
    port: (_, side) => (side === "source" ? flow.sourcePort : flow.destinationPort),
    addressIs: (_, side, value, mask) => (flow[side satisfies Side] & mask & width) === value,
    station: () => undefined,
    base: () => undefined,
    read: () => undefined,
    dscp: () => undefined,
    fragment: () => false,
  };
}

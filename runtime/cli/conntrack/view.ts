/** Flows as people and programs read them. */
import type { FlowRecord, FlowTuple } from "../../maps/live-flows.js";
import { table } from "../terminal.js";
import { formatIpv4, formatIpv6 } from "../values/integer.js";

const protocols: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp" };

export function protocolName(protocol: number): string {
  return protocols[protocol] ?? `${protocol}`;
}

/** `10.0.0.1:80`, `[2001:db8::1]:80`; without a port where the protocol has none. */
export function endText({ family, protocol }: FlowRecord, address: bigint, port: number): string {
  const text = family === 4 ? formatIpv4(address) : formatIpv6(address);
  const hasPorts = protocol === 6 || protocol === 17 || protocol === 132;
  if (!hasPorts) return text;
  return family === 4 ? `${text}:${port}` : `[${text}]:${port}`;
}

function ends(flow: FlowRecord, { source, destination, sourcePort, destinationPort }: FlowTuple): readonly [from: string, to: string] {
  return [endText(flow, source, sourcePort), endText(flow, destination, destinationPort)];
}

/** A time as long as it must be: 12 s, 5 min, 2 h. */
export function duration(seconds: number): string {
  if (seconds < 100) return `${Math.floor(seconds)} s`;
  return seconds < 6000 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

const header = ["", "state", "from", "to", "packets", "bytes", "back", "bytes", "idle", "left", ""] as const;
const numbers = [4, 5, 6, 7, 8, 9];

export function flowLines(flows: readonly FlowRecord[]): string[] {
  return table([[...header], ...flows.map(flowRow)], numbers);
}

function flowRow(flow: FlowRecord): readonly string[] {
  return [
    protocolName(flow.protocol),
    flow.state ?? "",
    ...ends(flow, flow),
    `${flow.packets}`,
    `${flow.bytes}`,
    `${flow.replyPackets}`,
    `${flow.replyBytes}`,
    duration(flow.idle),
    flow.left === undefined ? "" : duration(flow.left),
    notesOf(flow),
  ];
}

/** What not every flow has. */
function notesOf(flow: FlowRecord): string {
  const notes: string[] = [];
  if (!flow.replied) notes.push("unanswered");
  if (flow.replies) notes.push(`replies ${ends(flow, flow.replies).join(" to ")}`);
  if (flow.protocol === 1 || flow.protocol === 58) notes.push(`id ${flow.sourcePort}`);
  if (flow.mark !== 0) notes.push(`mark ${flow.mark}`);
  return notes.join(", ");
}

/** The flow with addresses as text; counters stay bigint, which JSON shows as decimal text. */
export function flowDocument(flow: FlowRecord): object {
  const tuple = ({ source, destination, sourcePort, destinationPort }: FlowTuple): object => ({
    source: flow.family === 4 ? formatIpv4(source) : formatIpv6(source),
    destination: flow.family === 4 ? formatIpv4(destination) : formatIpv6(destination),
    sourcePort,
    destinationPort,
  });
  const { family, path, protocol, state, replied, idle, left, packets, bytes, replyPackets, replyBytes, mark, user, parts } = flow;
  return {
    ...{ table: path, family, protocol: protocolName(protocol), ...tuple(flow), state, replied },
    ...{ idle: rounded(idle), left: left === undefined ? undefined : rounded(left) },
    ...{ packets, bytes, replyPackets, replyBytes, mark, user },
    replies: flow.replies && tuple(flow.replies),
    parts,
  };
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

export interface Rate {
  readonly flow: FlowRecord;
  /** both directions, a second */
  readonly packets: number;
  readonly bytes: number;
}

/** What each flow carried between two readings, the busiest first. */
export function ratesBetween(
  before: readonly FlowRecord[],
  after: readonly FlowRecord[],
  seconds: number,
  by: "packets" | "bytes",
): readonly Rate[] {
  const known = new Map(before.map(flow => [nameOf(flow), flow]));
  return after
    .map(flow => {
      const then = known.get(nameOf(flow));
      const gone = then === undefined || totalOf(flow).packets < totalOf(then).packets; // one that began anew
      const start = gone ? { packets: 0n, bytes: 0n } : totalOf(then);
      const { packets, bytes } = totalOf(flow);
      return { flow, packets: Number(packets - start.packets) / seconds, bytes: Number(bytes - start.bytes) / seconds };
    })
    .filter(rate => rate.packets > 0)
    .sort((a, b) => b[by] - a[by]);
}

function totalOf(flow: FlowRecord): { packets: bigint; bytes: bigint } {
  return { packets: flow.packets + flow.replyPackets, bytes: flow.bytes + flow.replyBytes };
}
function nameOf({ path, protocol, source, destination, sourcePort, destinationPort }: FlowRecord): string {
  return [path, protocol, source, destination, sourcePort, destinationPort].join();
}

export function rateLines(rates: readonly Rate[]): string[] {
  const rows = rates.map(({ flow, packets, bytes }) => [
    protocolName(flow.protocol),
    flow.state ?? "",
    ...ends(flow, flow),
    packets.toFixed(0),
    bits(bytes * 8),
  ]);
  return table([["", "state", "from", "to", "packets/s", "bit/s"], ...rows], [4, 5]);
}

/** 1.25 Gbit as `1.25 G`. */
function bits(count: number): string {
  const units = ["", " k", " M", " G", " T"];
  let at = 0;
  let value = count;
  for (; value >= 1000 && at < units.length - 1; at++) value /= 1000;
  return `${value >= 100 || at === 0 ? value.toFixed(0) : value.toPrecision(3)}${units[at]}`;
}

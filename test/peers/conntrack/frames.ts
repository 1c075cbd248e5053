/** The frames of a script, for either family. Each script has ports (or an identifier) of its own. */
import { ipv4, ipv6, type Layer, mac } from "datapath";
import {
  Ethernet,
  Icmp,
  IcmpEcho,
  Icmpv6,
  Icmpv6Echo,
  IpProtocol,
  Ipv4,
  Ipv6,
  Sctp,
  SctpChunk,
  SctpChunkType,
  Tcp,
  Udp,
} from "datapath/headers";
import { packet } from "datapath/testing";
import type { Content, IcmpError, Line, Side, TcpContent } from "./script.js";

export type Family = 4 | 6;

/** A flow as its first packet has it; for ICMP echo, `sourcePort` is the identifier. */
export interface FlowTuple {
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export interface Step {
  readonly from: Side;
  readonly after: number;
  readonly frame: Uint8Array;
}

const SERVER_PORT = 80;
/** initial sequence numbers; the client's leaves 2^32 behind in the first kilobytes */
const initial: Readonly<Record<Side, number>> = { client: 0xffff_f000, server: 0x1234_5678 };
const tags: Readonly<Record<Side, number>> = { client: 0xc11e, server: 0x5e12 };

export const addresses: Readonly<Record<Family, Readonly<Record<Side | "clientRouter" | "serverRouter", string>>>> = {
  4: { client: "10.0.0.2", server: "10.1.0.2", clientRouter: "10.0.0.77", serverRouter: "10.1.0.77" },
  6: { client: "fd00:a::2", server: "fd00:b::2", clientRouter: "fd00:a::77", serverRouter: "fd00:b::77" },
};

/** Of the two outer devices and of what they are joined to. */
export const macs = {
  client: "02:00:00:00:0a:02",
  server: "02:00:00:00:0b:02",
  routerToClient: "02:00:00:00:0a:01",
  routerToServer: "02:00:00:00:0b:01",
} as const;

const errorTypes: Readonly<Record<IcmpError, Readonly<Record<Family, readonly [type: number, code: number]>>>> = {
  unreachable: { 4: [3, 3], 6: [1, 4] },
  "too-big": { 4: [3, 4], 6: [2, 0] },
  "time-exceeded": { 4: [11, 0], 6: [3, 0] },
  "parameter-problem": { 4: [12, 0], 6: [4, 0] },
  redirect: { 4: [5, 1], 6: [137, 0] },
  "source-quench": { 4: [4, 0], 6: [100, 0] },
};

const chunkTypes: Readonly<Record<string, number>> = {
  data: SctpChunkType.Data,
  init: SctpChunkType.Init,
  "init-ack": SctpChunkType.InitAck,
  sack: SctpChunkType.Sack,
  heartbeat: SctpChunkType.Heartbeat,
  "heartbeat-ack": SctpChunkType.HeartbeatAck,
  abort: SctpChunkType.Abort,
  shutdown: SctpChunkType.Shutdown,
  "shutdown-ack": SctpChunkType.ShutdownAck,
  error: SctpChunkType.Error,
  "cookie-echo": SctpChunkType.CookieEcho,
  "cookie-ack": SctpChunkType.CookieAck,
  "shutdown-complete": SctpChunkType.ShutdownComplete,
};
const CHECKSUM_AT: Readonly<Record<Content["kind"], number>> = { tcp: 16, udp: 6, echo: 2, error: 2, sctp: 8, other: 0 };
/** too few bytes for each transport header */
const SHORT: Readonly<Record<Content["kind"], number>> = { tcp: 12, udp: 6, echo: 4, error: 4, sctp: 8, other: 0 };

/** @param port the client's, or the identifier */
export function framesOf(lines: readonly Line[], family: Family, port: number): { readonly steps: Step[]; readonly flow: FlowTuple } {
  const packets: Uint8Array[] = [];
  const steps = lines.map(({ from, after, content, badChecksum, short }) => {
    const quoted = content.kind === "error" ? packets[content.of - 1] : undefined;
    const transport = transportOf(content, from, family, port, quoted);
    const source = content.kind === "error" && content.byRouter ? (`${from}Router` as const) : from;
    const destination = from === "client" ? "server" : "client";
    const ethernet = {
      src: mac(macs[from]),
      dst: mac(from === "client" ? macs.routerToClient : macs.routerToServer),
    };
    const network = (protocol?: number): Layer =>
      family === 4
        ? Ipv4.of({
            src: ipv4(addresses[4][source]),
            dst: ipv4(addresses[4][destination]),
            dontFragment: true,
            ...(protocol === undefined ? {} : { protocol }),
          })
        : Ipv6.of({
            src: ipv6(addresses[6][source]),
            dst: ipv6(addresses[6][destination]),
            ...(protocol === undefined ? {} : { nextHeader: protocol }),
          });
    const protocol = content.kind === "other" ? content.protocol : undefined;
    let frame = packet(Ethernet.of(ethernet), network(protocol), ...transport);
    const start = family === 4 ? 34 : 54;
    if (badChecksum) frame[start + CHECKSUM_AT[content.kind]] = (frame[start + CHECKSUM_AT[content.kind]] ?? 0) ^ 0x55;
    if (short) {
      frame = packet(Ethernet.of(ethernet), network(protocolOf(content, family)), frame.slice(start, start + SHORT[content.kind]));
    }
    packets.push(frame.slice(14));
    return { from, after, frame };
  });
  return { steps, flow: flowOf(lines, family, port) };
}

function transportOf(
  content: Content,
  from: Side,
  family: Family,
  port: number,
  quoted: Uint8Array | undefined,
): readonly (Layer | Uint8Array)[] {
  const ports = { srcPort: from === "client" ? port : SERVER_PORT, dstPort: from === "client" ? SERVER_PORT : port };
  switch (content.kind) {
    case "tcp":
      return segment(content, from, ports);
    case "udp":
      return [Udp.of(ports), new Uint8Array(content.length)];
    case "echo": {
      const identifier = (port + content.identifier) & 0xffff;
      return family === 4
        ? [IcmpEcho.of({ type: content.reply ? 0 : 8, identifier }), new Uint8Array(8)]
        : [Icmpv6Echo.of({ type: content.reply ? 129 : 128, identifier }), new Uint8Array(8)];
    }
    case "error": {
      if (!quoted) throw new RangeError(`packet ${content.of} does not stand before its error`);
      const [type, code] = errorTypes[content.error][family];
      const rest = content.error === "too-big" ? 1400 : 0;
      const body = quoted.slice(0, (family === 4 ? 20 : 40) + content.quoted);
      return [family === 4 ? Icmp.of({ type, code, rest }) : Icmpv6.of({ type, code, rest }), body];
    }
    case "sctp":
      return association(content.chunks, content.tag, from, ports);
    case "other":
      return [new Uint8Array(24)];
  }
}

interface Ports {
  readonly srcPort: number;
  readonly dstPort: number;
}

function segment(content: TcpContent, from: Side, ports: Ports): readonly (Layer | Uint8Array)[] {
  const has = (letter: string): boolean => content.flags.includes(letter);
  const options = [
    ...(content.windowScale === undefined ? [] : [3, 3, content.windowScale, 1]),
    ...(content.selective ? [4, 2, 1, 1] : []),
  ];
  const other = from === "client" ? "server" : "client";
  const { acknowledgement } = content;
  return [
    Tcp.of({
      ...ports,
      sequence: (initial[from] + content.sequence) >>> 0,
      acknowledgement: acknowledgement === undefined ? 0 : (initial[other] + acknowledgement) >>> 0,
      dataOffset: 5 + options.length / 4,
      flags: {
        syn: has("S"),
        fin: has("F"),
        rst: has("R"),
        psh: has("P"),
        ack: has("."),
        urg: has("U"),
        ece: has("E"),
        cwr: has("W"),
      },
      window: content.window,
    }),
    Uint8Array.from(options),
    new Uint8Array(content.length),
  ];
}

function association(chunks: readonly string[], tag: number | undefined, from: Side, ports: Ports): readonly (Layer | Uint8Array)[] {
  const other = from === "client" ? "server" : "client";
  const verificationTag = tag ?? (chunks[0] === "init" ? 0 : tags[other]);
  return [
    Sctp.of({ ...ports, verificationTag }),
    ...chunks.flatMap(name => {
      const type = chunkTypes[name];
      if (type === undefined) throw new RangeError(`no chunk is called ${name}`);
      const body = chunkBody(name, from);
      return [SctpChunk.of({ type, length: 4 + body.length }), body];
    }),
  ];
}

/** INIT and INIT ACK carry the tag that the other side must use; the rest is only as long as it is (RFC 9260 §3.3). */
function chunkBody(name: string, from: Side): Uint8Array {
  if (name === "init" || name === "init-ack") {
    const body = new Uint8Array(16);
    new DataView(body.buffer).setUint32(0, tags[from]);
    return body;
  }
  if (name === "data" || name === "sack") return new Uint8Array(12);
  return name === "shutdown" || name === "cookie-echo" ? new Uint8Array(4) : new Uint8Array(0);
}

function protocolOf(content: Content, family: Family): number {
  switch (content.kind) {
    case "tcp":
      return IpProtocol.Tcp;
    case "udp":
      return IpProtocol.Udp;
    case "sctp":
      return IpProtocol.Sctp;
    case "echo":
    case "error":
      return family === 4 ? IpProtocol.Icmp : IpProtocol.Icmpv6;
    case "other":
      return content.protocol;
  }
}

function flowOf(lines: readonly Line[], family: Family, port: number): FlowTuple {
  const first = lines.find(line => line.content.kind !== "error") ?? lines[0];
  if (!first) throw new RangeError("an empty script");
  const { from, content } = first;
  const protocol = protocolOf(content, family);
  const has = content.kind === "tcp" || content.kind === "udp" || content.kind === "sctp";
  const isRequester = content.kind === "echo" && content.reply ? from !== "client" : from === "client";
  const [source, destination] = isRequester ? (["client", "server"] as const) : (["server", "client"] as const);
  const sourcePort = !has ? (content.kind === "echo" ? port + content.identifier : 0) : source === "client" ? port : SERVER_PORT;
  const destinationPort = !has ? 0 : source === "client" ? SERVER_PORT : port;
  return { protocol, source: addresses[family][source], destination: addresses[family][destination], sourcePort, destinationPort };
}

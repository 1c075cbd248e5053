/** What is measured: our pipelines, their twins, and the packets that both get. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ipv4, mac } from "datapath";
import { Arp, Ethernet, Ipv4, Tcp } from "datapath/headers";
import { packet } from "datapath/testing";
import { native } from "../../runtime/native/index.js";
import { listTwin, rulesOf } from "./acl.js";
import { aclCases } from "./acl-cases.js";
import { twinData } from "./balancer.js";
import type { Traffic } from "./harness.js";
import type { Loaded } from "./object.js";

export interface Case {
  readonly name: string;
  readonly pipeline: string;
  /** C, and the name of its program */
  readonly twin: { readonly source: string; readonly program: string };
  readonly traffic: Traffic;
  /** puts the entries that the packets meet into the maps of both */
  readonly fill?: (ours: Loaded, twin: Loaded) => void;
}

const twinsFolder = fileURLToPath(new URL("twins", import.meta.url));
/** Where the C of a generated twin would lie: its includes are found from there. */
export const twinPath = `${twinsFolder}/generated.bpf.c`;

function pipeline(name: string): string {
  return fileURLToPath(new URL(`pipelines/${name}.dp.ts`, import.meta.url));
}
function twin(file: string, program = file): Case["twin"] {
  return { source: readFileSync(`${twinsFolder}/${file}.bpf.c`, "utf8"), program };
}

const ticksPerSecond = Math.round(1e9 / native().tickNanoseconds());
const ethernet = { src: mac("02:00:00:00:00:01"), dst: mac("02:00:00:00:00:02") };
const tcp = packet(
  Ethernet.of(ethernet),
  Ipv4.of({ src: ipv4("10.0.0.1"), dst: ipv4("10.0.0.2") }),
  Tcp.of({ srcPort: 12_345, dstPort: 80, flags: { syn: true } }),
);
const request4 = packet(
  Ethernet.of(ethernet),
  Ipv4.of({ src: ipv4("10.0.0.1"), dst: ipv4("10.200.1.1") }),
  Tcp.of({ srcPort: 12_345, dstPort: 80, flags: { ack: true } }),
);
const request = packet(
  Ethernet.of({ src: ethernet.src, dst: mac("ff:ff:ff:ff:ff:ff") }),
  Arp.of({ senderMac: ethernet.src, senderIp: ipv4("10.0.0.2"), targetIp: ipv4("10.0.0.1") }),
);

/** The flows of the harness differ in the low half of the source address. */
function sources(flows: number): readonly number[] {
  return Array.from({ length: flows }, (_, flow) => {
    const low = ((flow & 0xff) << 8) | (flow >> 8); // bytes 28 and 29 are a number in the order of the machine
    return ipv4("10.0.0.0") + (low ^ 0x0001);
  });
}

function word(number: number, networkOrder: boolean): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number, !networkOrder);
  return bytes;
}

const flows = 1024;

/** A connection's handshake, and a segment of it: what conntrack and the blocks on top of it are measured by. */
const client = { src: ipv4("10.0.0.1"), dst: ipv4("10.0.0.2") };
const ends = { srcPort: 12_345, dstPort: 80 };
const connection = {
  syn: packet(Ethernet.of(ethernet), Ipv4.of(client), Tcp.of({ ...ends, flags: { syn: true } })),
  synAck: packet(
    Ethernet.of(ethernet),
    Ipv4.of({ src: client.dst, dst: client.src }),
    Tcp.of({ srcPort: 80, dstPort: 12_345, flags: { syn: true, ack: true } }),
  ),
  ack: packet(Ethernet.of(ethernet), Ipv4.of(client), Tcp.of({ ...ends, flags: { ack: true } })),
};
/** Segments of so many established connections. */
function established(count: number): Traffic {
  const before = [
    { frame: connection.syn, reply: false },
    { frame: connection.synAck, reply: true },
    { frame: connection.ack, reply: false },
  ];
  return { frame: connection.ack, flows: count, before };
}

/** The same through a published port: the client meets the machine's address, the container answers with its own. */
const outside = { src: ipv4("10.0.0.1"), dst: ipv4("10.200.1.1") };
const published = {
  syn: packet(Ethernet.of(ethernet), Ipv4.of(outside), Tcp.of({ ...ends, flags: { syn: true } })),
  synAck: packet(
    Ethernet.of(ethernet),
    Ipv4.of({ src: ipv4("172.17.0.2"), dst: outside.src }),
    Tcp.of({ srcPort: 8080, dstPort: 12_345, flags: { syn: true, ack: true } }),
  ),
  ack: packet(Ethernet.of(ethernet), Ipv4.of(outside), Tcp.of({ ...ends, flags: { ack: true } })),
};
function mapped(count: number): Traffic {
  const before = [
    { frame: published.syn, reply: false },
    { frame: published.synAck, reply: true },
    { frame: published.ack, reply: false },
  ];
  return { frame: published.ack, flows: count, before };
}

export const cases: readonly Case[] = [
  { name: "ARP responder", pipeline: pipeline("arp"), twin: twin("arp"), traffic: { frame: request, flows: 1 } },
  { name: "ARP responder on tc", pipeline: pipeline("arp-tc"), twin: twin("arp"), traffic: { frame: request, flows: 1, tc: true } },
  ...aclCases({ pipeline, twin, traffic: { frame: tcp, flows } }),
  { name: "counter", pipeline: pipeline("counter"), twin: twin("counter"), traffic: { frame: tcp, flows } },
  { name: "parse Ethernet, IPv4, TCP", pipeline: pipeline("parse"), twin: twin("parse"), traffic: { frame: tcp, flows } },
  {
    name: "drop by a map of addresses",
    pipeline: pipeline("blocklist"),
    twin: twin("blocklist"),
    traffic: { frame: tcp, flows },
    fill(ours, theirs) {
      const value = new Uint8Array(4);
      // half of them: the other half is looked up in vain
      for (const source of sources(flows).filter((_, i) => i % 2 === 0)) {
        for (const map of [ours.map("blocked"), theirs.map("blocked")]) map.update(word(source, false), value, 0);
      }
    },
  },
  {
    name: "hash lookup by 8 bytes",
    pipeline: pipeline("lookup"),
    twin: twin("lookup"),
    traffic: { frame: tcp, flows },
    fill(ours, theirs) {
      for (const source of sources(flows)) {
        const key = Uint8Array.of(...word(source, true), ...word((12_345 << 16) | 80, true));
        for (const map of [ours.map("flows"), theirs.map("flows")]) map.update(key, new Uint8Array(8), 0);
      }
    },
  },
  ...[1, 1000, 50_000].map(count => ({
    name: `conntrack/hit/lruHash/${count}`,
    pipeline: pipeline("conntrack"),
    twin: twin("conntrack"),
    traffic: established(count),
  })),
  ...[1, 1000, 50_000].map(count => ({
    name: `conntrack/hit/flowTable/${count}`,
    pipeline: pipeline("conntrack-table"),
    twin: twin("conntrack"),
    traffic: established(count),
  })),
  ...[
    ...[1, 1000, 50_000].map(count => ({ name: `flowTable/hit/${count}`, count })),
    // many more than fit: each is gone before it comes again
    { name: "flowTable/new/full", count: 2_000_000 },
  ].map(({ name, count }) => ({
    name,
    pipeline: pipeline("flow-table"),
    twin: twin("flow-table", "flows"),
    traffic: { frame: tcp, flows: count, before: [{ frame: tcp, reply: false }] },
    fill(_ours: Loaded, theirs: Loaded) {
      for (const [i, seconds] of [60, 7200].entries()) theirs.map(".bss.flows").poke(8 + 4 * i, word(seconds * ticksPerSecond, false));
    },
  })),
  ...[1, 1024, 65_536].map(many => ({
    name: `rateLimit/hit/lruHash/${many === 1 ? 1 : many === 1024 ? 1000 : 50_000}`,
    pipeline: pipeline("rate-limit"),
    twin: { source: twin("rate-limit").source, program: "rate_limit" },
    traffic: { frame: tcp, flows: many },
  })),
  ...[1, 1000, 50_000].map(count => ({
    name: `portMap/hit/lruHash/${count}`,
    pipeline: pipeline("port-map"),
    twin: { source: twin("port-map").source, program: "port_map" },
    traffic: mapped(count),
  })),
  { name: "IPIP push", pipeline: pipeline("ipip"), twin: twin("ipip"), traffic: { frame: tcp, flows } },
  ...(["ipip", "l2"] as const).flatMap(kind =>
    (["map", "table"] as const).flatMap(table =>
      [1, 1000, 50_000].map(count => ({
        name: `balancer/${kind === "ipip" ? "hit" : "l2"}/${table === "map" ? "lruHash" : "flowTable"}/${count}`,
        pipeline: pipeline(`balancer-${kind}-${table}`),
        twin: twin("balancer", `${kind === "ipip" ? "balancer" : "station"}_${table}`),
        traffic: { frame: request4, flows: count, before: [{ frame: request4, reply: false }] },
        fill(_ours: Loaded, theirs: Loaded) {
          theirs.map(".data.balancer").update(new Uint8Array(4), twinData(), 0);
        },
      })),
    ),
  ),
];

/** First-match lists in C, for the figures beside the access control's. */
export const lists: readonly { readonly rules: number; readonly source: string; readonly traffic: Traffic }[] = [10, 100, 1000].map(
  count => ({
    rules: count,
    source: listTwin(rulesOf(count)),
    traffic: { frame: tcp, flows },
  }),
);

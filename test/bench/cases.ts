/** What is measured: our pipelines, their twins, and the packets that both get. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ipv4, mac } from "datapath";
import { Arp, Ethernet, Ipv4, Tcp } from "datapath/headers";
import { packet } from "datapath/testing";
import { listTwin, rulesOf } from "./acl.js";
import { aclCases } from "./acl-cases.js";
import { flowCases, fullCases as fullFlowCases } from "./flow-cases.js";
import type { Traffic } from "./harness.js";
import type { Loaded } from "./object.js";

/** What is measured without a twin. */
export interface FullCase {
  readonly name: string;
  readonly pipeline: string;
  readonly traffic: Traffic;
}
export interface Case extends FullCase {
  /** C, and the name of its program */
  readonly twin: { readonly source: string; readonly program: string };
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

const ethernet = { src: mac("02:00:00:00:00:01"), dst: mac("02:00:00:00:00:02") };
const tcp = packet(
  Ethernet.of(ethernet),
  Ipv4.of({ src: ipv4("10.0.0.1"), dst: ipv4("10.0.0.2") }),
  Tcp.of({ srcPort: 12_345, dstPort: 80, flags: { syn: true } }),
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
  { name: "IPIP push", pipeline: pipeline("ipip"), twin: twin("ipip"), traffic: { frame: tcp, flows } },
  ...flowCases({ pipeline, twin }),
];

/** Blocks with everything on, or an option more than their rows have. */
export const fullCases: readonly FullCase[] = fullFlowCases(pipeline);

/** First-match lists in C, for the figures beside the access control's. */
export const lists: readonly { readonly rules: number; readonly source: string; readonly traffic: Traffic }[] = [10, 100, 1000].map(
  count => ({
    rules: count,
    source: listTwin(rulesOf(count)),
    traffic: { frame: tcp, flows },
  }),
);

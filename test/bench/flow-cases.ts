/** What of the blocks that keep state is measured: rows are named block/path/table/flows. */
import { ipv4, mac } from "datapath";
import { Ethernet, Ipv4, Tcp } from "datapath/headers";
import { packet } from "datapath/testing";
import { native } from "../../runtime/native/index.js";
import { rulesOf, treeFunction } from "./acl.js";
import { twinData } from "./balancer.js";
import type { Case, FullCase } from "./cases.js";
import type { Traffic } from "./harness.js";
import type { Loaded } from "./object.js";

interface Parts {
  readonly pipeline: (name: string) => string;
  readonly twin: (file: string, program?: string) => Case["twin"];
}

const COUNTS = [1, 1000, 50_000];
/** Many more than any table has room for: each flow is gone before it comes again. */
const MANY = 2_000_000;
const ticksPerSecond = Math.round(1e9 / native().tickNanoseconds());

const ethernet = Ethernet.of({ src: mac("02:00:00:00:00:01"), dst: mac("02:00:00:00:00:02") });
const ends = { srcPort: 12_345, dstPort: 80 };
interface Handshake {
  readonly syn: Uint8Array;
  readonly synAck: Uint8Array;
  readonly ack: Uint8Array;
}
/** A connection's first segments: where the client sends them, and where the answer comes from. */
function handshake(server: string, answering = server, answeringPort = 80): Handshake {
  const there = Ipv4.of({ src: ipv4("10.0.0.1"), dst: ipv4(server) });
  const back = Ipv4.of({ src: ipv4(answering), dst: ipv4("10.0.0.1") });
  return {
    syn: packet(ethernet, there, Tcp.of({ ...ends, flags: { syn: true } })),
    synAck: packet(ethernet, back, Tcp.of({ srcPort: answeringPort, dstPort: 12_345, flags: { syn: true, ack: true } })),
    ack: packet(ethernet, there, Tcp.of({ ...ends, flags: { ack: true } })),
  };
}
/** Segments of so many established connections. */
function established({ syn, synAck, ack }: Handshake, flows: number): Traffic {
  const before = [
    { frame: syn, reply: false },
    { frame: synAck, reply: true },
    { frame: ack, reply: false },
  ];
  return { frame: ack, flows, before };
}
/** Packets that begin flows, into a table that is full. */
function beginnings(frame: Uint8Array): Traffic {
  return { frame, flows: MANY, before: [{ frame, reply: false }] };
}

const direct = handshake("10.0.0.2");
const published = handshake("10.200.1.1", "172.17.0.2", 8080);
const balanced = handshake("10.200.1.1");

type Table = "lruHash" | "flowTable";
const tables: readonly Table[] = ["lruHash", "flowTable"];

function suffix(table: Table): string {
  return table === "flowTable" ? "-table" : "";
}
function onTable(twin: Case["twin"], table: Table): Case["twin"] {
  return table === "flowTable" ? { ...twin, source: `#define FLOW_TABLE\n${twin.source}` } : twin;
}
/** How long flows of the twin's table may idle, in seconds: those that give way, and those that stay. */
function idle(theirs: Loaded, table: Table, fresh: number, lasting: number): void {
  if (table !== "flowTable") return;
  for (const [i, seconds] of [fresh, lasting].entries()) {
    const word = new Uint8Array(4);
    new DataView(word.buffer).setUint32(0, seconds * ticksPerSecond, true);
    theirs.map(".bss.flows").poke(8 + 4 * i, word);
  }
}

export function flowCases(parts: Parts): readonly Case[] {
  return [...flowTables(parts), ...connections(parts), ...balancers(parts), ...limits(parts), ...cookies(parts), ...composed(parts)];
}

/** Pipelines with more options on, on the same packets. They have no twins. */
export function fullCases(pipeline: Parts["pipeline"]): readonly FullCase[] {
  return [
    ...COUNTS.map(count => ({
      name: `conntrack/hit/lruHash/${count}/everything`,
      pipeline: pipeline("conntrack-everything"),
      traffic: established(direct, count),
    })),
    { name: "conntrack/hit/lruHash/1/window", pipeline: pipeline("conntrack-window"), traffic: established(direct, 1) },
    { name: "portMap/hit/lruHash/1/everything", pipeline: pipeline("port-map-everything"), traffic: established(published, 1) },
    {
      name: "balancer/hit/lruHash/1/everything",
      pipeline: pipeline("balancer-everything"),
      traffic: { ...beginnings(balanced.ack), flows: 1 },
    },
    { name: "rateLimit/hit/lruHash/1/everything", pipeline: pipeline("rate-limit-everything"), traffic: { frame: direct.syn, flows: 1 } },
    {
      name: "synCookie/syn/lruHash/1/everything",
      pipeline: pipeline("syn-cookie-everything"),
      traffic: { ...beginnings(direct.syn), flows: 1 },
    },
  ];
}

function flowTables({ pipeline, twin }: Parts): readonly Case[] {
  return [...COUNTS.map(count => ({ name: `flowTable/hit/${count}`, count })), { name: "flowTable/new/full", count: MANY }].map(
    ({ name, count }) => ({
      name,
      pipeline: pipeline("flow-table"),
      twin: twin("flow-table", "flows"),
      traffic: { ...beginnings(direct.syn), flows: count },
      fill: (_, theirs) => idle(theirs, "flowTable", 60, 7200),
    }),
  );
}

function connections({ pipeline, twin }: Parts): readonly Case[] {
  const blocks = [
    { block: "conntrack", file: "conntrack", program: "conntrack", packets: direct },
    { block: "portMap", file: "port-map", program: "port_map", packets: published },
  ];
  return blocks.flatMap(({ block, file, program, packets }) =>
    tables.flatMap(table =>
      [
        ...COUNTS.map(count => ({ path: "hit", flows: `${count}`, traffic: established(packets, count) })),
        { path: "new", flows: "full", traffic: beginnings(packets.syn) },
      ].map(({ path, flows, traffic }) => ({
        name: `${block}/${path}/${table}/${flows}`,
        pipeline: pipeline(`${file}${suffix(table)}`),
        twin: onTable(twin(file, program), table),
        traffic,
        fill: (_, theirs) => idle(theirs, table, 600, 21_600),
      })),
    ),
  );
}

function balancers({ pipeline, twin }: Parts): readonly Case[] {
  return (["ipip", "l2"] as const).flatMap(kind =>
    tables.flatMap(table =>
      [
        ...COUNTS.map(count => ({ path: kind === "ipip" ? "hit" : "l2", flows: `${count}`, count })),
        ...(kind === "ipip" ? [{ path: "new", flows: "full", count: MANY }] : []),
      ].map(({ path, flows, count }) => ({
        name: `balancer/${path}/${table}/${flows}`,
        pipeline: pipeline(`balancer-${kind}-${table === "lruHash" ? "map" : "table"}`),
        twin: twin("balancer", `${kind === "ipip" ? "balancer" : "station"}_${table === "lruHash" ? "map" : "table"}`),
        traffic: { ...beginnings(balanced.ack), flows: count },
        fill: (_, theirs) => theirs.map(".data.balancer").update(new Uint8Array(4), twinData(), 0),
      })),
    ),
  );
}

function limits({ pipeline, twin }: Parts): readonly Case[] {
  return tables.flatMap(table =>
    COUNTS.map(count => ({
      name: `rateLimit/hit/${table}/${count}`,
      pipeline: pipeline(`rate-limit${suffix(table)}`),
      twin: twin(`rate-limit${suffix(table)}`, "rate_limit"),
      traffic: { frame: direct.syn, flows: count, before: [{ frame: direct.syn, reply: false }] },
      fill: (_, theirs) => idle(theirs, table, 60, 60),
    })),
  );
}

function cookies({ pipeline, twin }: Parts): readonly Case[] {
  // a segment size of 1460, as a SYN has it
  const options = Uint8Array.of(2, 4, 0x05, 0xb4);
  const there = Ipv4.of({ src: ipv4("10.0.0.1"), dst: ipv4("10.0.0.2") });
  const syn = packet(ethernet, there, Tcp.of({ ...ends, flags: { syn: true }, dataOffset: 6 }), options);
  const both = { pipeline: pipeline("syn-cookie"), twin: twin("syn-cookie", "syn_cookie") };
  return [
    // the first is left to the stack
    { name: "synCookie/syn/lruHash/1", ...both, traffic: { frame: syn, flows: 1, before: [{ frame: syn, reply: false }] } },
    ...COUNTS.map(count => ({
      name: `synCookie/hit/lruHash/${count}`,
      ...both,
      traffic: { frame: direct.ack, flows: count },
      fill(ours: Loaded, theirs: Loaded) {
        for (let flow = 0; flow < count; flow++) {
          const key = direct.ack.slice(26, 38);
          key[2] = (key[2] ?? 0) ^ (flow & 255);
          key[3] = (key[3] ?? 0) ^ (flow >> 8);
          for (const map of [ours.map("cookies.connections4"), theirs.map("connections")]) map.update(key, new Uint8Array(4), 0);
        }
      },
    })),
  ];
}

function composed({ pipeline, twin }: Parts): readonly Case[] {
  const program = twin("composed").source;
  const source = `#include "translate.h"\n#include "arp.h"\n#include "ring.h"\n${treeFunction(rulesOf(10))}${program}`;
  // balanced: the twin knows where its first backend is from where the answer comes
  return tables.flatMap(table =>
    COUNTS.map(count => ({
      name: `composed/hit/${table}/${count}`,
      pipeline: pipeline(`composed${suffix(table)}`),
      twin: onTable({ source, program: "composed" }, table),
      traffic: established(handshake("10.200.1.2", "172.17.0.2", 8080), count),
      fill(_: Loaded, theirs: Loaded) {
        idle(theirs, table, 600, 21_600);
        theirs.map(".data.balancer").update(new Uint8Array(4), twinData(), 0);
      },
    })),
  );
}

// test: timeout 240
import assert from "node:assert/strict";
import { test } from "node:test";
import { Flows, type FlowsOptions, ipv4, ipv6, type Layer, Pipeline, Verdict, type XdpPacket } from "datapath";
import { Conntrack, type ConntrackOptions, FlowState } from "datapath/blocks";
import {
  Arp,
  Ethernet,
  Icmp,
  IcmpEcho,
  Icmpv6,
  Icmpv6Echo,
  Icmpv6Type,
  Ipv4,
  Ipv6,
  NeighborSolicitation,
  Sctp,
  SctpChunk,
  SctpChunkType,
  Tcp,
  Udp,
} from "datapath/headers";
import { packet, type Row, rows, simulate } from "datapath/testing";

/** What became of a packet: the verdict says its class, so that rows can be read. */
class Judge extends Pipeline {
  readonly flows: Flows;
  readonly conntrack: Conntrack;
  constructor(flows: Partial<FlowsOptions> = {}, options: Partial<ConntrackOptions> = {}) {
    super();
    this.flows = new Flows({ maxEntries: 64, ...flows });
    this.conntrack = new Conntrack({ flows: this.flows, ...options });
  }
  override xdp(pkt: XdpPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const { related, established, reply } = tracked;
    const full = this.conntrack.commit(tracked);
    if (full) return full;
    if (related) return Verdict.drop("related");
    if (!established) return Verdict.drop("new");
    return reply ? Verdict.drop("reply") : Verdict.drop("established");
  }
}
const isNew = Verdict.drop("new");
const established = Verdict.drop("established");
const reply = Verdict.drop("reply");
const related = Verdict.drop("related");
const outOfState = Verdict.drop("out of state");
const beginsNothing = Verdict.drop("begins no flow");

const a = { 4: ipv4("10.0.0.1"), 6: ipv6("fd00::1") };
const b = { 4: ipv4("10.0.0.2"), 6: ipv6("fd00::2") };
const PORT = 4000;
interface Flags {
  syn?: boolean;
  ack?: boolean;
  fin?: boolean;
  rst?: boolean;
}
const there = (...layers: (Layer | string)[]) => packet(Ethernet.of(), Ipv4.of({ src: a[4], dst: b[4] }), ...layers);
const back = (...layers: (Layer | string)[]) => packet(Ethernet.of(), Ipv4.of({ src: b[4], dst: a[4] }), ...layers);
const there6 = (...layers: (Layer | string)[]) => packet(Ethernet.of(), Ipv6.of({ src: a[6], dst: b[6] }), ...layers);
const back6 = (...layers: (Layer | string)[]) => packet(Ethernet.of(), Ipv6.of({ src: b[6], dst: a[6] }), ...layers);
const up = (flags: Flags, port = PORT, numbers = {}) => there(Tcp.of({ srcPort: port, dstPort: 80, flags, ...numbers }));
const down = (flags: Flags, port = PORT, numbers = {}) => back(Tcp.of({ srcPort: 80, dstPort: port, flags, ...numbers }));

function opened(port: number): { readonly [what: string]: Row } {
  return {
    [`SYN from ${port}`]: { in: up({ syn: true }, port), verdict: isNew },
    [`SYN-ACK to ${port}`]: { in: down({ syn: true, ack: true }, port), verdict: reply },
    [`ACK from ${port}`]: { in: up({ ack: true }, port), verdict: established },
  };
}

/** What both kinds of table do alike. */
const common: { readonly [what: string]: Row } = {
  ...opened(PORT),
  "data of the server": { in: down({ ack: true }), verdict: reply },
  "data hours later": { in: up({ ack: true }), verdict: established, after: 7200 },
  "FIN of the server": { in: down({ fin: true, ack: true }), verdict: reply },
  "its ACK": { in: up({ ack: true }), verdict: established },
  "FIN of the client": { in: up({ fin: true, ack: true }), verdict: established },
  "the last ACK": { in: down({ ack: true }), verdict: reply },
  "a SYN in time wait begins anew": { in: up({ syn: true }), verdict: isNew, after: 5 },
  "and is answered": { in: down({ syn: true, ack: true }), verdict: reply },
  ...opened(4001),
  "a reset": { in: up({ rst: true }, 4001), verdict: established },
  "after which the flow is gone soon": { in: down({ ack: true }, 4001), verdict: Verdict.drop("begins no flow"), after: 11 },
  "SYN that nobody answers": { in: up({ syn: true }, 4002), verdict: isNew },
  "and again, which renews nothing": { in: up({ syn: true }, 4002), verdict: isNew, after: 59 },
  "so that the answer comes too late": { in: down({ syn: true, ack: true }, 4002), verdict: beginsNothing, after: 2 },
  "simultaneous open: one SYN": { in: up({ syn: true }, 4003), verdict: isNew },
  "the other one": { in: down({ syn: true }, 4003), verdict: reply },
  "an answer to it": { in: up({ syn: true, ack: true }, 4003), verdict: established },
  "and the other answer": { in: down({ syn: true, ack: true }, 4003), verdict: reply },
  "SYN and FIN at once are nobody's": { in: up({ syn: true, fin: true }), verdict: Verdict.drop("begins no flow"), after: 100 },
  "no flag at all neither": { in: up({}, 4004), verdict: beginsNothing },
  "data of a connection that was not seen begin nothing": { in: up({ ack: true }, 4005), verdict: beginsNothing },
  "a datagram": { in: there(Udp.of({ srcPort: 53, dstPort: 5353 })), verdict: isNew },
  "another one": { in: there(Udp.of({ srcPort: 53, dstPort: 5353 })), verdict: isNew, after: 29 },
  "its answer": { in: back(Udp.of({ srcPort: 5353, dstPort: 53 })), verdict: reply, after: 29 },
  "lives longer": { in: there(Udp.of({ srcPort: 53, dstPort: 5353 })), verdict: established, after: 179 },
  "but not for ever": { in: there(Udp.of({ srcPort: 53, dstPort: 5353 })), verdict: isNew, after: 181 },
  "an error about a datagram is related": {
    in: back(Icmp.of({ type: 3, code: 3 }), Ipv4.of({ src: a[4], dst: b[4] }), Udp.of({ srcPort: 53, dstPort: 5353 })),
    verdict: related,
  },
  "one about nothing is not": {
    in: back(Icmp.of({ type: 3, code: 3 }), Ipv4.of({ src: a[4], dst: b[4] }), Udp.of({ srcPort: 54, dstPort: 5353 })),
    verdict: Verdict.drop("ICMP error about no flow"),
  },
  "nor one to somebody else": {
    in: there(Icmp.of({ type: 3, code: 3 }), Ipv4.of({ src: a[4], dst: b[4] }), Udp.of({ srcPort: 53, dstPort: 5353 })),
    verdict: Verdict.drop("ICMP error about no flow"),
  },
  "an echo": { in: there(IcmpEcho.of({ type: 8, identifier: 7, sequence: 1 })), verdict: isNew },
  "its reply": { in: back(IcmpEcho.of({ type: 0, identifier: 7, sequence: 1 })), verdict: reply },
  "a reply to another one": { in: back(IcmpEcho.of({ type: 0, identifier: 8, sequence: 1 })), verdict: beginsNothing },
  "a reply from the wrong side": { in: there(IcmpEcho.of({ type: 0, identifier: 7, sequence: 1 })), verdict: outOfState },
  "another protocol": { in: there6WithProtocol(), verdict: isNew },
  "what is not IP passes": { in: packet(Ethernet.of(), Arp.of()), verdict: Verdict.Pass },
};
function there6WithProtocol(): Uint8Array {
  return packet(Ethernet.of(), Ipv4.of({ src: a[4], dst: b[4], protocol: 47 }), "\0\0\0\0");
}

const six: { readonly [what: string]: Row } = {
  "IPv6: SYN": { in: there6(Tcp.of({ srcPort: 1, dstPort: 80, flags: { syn: true } })), verdict: isNew },
  "IPv6: SYN-ACK": { in: back6(Tcp.of({ srcPort: 80, dstPort: 1, flags: { syn: true, ack: true } })), verdict: reply },
  "IPv6: ACK": { in: there6(Tcp.of({ srcPort: 1, dstPort: 80, flags: { ack: true } })), verdict: established },
  "IPv6: too big is related": {
    in: back6(Icmpv6.of({ type: 2 }), Ipv6.of({ src: a[6], dst: b[6] }), Tcp.of({ srcPort: 1, dstPort: 80, flags: { ack: true } })),
    verdict: related,
  },
  "ICMPv6 echo": { in: there6(Icmpv6Echo.of({ type: Icmpv6Type.EchoRequest, identifier: 3 })), verdict: isNew },
  "ICMPv6 echo reply": { in: back6(Icmpv6Echo.of({ type: Icmpv6Type.EchoReply, identifier: 3 })), verdict: reply },
  "neighbour discovery is no flow": { in: there6(NeighborSolicitation.of({ type: 135, target: b[6] })), verdict: Verdict.Pass },
};

const chunk = (type: number, tag = 9) =>
  there(Sctp.of({ srcPort: 5, dstPort: 6, verificationTag: tag }), SctpChunk.of({ type, length: 4 }));
const chunkBack = (type: number) => back(Sctp.of({ srcPort: 6, dstPort: 5, verificationTag: 8 }), SctpChunk.of({ type, length: 4 }));
const sctp: { readonly [what: string]: Row } = {
  "SCTP: data out of the blue": { in: chunk(SctpChunkType.Data), verdict: beginsNothing },
  "SCTP: INIT with a tag": { in: chunk(SctpChunkType.Init), verdict: beginsNothing },
  "SCTP: INIT": { in: chunk(SctpChunkType.Init, 0), verdict: isNew },
  "SCTP: INIT ACK": { in: chunkBack(SctpChunkType.InitAck), verdict: reply },
  "SCTP: COOKIE ECHO": { in: chunk(SctpChunkType.CookieEcho), verdict: established },
  "SCTP: COOKIE ACK": { in: chunkBack(SctpChunkType.CookieAck), verdict: reply },
  "SCTP: the association lives long": { in: chunk(SctpChunkType.Data), verdict: established, after: 3000 },
  "SCTP: SHUTDOWN": { in: chunkBack(SctpChunkType.Shutdown), verdict: reply },
  "SCTP: SHUTDOWN ACK": { in: chunk(SctpChunkType.ShutdownAck), verdict: established },
  "SCTP: SHUTDOWN COMPLETE": { in: chunkBack(SctpChunkType.ShutdownComplete), verdict: reply },
  "SCTP: is over soon": { in: chunk(SctpChunkType.Data), verdict: beginsNothing, after: 11 },
};

rows(() => new Judge({}, { pickUp: false }), "xdp", { ...common, ...six, ...sctp });
rows(() => new Judge({ families: [4], table: "flowTable" }, { pickUp: false }), "xdp", named("flow table: ", common));

function named(prefix: string, table: { readonly [what: string]: Row }): { readonly [what: string]: Row } {
  return Object.fromEntries(Object.entries(table).map(([what, row]) => [`${prefix}${what}`, row]));
}

const open = { sequence: 1001, acknowledgement: 5001, window: 1000 };
rows(() => new Judge({ families: [4] }, { window: true, malformed: "drop", invalid: "drop" }), "xdp", {
  "a connection picked up": { in: up({ ack: true }, 9), verdict: isNew },
  "goes on": { in: down({ ack: true }, 9), verdict: reply },
  "window: SYN": { in: up({ syn: true }, PORT, { sequence: 1000, window: 1000 }), verdict: isNew },
  "window: SYN-ACK": { in: down({ syn: true, ack: true }, PORT, { sequence: 5000, acknowledgement: 1001, window: 1000 }), verdict: reply },
  "window: ACK": { in: up({ ack: true }, PORT, open), verdict: established },
  "window: data far outside": { in: up({ ack: true }, PORT, { ...open, sequence: 900_000 }), verdict: Verdict.drop("TCP out of window") },
  "window: an ACK of what was never sent": {
    in: up({ ack: true }, PORT, { ...open, acknowledgement: 70_000 }),
    verdict: Verdict.drop("TCP out of window"),
  },
  "window: a reset from the side": {
    in: up({ rst: true }, PORT, { ...open, sequence: 10_000_000 }),
    verdict: Verdict.drop("TCP out of window"),
  },
  "window: one within, but not next, ends nothing": { in: up({ rst: true }, PORT, { ...open, sequence: 1500 }), verdict: established },
  "window: as is seen hours later": { in: up({ ack: true }, PORT, open), verdict: established, after: 7200 },
  "window: the right reset": { in: up({ rst: true }, PORT, open), verdict: established },
  "window: ends it": { in: up({ syn: true }, PORT, { sequence: 9_000_000, window: 1000 }), verdict: isNew },
  "a header that is cut": { in: packet(Ethernet.of(), Ipv4.of({ src: 1, dst: 2 })).subarray(0, 30), verdict: Verdict.drop("malformed") },
});

const begins = (from: number, port: number) =>
  packet(Ethernet.of(), Ipv4.of({ src: from, dst: b[4] }), Udp.of({ srcPort: port, dstPort: 53 }));
const tooMany = Verdict.drop("too many flows of one source");
const lean = { families: [4], vlan: false, fragments: false, extensions: false } as const;
rows(() => new Judge(lean, { perSource: { flows: 2, seconds: 10, maxSources: 16 } }), "xdp", {
  "a limit a source: its first flow": { in: begins(a[4], 1), verdict: isNew, after: 1000 },
  "a limit a source: the second": { in: begins(a[4], 2), verdict: isNew, after: 5 },
  "a limit a source: the third is refused": { in: begins(a[4], 3), verdict: tooMany },
  "a limit a source: known flows go on": { in: begins(a[4], 1), verdict: isNew },
  "a limit a source: answers are of known flows": { in: back(Udp.of({ srcPort: 53, dstPort: 2 })), verdict: reply },
  "a limit a source: others begin theirs": { in: begins(a[4] + 7, 1), verdict: isNew },
  "a limit a source: still refused": { in: begins(a[4], 3), verdict: tooMany, after: 4 },
  "a limit a source: the next time": { in: begins(a[4], 3), verdict: isNew, after: 1 },
  "a limit a source: one more": { in: begins(a[4], 4), verdict: isNew },
  "a limit a source: and no more": { in: begins(a[4], 5), verdict: tooMany },
});

test("a limit a source: a whole /64 of IPv6 is one, and what is refused leaves no state", () => {
  const judge = new Judge({}, { perSource: { flows: 2, seconds: 10 } });
  const from = (src: bigint) =>
    simulate(judge, "xdp", packet(Ethernet.of(), Ipv6.of({ src, dst: b[6] }), Udp.of({ srcPort: 1, dstPort: 2 }))).verdict;
  assert.deepEqual([from(a[6]), from(a[6] + 1n), from(a[6] + 9n)], [isNew, isNew, tooMany]);
  assert.equal(from(a[6] + (1n << 64n)), isNew);
  assert.equal(judge.flows.find6({ source: a[6] + 9n, destination: b[6], sourcePort: 1, destinationPort: 2, protocol: 17 }), undefined);
});

test("states, counters and ends of one connection", () => {
  const judge = new Judge();
  for (const frame of [up({ syn: true }), down({ syn: true, ack: true }), up({ ack: true }), down({ ack: true })])
    simulate(judge, "xdp", frame);
  const { entry } = judge.flows.find4({ source: a[4], destination: b[4], sourcePort: PORT, destinationPort: 80, protocol: 6 }) ?? {};
  assert.equal(entry?.state, FlowState.Established);
  assert.deepEqual([entry.packets.load(), entry.replyPackets.load()], [2n, 2n]);
  assert.equal(entry.replied, true);
});

test("invalid packets may pass, counted", () => {
  const judge = new Judge({}, { invalid: "pass", pickUp: false });
  const { verdict } = simulate(judge, "xdp", up({ ack: true }));
  assert.equal(verdict, Verdict.Pass);
  assert.equal(judge.conntrack.passed.packets, 1n);
});

test("options out of range are refused, by name, value and what is allowed", () => {
  const flows = new Flows({ maxEntries: 64 });
  assert.throws(
    () => new Conntrack({ flows, timeouts: { established: 0 } }),
    /timeouts.established is 0; allowed is a whole number of seconds/,
  );
  assert.throws(() => new Conntrack({ flows, timeouts: Object.fromEntries([["never", 5]]) }), /timeouts has no never; there are synSent/);
  const per = { flows: 1, seconds: 1 };
  assert.throws(() => new Conntrack({ flows, perSource: { ...per, flows: 0 } }), /option perSource.flows is 0; allowed is a whole number/);
  assert.throws(() => new Conntrack({ flows, perSource: { ...per, seconds: 0.5 } }), /option perSource.seconds is 0.5/);
  assert.throws(() => new Conntrack({ flows, perSource: { ...per, maxSources: -1 } }), /option perSource.maxSources is -1/);
  const table = new Flows({ maxEntries: 64, table: "flowTable" });
  assert.throws(() => new Conntrack({ flows: table, window: true }), /the option window is true; allowed is false/);
});

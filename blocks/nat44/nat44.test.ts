// test: timeout 240
import assert from "node:assert/strict";
import { test } from "node:test";
import { Flows, ipv4, type Packet, Pipeline, type TcPacket, Verdict, type XdpPacket } from "datapath";
import { Conntrack, Nat44, type Nat44Options } from "datapath/blocks";
import { Ethernet, Icmp, IcmpEcho, Ipv4, Tcp, Udp, Vlan } from "datapath/headers";
import { packet, type Row, rows, simulate } from "datapath/testing";

const alice = ipv4("10.0.0.5");
const bob = ipv4("10.0.0.6");
const gate = ipv4("198.51.100.1");
const server = ipv4("203.0.113.7");
const router = ipv4("203.0.113.254");

type Without = Omit<Nat44Options, "flows" | "inside" | "address">;
/** A router whose hook sees both sides. */
class Router extends Pipeline {
  readonly flows = new Flows({ maxEntries: 1024, families: [4] });
  readonly conntrack = new Conntrack({ flows: this.flows });
  readonly nat: Nat44;
  constructor(options: Without) {
    super();
    this.nat = new Nat44({ flows: this.flows, inside: ["10.0.0.0/8"], address: gate, ...options });
  }
  private handle(pkt: Packet): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const mapped = this.nat.map(tracked);
    if (mapped instanceof Verdict) return mapped;
    return this.conntrack.commit(mapped) ?? this.nat.translate(pkt, mapped) ?? Verdict.Reflect;
  }
  override xdp(pkt: XdpPacket): Verdict {
    return this.handle(pkt);
  }
  override ingress(pkt: TcPacket): Verdict {
    return this.handle(pkt);
  }
}

interface Ends {
  readonly src: number;
  readonly dst: number;
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly ttl?: number;
}
const udp = ({ src, dst, srcPort = 5000, dstPort = 53, ttl = 64 }: Ends, data = "question"): Uint8Array =>
  packet(Ethernet.of(), Ipv4.of({ src, dst, ttl }), Udp.of({ srcPort, dstPort }), data);
const tcp = ({ src, dst, srcPort = 40_000, dstPort = 443 }: Ends, flags: object, data = ""): Uint8Array =>
  packet(
    Ethernet.of(),
    Ipv4.of({ src, dst }),
    Tcp.of({ srcPort, dstPort, sequence: 1000, acknowledgement: 1000, window: 60_000, flags }),
    data,
  );
const echo = (src: number, dst: number, type: number, identifier: number): Uint8Array =>
  packet(Ethernet.of(), Ipv4.of({ src, dst }), IcmpEcho.of({ type, identifier, sequence: 1 }), "ping");
/** An ICMP error that quotes the first `quoted` bytes behind the IP header of a frame. */
const error = (type: number, src: number, dst: number, about: Uint8Array, quoted = 8): Uint8Array =>
  packet(Ethernet.of(), Ipv4.of({ src, dst }), Icmp.of({ type, code: 1 }), about.subarray(14, 34 + quoted));

const moved = (before: Uint8Array, out: Uint8Array, world?: Row["world"]): Row => ({
  in: before,
  verdict: Verdict.Reflect,
  out,
  ...(world && { world }),
});
const same = (frame: Uint8Array): Row => moved(frame, frame);
const dropped = (frame: Uint8Array, reason: string): Row => ({ in: frame, verdict: Verdict.drop(reason), out: frame });

const asked = { src: alice, dst: server };
const left = { src: gate, dst: server };
const answered = { src: server, dst: gate, srcPort: 53, dstPort: 5000 };
const returned = { src: server, dst: alice, srcPort: 53, dstPort: 5000 };
const random = { random: [10] };

// on tc too in `npm run soak`: the same source, and nftables as its peer is held against it on both hooks
for (const hook of process.env.EVERY_HOOK ? (["xdp", "ingress"] as const) : (["xdp"] as const)) {
  rows(() => new Router({ ports: { first: 30_000, last: 30_099 }, except: ["192.0.2.0/24"] }), hook, {
    [`${hook}: a datagram leaves with the gate's address and its own port`]: moved(udp(asked), udp(left)),
    [`${hook}: its answer comes back to who asked`]: moved(udp(answered), udp(returned)),
    [`${hook}: and so does the next one`]: moved(udp(answered, "more"), udp(returned, "more")),
    [`${hook}: the flow's next packet leaves alike`]: moved(udp(asked, "again"), udp(left, "again")),
    [`${hook}: another station with the same port has another one`]: moved(
      udp({ ...asked, src: bob }),
      udp({ ...left, srcPort: 30_010 }),
      random,
    ),
    [`${hook}: and its own answers`]: moved(udp({ ...answered, dstPort: 30_010 }), udp({ ...returned, dst: bob })),
    [`${hook}: and keeps it`]: moved(udp({ ...asked, src: bob }, "again"), udp({ ...left, srcPort: 30_010 }, "again")),
    [`${hook}: towards another server its own port is free`]: moved(
      udp({ ...asked, src: bob, dst: router }),
      udp({ ...left, dst: router }),
    ),
    [`${hook}: a connection is begun`]: moved(tcp(asked, { syn: true }), tcp(left, { syn: true })),
    [`${hook}: and answered`]: moved(
      tcp({ src: server, dst: gate, srcPort: 443, dstPort: 40_000 }, { syn: true, ack: true }),
      tcp({ src: server, dst: alice, srcPort: 443, dstPort: 40_000 }, { syn: true, ack: true }),
    ),
    [`${hook}: an echo keeps its identifier`]: moved(echo(alice, server, 8, 77), echo(gate, server, 8, 77)),
    [`${hook}: its reply comes back`]: moved(echo(server, gate, 0, 77), echo(server, alice, 0, 77)),
    [`${hook}: another station's echo has another identifier (RFC 5508 section 3.1)`]: moved(
      echo(bob, server, 8, 77),
      echo(gate, server, 8, 30_010),
      random,
    ),
    [`${hook}: and its own reply`]: moved(echo(server, gate, 0, 30_010), echo(server, bob, 0, 77)),
    [`${hook}: an error about a translated packet reaches who sent it, quoting what was sent (RFC 5508 section 4.1)`]: moved(
      error(3, router, gate, udp(left)),
      error(3, router, alice, udp(asked)),
    ),
    [`${hook}: also where the port was changed`]: moved(
      error(11, router, gate, udp({ ...left, srcPort: 30_010 })),
      error(11, router, bob, udp({ ...asked, src: bob })),
    ),
    [`${hook}: about a connection, cut behind eight bytes`]: moved(
      error(3, router, gate, tcp(left, { syn: true })),
      error(3, router, alice, tcp(asked, { syn: true })),
    ),
    [`${hook}: or quoted whole`]: moved(
      error(3, router, gate, tcp(left, { syn: true }), 20),
      error(3, router, alice, tcp(asked, { syn: true }), 20),
    ),
    [`${hook}: about an echo`]: moved(
      error(3, router, gate, echo(gate, server, 8, 30_010)),
      error(3, router, bob, echo(bob, server, 8, 77)),
    ),
    [`${hook}: an error of the inside leaves with the gate's address (RFC 5508 section 4.2)`]: moved(
      error(3, alice, server, udp(returned)),
      error(3, gate, server, udp(answered)),
    ),
    [`${hook}: an error about no flow is refused`]: dropped(
      error(3, router, gate, udp({ ...left, srcPort: 9 })),
      "ICMP error about no flow",
    ),
    [`${hook}: a redirect of a translated flow is refused`]: dropped(error(5, router, gate, udp(left)), "redirect of a translated flow"),
    [`${hook}: between stations of the inside nothing changes`]: same(udp({ src: alice, dst: bob })),
    [`${hook}: nor towards an excepted prefix`]: same(udp({ src: alice, dst: ipv4("192.0.2.9") })),
    [`${hook}: nor what others send`]: same(udp({ src: server, dst: router })),
    [`${hook}: nor what does not answer`]: same(udp({ src: server, dst: gate, dstPort: 7 })),
    [`${hook}: a flow that begins once`]: moved(udp({ ...asked, srcPort: 5100 }), udp({ ...left, srcPort: 5100 })),
    [`${hook}: and anew when it is over has its port again`]: {
      ...moved(udp({ ...asked, srcPort: 5100 }), udp({ ...left, srcPort: 5100 })),
      after: 400,
    },
    [`${hook}: a UDP checksum of zero stays zero`]: moved(
      packet(Ethernet.of(), Ipv4.of({ src: alice, dst: server }), Udp.of({ srcPort: 6000, dstPort: 9, checksum: 0 })),
      packet(Ethernet.of(), Ipv4.of({ src: gate, dst: server }), Udp.of({ srcPort: 6000, dstPort: 9, checksum: 0 })),
    ),
    [`${hook}: behind a tag`]: moved(
      packet(Ethernet.of(), Vlan.of({ id: 5 }), Ipv4.of({ src: alice, dst: server }), Udp.of({ srcPort: 6001, dstPort: 9 })),
      packet(Ethernet.of(), Vlan.of({ id: 5 }), Ipv4.of({ src: gate, dst: server }), Udp.of({ srcPort: 6001, dstPort: 9 })),
    ),
    [`${hook}: a protocol without ports`]: moved(
      packet(Ethernet.of(), Ipv4.of({ src: alice, dst: server, protocol: 50 }), "12345678"),
      packet(Ethernet.of(), Ipv4.of({ src: gate, dst: server, protocol: 50 }), "12345678"),
    ),
    [`${hook}: of another station has no port to be told by`]: dropped(
      packet(Ethernet.of(), Ipv4.of({ src: bob, dst: server, protocol: 50 }), "12345678"),
      "no port left",
    ),
  });
}

const of = (n: number): Ends => ({ ...asked, src: alice + n });
rows(() => new Router({ ports: { first: 2000, last: 2001 }, tries: 2, report: true, forwards: true }), "xdp", {
  "its own port": moved(udp(of(0)), udp({ ...left, ttl: 63 })),
  "then one of the range": moved(udp(of(1)), udp({ ...left, srcPort: 2001, ttl: 63 }), { random: [1] }),
  "then the other one, from behind the end": moved(udp(of(2)), udp({ ...left, srcPort: 2000, ttl: 63 }), { random: [1] }),
  "then none is left": dropped(udp(of(3)), "no port left"),
  "which takes no flow from others": moved(udp(of(2), "on"), udp({ ...left, srcPort: 2000, ttl: 63 }, "on")),
  "nor a port from another server's": moved(udp({ ...of(3), dst: router }), udp({ ...left, dst: router, ttl: 63 })),
  "a packet that may go no further is the stack's, as it came": {
    in: udp({ ...of(2), ttl: 1 }),
    verdict: Verdict.Pass,
    out: udp({ ...of(2), ttl: 1 }),
  },
  "and so is an answer, which only goes further translated": {
    in: udp({ ...answered, dstPort: 2000, ttl: 1 }),
    verdict: Verdict.Pass,
    out: udp({ ...returned, dst: alice + 2, ttl: 1 }),
  },
});

test("what was refused is reported", () => {
  const pipeline = new Router({ ports: { first: 2000, last: 2000 }, tries: 1, report: true });
  const reported: unknown[] = [];
  for (const n of [0, 1, 2]) simulate(pipeline, "xdp", udp(of(n)));
  for (const { event } of pipeline.nat.exhausted.take()) reported.push({ ...event });
  assert.equal(reported.length, 1);
});

const wrong: readonly (readonly [what: string, options: object, said: RegExp])[] = [
  ["no prefix", { inside: [] }, /Nat44: the option inside is \[\]; allowed is one prefix or more/],
  ["what is no prefix", { inside: ["10.0.0.0"] }, /option inside is "10.0.0.0"; allowed is prefixes such as/],
  ["bits outside a prefix", { inside: ["10.0.0.1/8"] }, /option inside is "10.0.0.1\/8"/],
  ["a wrong exception", { except: ["x"] }, /option except is "x"/],
  ["an address of many", { address: ipv4("224.0.0.1") }, /option address is 3758096385/],
  [
    "ports the wrong way round",
    { ports: { first: 9, last: 8 } },
    /option ports is \{"first":9,"last":8\}; allowed is \{ first, last \} of 1 to 65535/,
  ],
  ["port 0", { ports: { first: 0, last: 8 } }, /option ports/],
  ["no try", { tries: 0 }, /option tries is 0; allowed is a whole number of 1 to 32/],
  ["a report that is no boolean", { report: 1 }, /option report is 1; allowed is true or false/],
  ["forwards that is no boolean", { forwards: "yes" }, /option forwards is "yes"; allowed is true or false/],
];
for (const [what, options, said] of wrong) {
  test(`refused: ${what}`, () => {
    const flows = new Flows({ maxEntries: 16 });
    assert.throws(() => new Nat44({ flows, inside: ["10.0.0.0/8"], address: gate, ...options }), said);
  });
}
test("refused: flows without IPv4", () => {
  const flows = new Flows({ maxEntries: 16, families: [6] });
  assert.throws(() => new Nat44({ flows, inside: ["10.0.0.0/8"], address: gate }), /option flows is \[6\]/);
});

// test: timeout 240
import assert from "node:assert/strict";
import { test } from "node:test";
import { Flows, ipv4, ipv6, type Packet, Pipeline, type TcPacket, Verdict, type XdpPacket } from "datapath";
import { Conntrack, PortMap, type PortMapOptions, type PortMapping } from "datapath/blocks";
import { Ethernet, Icmp, Icmpv6, Ipv4, Ipv6, Sctp, Tcp, Udp } from "datapath/headers";
import { packet, type Row, rows } from "datapath/testing";

const gate = ipv4("198.51.100.1");
const client = ipv4("203.0.113.7");
const web = ipv4("172.17.0.2");
const worker = ipv4("172.17.0.3");
const bridge = ipv4("172.17.0.1");
const gate6 = ipv6("2001:db8::1");
const client6 = ipv6("2001:db8:1::7");
const web6 = ipv6("fd00::2");

const mappings: readonly PortMapping[] = [
  { protocol: "tcp", address: gate, port: 80, to: { address: web, port: 8080 } },
  { protocol: "tcp", address: gate, port: 443, to: { address: web } },
  { protocol: "udp", address: gate, port: { first: 6000, last: 6009 }, to: { address: worker, port: 7000 } },
  { protocol: "udp", address: gate, port: 53, to: { address: web, port: 5353 } },
  { protocol: "sctp", address: gate, port: 3868, to: { address: worker } },
  { protocol: "tcp", address: gate6, port: 80, to: { address: web6, port: 8080 } },
  { protocol: "udp", address: gate6, port: { first: 6000, last: 6009 }, to: { address: web6, port: 7000 } },
];

/** What takes the live mapping of a port away, so that a table of rows can. */
const REMOVER = 9999;

class Host extends Pipeline {
  readonly flows: Flows;
  readonly conntrack: Conntrack;
  readonly ports: PortMap;
  constructor(families: readonly (4 | 6)[], options: Partial<PortMapOptions>) {
    super();
    this.flows = new Flows({ maxEntries: 1024, families });
    this.conntrack = new Conntrack({ flows: this.flows });
    this.ports = new PortMap({ flows: this.flows, ...options });
    if (!options.live) return;
    this.ports.mappings4.set({ address: gate, port: 8000, protocol: 6, generation: 0 }, { address: web, port: 80, zero: 0 });
    this.ports.mappings4.set({ address: gate, port: 8001, protocol: 6, generation: 1 }, { address: worker, port: 81, zero: 0 });
  }
  private handle(pkt: Packet): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    if (tracked.layers.destinationPort === REMOVER) this.remove();
    const mapped = this.ports.map(tracked);
    if (mapped instanceof Verdict) return mapped;
    return this.conntrack.commit(mapped) ?? this.ports.translate(pkt, mapped) ?? Verdict.Reflect;
  }
  private remove(): void {
    if (this.ports.options.live === undefined) return;
    const removed = this.ports.mappings4.delete({ address: gate, port: 8000, protocol: 6, generation: 0 });
    void removed;
  }
  override xdp(pkt: XdpPacket): Verdict {
    return this.handle(pkt);
  }
  override ingress(pkt: TcPacket): Verdict {
    return this.handle(pkt);
  }
}

interface Ends<A> {
  readonly src: A;
  readonly dst: A;
  readonly srcPort: number;
  readonly dstPort: number;
}
const back = <A>({ src, dst, srcPort, dstPort }: Ends<A>): Ends<A> => ({ src: dst, dst: src, srcPort: dstPort, dstPort: srcPort });
const tcp = ({ src, dst, ...ports }: Ends<number>, flags: object, data = ""): Uint8Array =>
  packet(Ethernet.of(), Ipv4.of({ src, dst }), Tcp.of({ ...ports, sequence: 1000, acknowledgement: 1000, window: 60_000, flags }), data);
const udp = ({ src, dst, ...ports }: Ends<number>): Uint8Array => packet(Ethernet.of(), Ipv4.of({ src, dst }), Udp.of(ports), "data");
const tcp6 = ({ src, dst, ...ports }: Ends<bigint>, flags: object): Uint8Array =>
  packet(Ethernet.of(), Ipv6.of({ src, dst }), Tcp.of({ ...ports, sequence: 1000, acknowledgement: 1000, window: 60_000, flags }));
const udp6 = ({ src, dst, ...ports }: Ends<bigint>): Uint8Array => packet(Ethernet.of(), Ipv6.of({ src, dst }), Udp.of(ports), "data");
/** An INIT chunk (RFC 9260 section 3.3.2) of an association. */
const sctp = ({ src, dst, ...ports }: Ends<number>): Uint8Array =>
  packet(Ethernet.of(), Ipv4.of({ src, dst }), Sctp.of(ports), Uint8Array.of(1, 0, 0, 20, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1));
const error = (src: number, dst: number, about: Uint8Array): Uint8Array =>
  packet(Ethernet.of(), Ipv4.of({ src, dst }), Icmp.of({ type: 3, code: 4, rest: 1400 }), about.subarray(14, 42));
const error6 = (src: bigint, dst: bigint, about: Uint8Array): Uint8Array =>
  packet(Ethernet.of(), Ipv6.of({ src, dst }), Icmpv6.of({ type: 2, rest: 1280 }), about.subarray(14));

const moved = (before: Uint8Array, out: Uint8Array, world?: Row["world"]): Row => ({
  in: before,
  verdict: Verdict.Reflect,
  out,
  ...(world && { world }),
});
const same = (frame: Uint8Array): Row => moved(frame, frame);
const [syn, synAck, ack] = [{ syn: true }, { syn: true, ack: true }, { ack: true }];

const to80 = { src: client, dst: gate, srcPort: 40_000, dstPort: 80 };
const at8080 = { src: client, dst: web, srcPort: 40_000, dstPort: 8080 };
const toRange = (port: number): Ends<number> => ({ src: client, dst: gate, srcPort: 5000, dstPort: port });
const inRange = (port: number): Ends<number> => ({ src: client, dst: worker, srcPort: 5000, dstPort: port });
const toName = { src: client, dst: gate, srcPort: 5000, dstPort: 53 };
const atName = { src: client, dst: web, srcPort: 5000, dstPort: 5353 };
const association = { src: client, dst: gate, srcPort: 9, dstPort: 3868 };
const inside = { src: worker, dst: gate, srcPort: 50_000, dstPort: 80 };
const turned = { src: bridge, dst: web, srcPort: 50_000, dstPort: 8080 };
const own = { src: web, dst: gate, srcPort: 50_000, dstPort: 80 };

// on tc too in `npm run soak`: the same source, and nftables as its peer is held against it on both hooks
for (const hook of process.env.EVERY_HOOK ? (["xdp", "ingress"] as const) : (["xdp"] as const)) {
  rows(
    () =>
      new Host([4], {
        mappings: mappings.filter(({ address }) => typeof address === "number"),
        live: { maxEntries: 16 },
        hairpin: { inside: ["172.17.0.0/16"], address: bridge },
        ports: { first: 30_000, last: 30_099 },
      }),
    hook,
    {
      [`${hook}: a connection to a published port goes to the container`]: moved(tcp(to80, syn), tcp(at8080, syn)),
      [`${hook}: its answer comes from where it was asked`]: moved(tcp(back(at8080), synAck), tcp(back(to80), synAck)),
      [`${hook}: and data goes both ways`]: moved(tcp(to80, ack, "GET /"), tcp(at8080, ack, "GET /")),
      [`${hook}: back too`]: moved(tcp(back(at8080), ack, "200"), tcp(back(to80), ack, "200")),
      [`${hook}: a port that is not published stays`]: same(tcp({ ...to80, dstPort: 81 }, syn)),
      [`${hook}: nor one of another protocol`]: same(udp({ ...to80, dstPort: 80 })),
      [`${hook}: nor one of another address`]: same(tcp({ ...to80, dst: bridge }, syn)),
      [`${hook}: without a port of its own the container's is the same`]: moved(
        tcp({ ...to80, dstPort: 443 }, syn),
        tcp({ ...at8080, dstPort: 443 }, syn),
      ),
      [`${hook}: UDP`]: moved(udp(toName), udp(atName)),
      [`${hook}: and its answer`]: moved(udp(back(atName)), udp(back(toName))),
      [`${hook}: a range's first port`]: moved(udp(toRange(6000)), udp(inRange(7000))),
      [`${hook}: a range's last port`]: moved(udp(toRange(6009)), udp(inRange(7009))),
      [`${hook}: not the one behind`]: same(udp(toRange(6010))),
      [`${hook}: nor the one before`]: same(udp(toRange(5999))),
      [`${hook}: SCTP, whose checksum covers no address`]: moved(sctp(association), sctp({ ...association, dst: worker })),
      [`${hook}: a container reaches another's published port, seen as the gateway`]: moved(tcp(inside, syn), tcp(turned, syn)),
      [`${hook}: and is answered`]: moved(tcp(back(turned), synAck), tcp(back(inside), synAck)),
      [`${hook}: a container reaches its own`]: moved(tcp(own, syn), tcp({ ...turned, srcPort: 30_007 }, syn), { random: [7] }),
      [`${hook}: and is answered by itself`]: moved(tcp({ ...back(turned), dstPort: 30_007 }, synAck), tcp(back(own), synAck)),
      [`${hook}: an ICMP error of the container's network quotes what the client sent`]: moved(
        error(worker, client, tcp(at8080, ack)),
        error(gate, client, tcp(to80, ack)),
      ),
      [`${hook}: one of the client's network reaches the container`]: moved(
        error(client, gate, tcp(back(to80), ack)),
        error(client, web, tcp(back(at8080), ack)),
      ),
      [`${hook}: one about a turned connection reaches who began it`]: moved(
        error(web, bridge, tcp(turned, ack)),
        error(gate, worker, tcp(inside, ack)),
      ),
      [`${hook}: a live mapping`]: moved(tcp({ ...to80, dstPort: 8000 }, syn), tcp({ ...at8080, dstPort: 80 }, syn)),
      [`${hook}: is answered`]: moved(tcp(back({ ...at8080, dstPort: 80 }), synAck), tcp(back({ ...to80, dstPort: 8000 }), synAck)),
      [`${hook}: one of the other generation is not in force`]: same(tcp({ ...to80, dstPort: 8001 }, syn)),
      [`${hook}: it is taken away`]: same(udp({ ...toName, dstPort: REMOVER })),
      [`${hook}: its connection goes on`]: moved(tcp({ ...to80, dstPort: 8000 }, ack, "on"), tcp({ ...at8080, dstPort: 80 }, ack, "on")),
      [`${hook}: in both directions`]: moved(
        tcp(back({ ...at8080, dstPort: 80 }), ack, "on"),
        tcp(back({ ...to80, dstPort: 8000 }), ack, "on"),
      ),
      [`${hook}: but no new one begins`]: same(tcp({ ...to80, srcPort: 40_001, dstPort: 8000 }, syn)),
    },
  );
}

const to80v6 = { src: client6, dst: gate6, srcPort: 40_000, dstPort: 80 };
const at8080v6 = { src: client6, dst: web6, srcPort: 40_000, dstPort: 8080 };
rows(() => new Host([6], { mappings: mappings.filter(({ address }) => typeof address === "bigint") }), "xdp", {
  "IPv6: a connection to a published port goes to the container": moved(tcp6(to80v6, syn), tcp6(at8080v6, syn)),
  "IPv6: its answer comes from where it was asked": moved(tcp6(back(at8080v6), synAck), tcp6(back(to80v6), synAck)),
  "IPv6: a range": moved(udp6({ ...to80v6, dstPort: 6005 }), udp6({ ...at8080v6, dstPort: 7005 })),
  "IPv6: a port that is not published stays": same(udp6({ ...to80v6, dstPort: 6010 })),
  "IPv6: an ICMPv6 error of the container's network quotes what the client sent": moved(
    error6(web6 + 1n, client6, tcp6(at8080v6, ack)),
    error6(gate6, client6, tcp6(to80v6, ack)),
  ),
  "IPv6: one of the client's network reaches the container": moved(
    error6(client6, gate6, tcp6(back(to80v6), ack)),
    error6(client6, web6, tcp6(back(at8080v6), ack)),
  ),
});

const mapping = { protocol: "tcp", address: gate, port: 80, to: { address: web, port: 8080 } } as const;
const wrong: readonly (readonly [what: string, options: unknown, said: RegExp])[] = [
  ["nothing published", {}, /PortMap: the option mappings is undefined; allowed is one mapping or more, where live is left out/],
  [
    "an unknown protocol",
    { mappings: [{ ...mapping, protocol: "icmp" }] },
    /option mappings is "icmp"; allowed is a protocol "tcp", "udp" or "sctp"/,
  ],
  ["port 0", { mappings: [{ ...mapping, port: 0 }] }, /option mappings is 0; allowed is a port of 1 to 65535/],
  ["a range the wrong way round", { mappings: [{ ...mapping, port: { first: 9, last: 8 } }] }, /option mappings is \{"first":9,"last":8\}/],
  [
    "a range that leaves the ports there are",
    { mappings: [{ ...mapping, port: { first: 1, last: 9 }, to: { address: web, port: 65_530 } }] },
    /option mappings is 65530; allowed is a port of 1 to 65535, from which the range fits/,
  ],
  [
    "a group's address",
    { mappings: [{ ...mapping, address: ipv4("224.0.0.1") }] },
    /option mappings is 3758096385; allowed is the address of one host/,
  ],
  ["two families in one mapping", { mappings: [{ ...mapping, to: { address: web6 } }] }, /of the same family/],
  [
    "a port published twice",
    { mappings: [mapping, { ...mapping, port: { first: 70, last: 90 } }] },
    /option mappings is 80; allowed is each port/,
  ],
  [
    "SCTP on another port",
    { mappings: [{ ...mapping, protocol: "sctp" }] },
    /option mappings is 8080; allowed is the published port itself, for SCTP/,
  ],
  ["no room for live mappings", { live: { maxEntries: 0 } }, /option live is \{"maxEntries":0\}; allowed is \{ maxEntries: 1 or more \}/],
  ["a hairpin without prefixes", { mappings: [mapping], hairpin: { inside: [], address: bridge } }, /option hairpin is \[\]/],
  ["a hairpin of no host", { mappings: [mapping], hairpin: { inside: ["10.0.0.0/8"], address: 0 } }, /option hairpin is 0/],
  ["too many tries", { mappings: [mapping], tries: 33 }, /option tries is 33; allowed is a whole number of 1 to 32/],
];
for (const [what, options, said] of wrong) {
  test(`refused: ${what}`, () => {
    const flows = new Flows({ maxEntries: 16 });
    assert.throws(() => new PortMap(Object.assign({ flows }, options)), said);
  });
}
test("refused: a mapping of a family that the flows leave out", () => {
  const flows = new Flows({ maxEntries: 16, families: [6] });
  assert.throws(() => new PortMap({ flows, mappings: [mapping] }), /allowed is addresses of a family that flows has/);
});

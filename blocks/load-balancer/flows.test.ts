/** Which backend gets a packet, row by row, in Node and in the kernel: backends are told apart by their stations. */

import { ipv4, ipv6, mac, Verdict } from "datapath";
import { Ethernet, Icmp, IcmpType, Icmpv6, Ipv4, Ipv6, Tcp, Udp } from "datapath/headers";
import { hosting, packet, type Row, rows } from "datapath/testing";
import { client4, client6, own, router, type Sent, service4, service6, tcp, udp } from "./frames.fixture.js";
import { QuicIdentifier, QuicLong } from "./headers.js";
import { LoadBalancer } from "./load-balancer.dp.js";
import type { BackendOptions, LoadBalancerOptions, ServiceOptions, StateName } from "./options.js";
import { tagOf } from "./ring.js";

const stations = [mac("02:00:00:00:0b:00"), mac("02:00:00:00:0b:01"), mac("02:00:00:00:0b:02")];
const backend = (number: number, state: StateName = "up", weight = 1): BackendOptions => ({
  address: `10.0.0.${number + 1}`,
  mac: stations[number] ?? 0,
  state,
  weight,
});
const web = (backends: readonly BackendOptions[], more: Partial<ServiceOptions> = {}): ServiceOptions => ({
  address: service4,
  port: 443,
  protocol: "tcp",
  backends,
  ...more,
});
const small = {
  mode: { kind: "l2" },
  ringSize: 251,
  maxBackends: 4,
  maxFlows: 64,
  vlan: false,
  fragments: false,
  extensions: false,
} as const;
/** The block with these services, and with flows that it remembers already. */
const balancing = (
  services: readonly ServiceOptions[],
  options: Partial<LoadBalancerOptions> = {},
  prepare: (block: LoadBalancer) => void = () => {},
) =>
  hosting(
    () => {
      const block = new LoadBalancer({ services, families: [4], errors: false, ...small, ...options });
      prepare(block);
      return block;
    },
    (block, pkt) => block.balance(pkt),
  );
/** A flow of the client that a backend has. */
const has =
  (number: number, sourcePort = 40_000, service = 0, incarnation = 1) =>
  (block: LoadBalancer) =>
    void block.flows.clients4.set({ address: client4, port: sourcePort, service }, tagOf(number, incarnation));
const stationed = (frame: Uint8Array, station: number): Uint8Array =>
  packet(Ethernet.of({ src: own, dst: station, etherType: ((frame[12] ?? 0) << 8) | (frame[13] ?? 0) }), frame.subarray(14));
const sent = (frame: Uint8Array, number: number, more: Partial<Row> = {}): Row => ({
  in: frame,
  verdict: Verdict.Reflect,
  out: stationed(frame, stations[number] ?? 0),
  ...more,
});
const left = (frame: Uint8Array): Row => ({ in: frame, verdict: Verdict.Pass, out: frame });
const dropped = (frame: Uint8Array, reason: string, more: Partial<Row> = {}): Row => ({
  in: frame,
  verdict: Verdict.drop(reason),
  ...more,
});

rows(balancing([web([backend(0, "draining"), backend(1)])], {}, has(0)), "xdp", {
  "a draining backend keeps its flows": sent(tcp(), 0),
  "a draining backend takes no new flow": sent(tcp({ sourcePort: 40_001, syn: true }), 1),
  "a connection that begins anew from the same port is a new flow": sent(tcp({ syn: true }), 1),
  "and stays where it began": sent(tcp(), 1),
});
rows(balancing([web([backend(0, "down"), backend(1)])], {}, has(0)), "xdp", {
  "the flows of a backend that is down go to another": sent(tcp(), 1),
});
rows(
  balancing([web([backend(0), backend(1, "down")])], {}, block => has(0, 40_000, 0, 7)(block)),
  "xdp",
  {
    "a flow of who had a backend's number before is a new one": sent(tcp(), 0),
  },
);
rows(balancing([web([backend(0, "down"), backend(1, "draining")])]), "xdp", {
  "where no backend takes flows new ones are dropped": dropped(tcp(), "no backend"),
});
rows(balancing([web([backend(0, "draining"), backend(1)], { protocol: "udp" })], { moveDatagrams: true }, has(0)), "xdp", {
  "UDP flows of a draining backend move, if asked to": sent(udp(), 1),
  "and stay where they came to": sent(udp(), 1),
});
rows(balancing([web([backend(0, "draining"), backend(1)], { protocol: "udp" })], {}, has(0)), "xdp", {
  "UDP flows of a draining backend stay otherwise": sent(udp(), 0),
});
rows(balancing([web([backend(0), backend(1, "up", 2)], { scheduler: "roundRobin" })]), "xdp", {
  "round robin: first the heavier one": sent(tcp({ sourcePort: 1 }), 1),
  "round robin: then the other": sent(tcp({ sourcePort: 2 }), 0),
  "round robin: then the heavier one again": sent(tcp({ sourcePort: 3 }), 1),
  "round robin: a flow stays with its backend": sent(tcp({ sourcePort: 2 }), 0),
  "round robin: and so on": sent(tcp({ sourcePort: 4 }), 1),
});
rows(balancing([web([backend(0)], { sources: ["198.51.100.0/24"] }), web([backend(1)], { port: 80 })]), "xdp", {
  "a source that is allowed": sent(tcp(), 0),
  "a source that is not": dropped(tcp({ from: ipv4("203.0.113.1") }), "source not allowed"),
  "another service is open to all": sent(tcp({ from: ipv4("203.0.113.1"), port: 80 }), 1),
});
const ticks = (seconds: number): Partial<Row> => ({ after: seconds });
rows(
  balancing([web([backend(0), backend(1)], { sticky: true, scheduler: "roundRobin" })], { affinity: { maxEntries: 16, seconds: 10 } }),
  "xdp",
  {
    "affinity: a client's first flow": sent(tcp({ sourcePort: 1 }), 0, ticks(100)),
    "affinity: its next one goes to the same backend": sent(tcp({ sourcePort: 2 }), 0, ticks(9)),
    "affinity: counted from the last one": sent(tcp({ sourcePort: 3 }), 0, ticks(9)),
    "affinity: another client": sent(tcp({ sourcePort: 3, from: ipv4("198.51.100.8") }), 1),
    "affinity: over after its time": sent(tcp({ sourcePort: 4 }), 0, ticks(10)),
    "affinity: and then again": sent(tcp({ sourcePort: 5 }), 0, ticks(1)),
    "affinity: the turn went on": sent(tcp({ sourcePort: 4, from: ipv4("198.51.100.9") }), 1),
  },
);

// ---------------------------------------------------------------- services
rows(
  balancing([
    web([backend(0)], { port: 80 }),
    { address: service4, protocol: "tcp", backends: [backend(1)] },
    web([backend(2)], { address: "203.0.113.0/24", port: 53, protocol: "udp" }),
  ]),
  "xdp",
  {
    "the first service that fits": sent(tcp({ port: 80 }), 0),
    "any port": sent(tcp({ port: 7777 }), 1),
    "another port of the same client is another flow": sent(tcp({ port: 7778 }), 1),
    "any port, but of its protocol": left(udp({ port: 7777 })),
    "the first address of a prefix": sent(udp({ to: "203.0.113.0", port: 53 }), 2),
    "the last address of a prefix": sent(udp({ to: "203.0.113.255", port: 53 }), 2),
    "the address behind a prefix": left(udp({ to: "203.0.114.0", port: 53 })),
    "another port of a prefix": left(udp({ to: "203.0.113.1", port: 54 })),
  },
);
const live = (block: LoadBalancer): void => {
  block.services4.set({ address: ipv4("192.0.2.20"), port: 80, protocol: 6, zero: 0 }, 0);
  block.services4.set({ address: ipv4("192.0.2.20"), port: 0, protocol: 17, zero: 0 }, 0);
  block.prefixes4.set({ length: 32 + 24, protocol: 6, zero: 0, port: 90, address: ipv4("203.0.113.0") }, 0);
  block.services4.set({ address: ipv4("192.0.2.20"), port: 81, protocol: 6, zero: 0 }, 1);
};
rows(balancing([web([backend(0)])], { liveServices: { maxEntries: 4, anyPort: true, prefixes: true } }, live), "xdp", {
  "a service that was added": sent(tcp({ to: "192.0.2.20", port: 80 }), 0),
  "its port of another protocol": left(tcp({ to: "192.0.2.20", port: 82 })),
  "a service of any port that was added": sent(udp({ to: "192.0.2.20", port: 5353 }), 0),
  "a service for a prefix that was added": sent(tcp({ to: "203.0.113.77", port: 90 }), 0),
  "a service that was added without backends": dropped(tcp({ to: "192.0.2.20", port: 81 }), "no backend"),
  "what no service is for": left(tcp({ to: "192.0.2.30", port: 80 })),
});
rows(
  balancing(
    [
      {
        address: service6,
        port: 443,
        protocol: "tcp",
        backends: [{ ...backend(0), address: "2001:db8::1" }],
        sources: ["2001:db8:c::/48"],
        sticky: true,
      },
    ],
    { families: [6], affinity: { maxEntries: 4, seconds: 60 } },
  ),
  "xdp",
  {
    "IPv6: a service": sent(tcp({ to: service6 }), 0),
    "IPv6: its flow again": sent(tcp({ to: service6 }), 0),
    "IPv6: a source that is not allowed": dropped(tcp({ to: service6, from: ipv6("2001:db8:d::1") }), "source not allowed"),
    "IPv6: another address": left(tcp({ to: "2001:db8:5::11" })),
  },
);

// ---------------------------------------------------------------- QUIC
const identifier = (server: number, configuration = 2) =>
  packet(QuicIdentifier.of({ configuration, length: 7, server }), new Uint8Array(5));
const short = (id: Uint8Array): Sent => ({ bytes: Uint8Array.from([0x40, ...id, 1, 2, 3]) });
const long = (first: number, id: Uint8Array): Sent => ({
  bytes: packet(QuicLong.of({ first, version: 1, destinationLength: id.length }), id, new Uint8Array(9)),
});
rows(
  balancing(
    [web([backend(0), backend(1), backend(2, "down")], { protocol: "udp" }), web([], { protocol: "udp", port: 80 })],
    { quic: { configuration: 2 } },
    block => {
      has(0)(block);
      has(0, 40_009)(block);
    },
  ),
  "xdp",
  {
    "QUIC: a short header goes where its identifier says": sent(udp(short(identifier(1))), 1),
    "QUIC: from whatever address": sent(udp({ ...short(identifier(1)), from: ipv4("203.0.113.9"), sourcePort: 5 }), 1),
    "QUIC: and to the other": sent(udp({ ...short(identifier(0)), from: ipv4("203.0.113.9"), sourcePort: 5 }), 0),
    "QUIC: another configuration says nothing": sent(udp(short(identifier(1, 3))), 0),
    "QUIC: a Handshake packet has the server's identifier": sent(udp(long(0xe3, identifier(1))), 1),
    "QUIC: an Initial packet has the client's": sent(udp(long(0xc3, identifier(1))), 0),
    "QUIC: a server that is down is not meant": sent(udp(short(identifier(2))), 0),
    "QUIC: nor one of another service": dropped(udp({ ...short(identifier(1)), port: 80 }), "no backend"),
    "QUIC: nor one that there is not": sent(udp(short(identifier(0xffff))), 0),
    "QUIC: a datagram that is cut": sent(udp({ bytes: Uint8Array.of(0x40, 0x40) }), 0),
  },
);

// ---------------------------------------------------------------- ICMP errors
const router4 = ipv4("203.0.113.254");
/** What a backend sent to the client, as an error quotes it. */
const answer = packet(
  Ipv4.of({ src: ipv4(service4), dst: client4, dontFragment: true }),
  Tcp.of({ srcPort: 443, dstPort: 40_000 }),
  new Uint8Array(20),
);
const error = (quoted: Uint8Array, type: number = IcmpType.DestinationUnreachable, code = 4) =>
  packet(
    Ethernet.of({ src: router, dst: own }),
    Ipv4.of({ src: router4, dst: ipv4(service4) }),
    Icmp.of({ type, code, rest: 1400 }),
    quoted,
  );
const foreign = packet(Ipv4.of({ src: ipv4(service4), dst: client4 }), Tcp.of({ srcPort: 444, dstPort: 40_000 }));
rows(balancing([web([backend(0, "draining"), backend(1)])], { errors: true }, has(0)), "xdp", {
  "ICMP: fragmentation needed reaches the flow's backend": sent(error(answer), 0),
  "ICMP: so does time exceeded": sent(error(answer, IcmpType.TimeExceeded, 0), 0),
  "ICMP: of a flow that is not remembered, the backend that the ring says": sent(
    error(packet(Ipv4.of({ src: ipv4(service4), dst: client4 }), Tcp.of({ srcPort: 443, dstPort: 40_077 }))),
    1,
  ),
  "ICMP: a quote of eight bytes of TCP is enough": sent(error(answer.subarray(0, 28)), 0),
  "ICMP: an error about what no service sent is left alone": left(error(foreign)),
  "ICMP: an echo request is left alone": left(error(answer, IcmpType.EchoRequest, 0)),
});
const answer6 = packet(Ipv6.of({ src: ipv6(service6), dst: client6 }), Udp.of({ srcPort: 443, dstPort: 40_000 }), new Uint8Array(20));
rows(
  balancing([{ address: service6, port: 443, protocol: "udp", backends: [{ ...backend(0), address: "2001:db8::1" }] }], {
    families: [6],
    errors: true,
  }),
  "xdp",
  {
    "ICMPv6: packet too big reaches the flow's backend": sent(
      packet(
        Ethernet.of({ src: router, dst: own }),
        Ipv6.of({ src: ipv6("2001:db8::fe"), dst: ipv6(service6) }),
        Icmpv6.of({ type: 2, code: 0, rest: 1280 }),
        answer6,
      ),
      0,
    ),
  },
);

// ---------------------------------------------------------------- fragments
/** A UDP packet of 24 bytes behind its IP header, in two. */
const whole = packet(Udp.of({ srcPort: 40_000, dstPort: 443, length: 24, checksum: 0 }), new Uint8Array(16));
const fragment = (offset: number, identification: number, from = client4): Uint8Array =>
  packet(
    Ethernet.of({ src: router, dst: own }),
    Ipv4.of({ src: from, dst: ipv4(service4), protocol: 17, identification, moreFragments: offset === 0, fragmentOffset: offset / 8 }),
    whole.subarray(offset, offset === 0 ? 16 : 24),
  );
rows(balancing([web([backend(0), backend(1, "draining")], { protocol: "udp" })], { fragments: true }, has(1)), "xdp", {
  "fragments: the first has the ports": sent(fragment(0, 7), 1),
  "fragments: the others follow it": sent(fragment(16, 7), 1),
  "fragments: another packet's go their own way": sent(fragment(0, 8, ipv4("198.51.100.8")), 0),
  "fragments: and the others follow that one": sent(fragment(16, 8, ipv4("198.51.100.8")), 0),
  "fragments: one whose first did not come is left alone": left(fragment(16, 9)),
});

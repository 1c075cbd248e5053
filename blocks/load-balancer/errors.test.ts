/** Packets whose own addresses and ports do not say whose they are: QUIC, ICMP errors, fragments. */
import { ipv4, ipv6 } from "datapath";
import { Ethernet, Icmp, IcmpType, Icmpv6, Ipv4, Ipv6, Tcp, Udp } from "datapath/headers";
import { packet, rows } from "datapath/testing";
import { backend, balancing, dropped, has, left, sent, web } from "./balancing.fixture.js";
import { client4, client6, own, router, type Sent, service4, service6, udp } from "./frames.fixture.js";
import { QuicIdentifier, QuicLong } from "./headers.js";

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

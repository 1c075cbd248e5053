/** Packets that do not fit into the underlay. */
import { ipv4, ipv6, mac, Verdict } from "datapath";
import { Ethernet, Icmp, Icmpv6, Ipv4, Ipv6, Tcp } from "datapath/headers";
import { hosting, packet, type Row, rows } from "datapath/testing";
import { client4, client6, own, router, service4, service6, tcp } from "./frames.fixture.js";
import { LoadBalancer } from "./load-balancer.dp.js";

const hop = mac("02:00:00:00:00:09");
const turned = (etherType: number) => Ethernet.of({ src: own, dst: router, etherType });
/** TCP's headers take 20 bytes of a packet, IPv4's 20, IPv6's 40. */
const long4 = (length: number, dontFragment = true) => tcp({ bytes: length - 40, dontFragment });
const long6 = (length: number) => tcp({ bytes: length - 60, to: service6 });
const small = { ringSize: 251, maxBackends: 2, maxFlows: 64, vlan: false, fragments: false, extensions: false, errors: false } as const;
const alone = (family: 4 | 6, mtu: number) =>
  hosting(
    () =>
      new LoadBalancer({
        ...small,
        families: [family],
        services: [{ address: family === 4 ? service4 : service6, port: 443, protocol: "tcp", backends: [{ address: "10.0.0.11" }] }],
        mode: { kind: "ipip", source: "10.0.0.1", nextHop: hop, mtu },
        tooBigPerSecond: 2,
      }),
    (block, pkt) => block.balance(pkt),
  );

for (const hook of ["xdp", "ingress"] as const) {
  const told4 = {
    in: long4(1381),
    verdict: Verdict.Reflect,
    out: packet(
      turned(0x0800),
      Ipv4.of({ src: ipv4(service4), dst: client4 }),
      Icmp.of({ type: 3, code: 4, rest: 1380 }),
      long4(1381).subarray(14, 14 + 548),
    ),
  };
  rows(alone(4, 1400), hook, {
    [`${hook}: the longest packet that fits goes on`]: { in: long4(1380), verdict: Verdict.Reflect },
    [`${hook}: a longer one is answered: fragmentation needed, with the MTU (RFC 1191)`]: told4,
    [`${hook}: one that may be fragmented is dropped`]: { in: long4(1381, false), verdict: Verdict.drop("too long for the underlay") },
    [`${hook}: the second answer of a second`]: told4,
    [`${hook}: the third is not given`]: { in: long4(1381), verdict: Verdict.drop("too long, and told too often") },
    [`${hook}: the next second`]: { ...told4, after: 1 },
  });
}
rows(alone(6, 1500), "xdp", {
  "IPv6: the longest packet that fits goes on": { in: long6(1480), verdict: Verdict.Reflect },
  "IPv6: a longer one is answered: packet too big (RFC 8201)": {
    in: long6(1481),
    verdict: Verdict.Reflect,
    out: packet(
      turned(0x86dd),
      Ipv6.of({ src: ipv6(service6), dst: client6 }),
      Icmpv6.of({ type: 2, code: 0, rest: 1480 }),
      long6(1481).subarray(14, 14 + 1232),
    ),
  },
});

// ---------------------------------------------------------------- who is not told (RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e))
const group4 = "239.1.1.0/24";
const group6 = "ff0e::/64";
const strict = (family: 4 | 6) =>
  hosting(
    () =>
      new LoadBalancer({
        ...small,
        families: [family],
        fragments: true,
        errors: true,
        services: (family === 4 ? [service4, group4] : [service6, group6]).map(address => ({
          address,
          port: 443,
          protocol: "tcp",
          backends: [{ address: "10.0.0.11" }],
        })),
        mode: { kind: "ipip", source: "10.0.0.1", nextHop: hop, mtu: 1400 },
        // whoever is not told takes no answer from others
        tooBigPerSecond: 1,
      }),
    (block, pkt) => block.balance(pkt),
  );
const untold = (frame: Uint8Array): Row => ({ in: frame, verdict: Verdict.drop("too long, and nobody is told") });
const toStation = (dst: number, frame: Uint8Array): Uint8Array =>
  packet(Ethernet.of({ src: router, dst, etherType: ((frame[12] ?? 0) << 8) | (frame[13] ?? 0) }), frame.subarray(14));
const everyone = mac("ff:ff:ff:ff:ff:ff");
const some = mac("01:00:5e:00:00:09");
const from4 = (source: string): Row => untold(tcp({ bytes: 1400, from: ipv4(source), dontFragment: true }));
const fragment4 = (offset: number, bytes: number): Uint8Array =>
  packet(
    Ethernet.of({ src: router, dst: own }),
    Ipv4.of({
      src: client4,
      dst: ipv4(service4),
      protocol: 6,
      identification: 7,
      dontFragment: true,
      moreFragments: offset === 0,
      fragmentOffset: offset / 8,
    }),
    packet(Tcp.of({ srcPort: 40_000, dstPort: 443, flags: { ack: true } }), new Uint8Array(3000)).subarray(offset, offset + bytes),
  );
const about4 = packet(Ipv4.of({ src: ipv4(service4), dst: client4 }), Tcp.of({ srcPort: 443, dstPort: 40_000 }), new Uint8Array(1400));
const about6 = packet(Ipv6.of({ src: ipv6(service6), dst: client6 }), Tcp.of({ srcPort: 443, dstPort: 40_000 }), new Uint8Array(1400));
const error4 = (type: number): Uint8Array =>
  packet(
    Ethernet.of({ src: router, dst: own }),
    Ipv4.of({ src: ipv4("203.0.113.254"), dst: ipv4(service4), dontFragment: true }),
    Icmp.of({ type, code: 0 }),
    about4,
  );

rows(strict(4), "xdp", {
  "an ICMP error that is too long": untold(error4(3)),
  "another one": untold(error4(11)),
  "from 0.0.0.0": from4("0.0.0.0"),
  "from a host's own network": from4("127.0.0.1"),
  "from a group": from4("224.0.0.9"),
  "from class E": from4("240.0.0.1"),
  "from everyone": from4("255.255.255.255"),
  "to a group": untold(tcp({ bytes: 1400, to: "239.1.1.9", dontFragment: true })),
  "to every station": untold(toStation(everyone, long4(1400))),
  "to some stations": untold(toStation(some, long4(1400))),
  "a first fragment goes on": { in: fragment4(0, 1000), verdict: Verdict.Reflect },
  "a later one that is too long": untold(fragment4(1000, 1400)),
  "a first fragment that is too long is told of": {
    in: fragment4(0, 1400),
    verdict: Verdict.Reflect,
    out: packet(
      turned(0x0800),
      Ipv4.of({ src: ipv4(service4), dst: client4 }),
      Icmp.of({ type: 3, code: 4, rest: 1380 }),
      fragment4(0, 1400).subarray(14, 14 + 548),
    ),
  },
  "which was the only answer": { in: long4(1400), verdict: Verdict.drop("too long, and told too often") },
});
const from6 = (source: string, to = service6): Row => untold(tcp({ bytes: 1400, from: ipv6(source), to }));
rows(strict(6), "xdp", {
  "IPv6: an ICMPv6 error that is too long": untold(
    packet(
      Ethernet.of({ src: router, dst: own }),
      Ipv6.of({ src: ipv6("2001:db8::fe"), dst: ipv6(service6) }),
      Icmpv6.of({ type: 1, code: 0 }),
      about6,
    ),
  ),
  "IPv6: from nobody": from6("::"),
  "IPv6: from a group": from6("ff02::1"),
  "IPv6: to a group": from6("2001:db8:c::7", "ff0e::9"),
  "IPv6: to some stations": untold(toStation(mac("33:33:00:00:00:01"), long6(1400))),
  "IPv6: everyone else is told": { in: long6(1400), verdict: Verdict.Reflect },
});

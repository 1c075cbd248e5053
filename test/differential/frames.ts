/** Frames of every sort that the layers tell apart, and each of them cut short. */
import {
  Arp,
  AuthHeader,
  DestinationOptions,
  Ethernet,
  FragmentHeader,
  HopByHop,
  Icmp,
  Icmpv6,
  Ipv4,
  Ipv6,
  Routing,
  Sctp,
  Tcp,
  Udp,
  Vlan,
} from "../../dsl/headers/index.js";
import { packet } from "../../testing/packet.js";
import type { Case } from "./agree.js";

const eth = Ethernet.of({ src: 0x0200_0000_0001, dst: 0x0200_0000_0002 });
const four = { src: 0x0a00_0001, dst: 0xc633_6402, identification: 9 };
const six = { src: 0x2001_0db8_0000_0000_0000_0000_0000_0001n, dst: 0x2001_0db8_0000_0000_0000_0000_0000_0002n };
const tcp = Tcp.of({ srcPort: 1234, dstPort: 80, sequence: 7, flags: { syn: true } });
const udp = Udp.of({ srcPort: 4321, dstPort: 53 });

export const frames: readonly Case[] = [
  { what: "TCP", bytes: packet(eth, Ipv4.of(four), tcp, "odd") },
  { what: "TCP with options", bytes: packet(eth, Ipv4.of(four), Tcp.of({ dstPort: 80, dataOffset: 6 }), Uint8Array.of(2, 4, 5, 180), "x") },
  { what: "UDP", bytes: packet(eth, Ipv4.of(four), udp, "payload") },
  { what: "UDP without checksum", bytes: packet(eth, Ipv4.of(four), Udp.of({ srcPort: 1, dstPort: 53, checksum: 0 }), "payload") },
  { what: "ICMP", bytes: packet(eth, Ipv4.of(four), Icmp.of({ type: 8, rest: 5 }), "ping") },
  { what: "SCTP", bytes: packet(eth, Ipv4.of(four), Sctp.of({ srcPort: 7, dstPort: 80 })) },
  { what: "IPv4 options", bytes: packet(eth, Ipv4.of({ ...four, ihl: 7 }), Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 0), udp) },
  { what: "a first fragment", bytes: packet(eth, Ipv4.of({ ...four, moreFragments: true }), udp, "12345678") },
  { what: "a later fragment", bytes: packet(eth, Ipv4.of({ ...four, fragmentOffset: 3, protocol: 17 }), "12345678") },
  { what: "a protocol without ports", bytes: packet(eth, Ipv4.of({ ...four, protocol: 50 }), "12345678") },
  { what: "TCP over IPv6", bytes: packet(eth, Ipv6.of(six), tcp, "odd") },
  { what: "UDP over IPv6", bytes: packet(eth, Ipv6.of({ ...six, trafficClass: 0xb9, flowLabel: 0x12345 }), udp, "payload") },
  { what: "ICMPv6", bytes: packet(eth, Ipv6.of(six), Icmpv6.of({ type: 128 }), "ping") },
  {
    what: "IPv6 extension headers",
    bytes: packet(eth, Ipv6.of(six), HopByHop.of(), DestinationOptions.of({ extensionLength: 1 }), new Uint8Array(8), udp),
  },
  {
    what: "six of them",
    bytes: packet(
      eth,
      Ipv6.of(six),
      HopByHop.of(),
      Routing.of(),
      DestinationOptions.of(),
      AuthHeader.of(),
      FragmentHeader.of(),
      DestinationOptions.of(),
      tcp,
    ),
  },
  {
    what: "seven of them",
    bytes: packet(
      eth,
      Ipv6.of(six),
      HopByHop.of(),
      Routing.of(),
      DestinationOptions.of(),
      AuthHeader.of(),
      FragmentHeader.of(),
      DestinationOptions.of(),
      DestinationOptions.of(),
      tcp,
    ),
  },
  { what: "a first IPv6 fragment", bytes: packet(eth, Ipv6.of(six), FragmentHeader.of({ moreFragments: true }), udp) },
  { what: "a later IPv6 fragment", bytes: packet(eth, Ipv6.of(six), FragmentHeader.of({ fragmentOffset: 5, nextHeader: 17 }), "12345678") },
  { what: "ARP", bytes: packet(eth, Arp.of({ senderIp: 1, targetIp: 2 })) },
  { what: "a wrong version", bytes: packet(eth, Ipv4.of({ ...four, version: 6 }), udp) },
  { what: "a wrong header length", bytes: packet(eth, Ipv4.of({ ...four, ihl: 4 }), udp) },
  { what: "a total length below the header's", bytes: packet(eth, Ipv4.of({ ...four, totalLength: 19 }), udp) },
  { what: "a total length beyond the packet", bytes: packet(eth, Ipv4.of({ ...four, totalLength: 200 }), udp) },
  { what: "padding behind the datagram", bytes: packet(eth, Ipv4.of({ ...four, totalLength: 28 }), udp, new Uint8Array(18)) },
  { what: "an unknown type", bytes: packet(Ethernet.of({ etherType: 0x88b5 }), "12345678901234567890") },
];

const tag = Vlan.of({ id: 10, priority: 5, dropEligible: true });
const service = Ethernet.of({ src: 0x0200_0000_0001, dst: 0x0200_0000_0002, etherType: 0x88a8 });
/** The same with tags, of both sorts and one inside another. */
export const taggedFrames: readonly Case[] = [
  { what: "TCP with a tag", bytes: packet(eth, tag, Ipv4.of(four), tcp, "a longer payload, so that much can be cut") },
  { what: "UDP over IPv6 with a tag", bytes: packet(eth, tag, Ipv6.of(six), udp, "a longer payload, so that much can be cut") },
  { what: "a service tag", bytes: packet(service, tag, Ipv4.of(four), udp, "payload") },
  { what: "two tags", bytes: packet(service, tag, Vlan.of({ id: 20 }), Ipv4.of(four), udp, "payload") },
  { what: "three tags", bytes: packet(eth, tag, Vlan.of({ id: 20 }), Vlan.of({ id: 30 }), Ipv4.of(four), udp, "payload") },
  { what: "ARP with a tag", bytes: packet(eth, tag, Arp.of({ senderIp: 1, targetIp: 2 })) },
];

/** Each frame, then its beginnings, from an Ethernet header on. */
export function* cutFrames(step: number): Generator<Case> {
  for (const { what, bytes } of [...frames, ...taggedFrames]) {
    yield { what, bytes };
    for (let length = 14; length < bytes.length; length += step) yield { what: `${what}, cut to ${length}`, bytes: bytes.slice(0, length) };
  }
}

/** Fills in what a test packet's headers were not given. Headers are known by their titles, a user's own too. */
import { checksumOf, sumOf } from "../dsl/packet/checksum.js";
import { crc32c } from "./crc32c.js";

/** One header of a packet that is being made. */
export interface Part {
  readonly title: string;
  /** the fields that the test gave */
  readonly given: ReadonlySet<string>;
  /** a live view of the header */
  readonly view: object;
  readonly offset: number;
  /** the fixed part, in bytes */
  readonly size: number;
}

interface Around {
  readonly bytes: Uint8Array;
  /** the headers in front, the nearest last */
  readonly before: readonly Part[];
  readonly next: Part | undefined;
}
type Value = number | bigint | boolean;
/** The value of a field that was not given; undefined leaves it zero. */
type Rule = (part: Part, around: Around) => Value | undefined;
/** Rules by field, in the order in which they run: a checksum is last. */
type Rules = Readonly<Record<string, Rule>>;

const EXPERIMENTAL_PROTOCOL = 253; // RFC 3692

const etherTypes: Readonly<Record<string, number>> = { Ipv4: 0x0800, Arp: 0x0806, Vlan: 0x8100, Ipv6: 0x86dd, Ethernet: 0x6558 };
const protocols: Readonly<Record<string, number>> = {
  HopByHop: 0,
  Icmp: 1,
  IcmpEcho: 1,
  Ipv4: 4,
  Tcp: 6,
  Udp: 17,
  Ipv6: 41,
  Routing: 43,
  FragmentHeader: 44,
  Gre: 47,
  AuthHeader: 51,
  Icmpv6: 58,
  Icmpv6Echo: 58,
  NeighborSolicitation: 58,
  NeighborAdvertisement: 58,
  DestinationOptions: 60,
  Sctp: 132,
};
/** UDP ports of what may stand behind UDP. */
const udpPorts: Readonly<Record<string, number>> = { Gtp: 2152, Vxlan: 4789, Geneve: 6081 };

const constant =
  (value: Value): Rule =>
  () =>
    value;
const nextEtherType: Rule = (_, { next }) => next && etherTypes[next.title];
const nextProtocol: Rule = (_, { next }) => (next ? (protocols[next.title] ?? EXPERIMENTAL_PROTOCOL) : EXPERIMENTAL_PROTOCOL);
const restFrom =
  (offset: number): Rule =>
  (part, { bytes }) =>
    bytes.length - part.offset - offset;

/** The sum of the pseudo-header of the nearest IP header in front (RFC 9293 §3.1, RFC 8200 §8.1). */
function pseudoHeader(part: Part, { bytes, before }: Around, protocol: number): number {
  const ip = before.findLast(each => each.title === "Ipv4" || each.title === "Ipv6");
  if (!ip) return 0;
  const addresses = ip.title === "Ipv4" ? bytes.subarray(ip.offset + 12, ip.offset + 20) : bytes.subarray(ip.offset + 8, ip.offset + 40);
  return sumOf(addresses, protocol + (bytes.length - part.offset));
}
const overPseudoHeader =
  (protocol: number): Rule =>
  (part, around) =>
    checksumOf(around.bytes.subarray(part.offset), pseudoHeader(part, around, protocol));
const overRest: Rule = (part, { bytes }) => checksumOf(bytes.subarray(part.offset));
const udpChecksum: Rule = (part, around) => overPseudoHeader(17)(part, around) || 0xffff;
const ipv4Checksum: Rule = (part, { bytes }) =>
  checksumOf(bytes.subarray(part.offset, part.offset + ((bytes[part.offset] ?? 0) & 0xf) * 4));
/** The CRC's bytes go out least significant first (RFC 9260 appendix A). */
const sctpChecksum: Rule = (part, { bytes }) => {
  const crc = crc32c(bytes.subarray(part.offset));
  return (((crc & 0xff) << 24) | ((crc & 0xff00) << 8) | ((crc >>> 8) & 0xff00) | (crc >>> 24)) >>> 0;
};
const icmpv6 = (type: number | undefined): Rules => ({
  ...(type === undefined ? {} : { type: constant(type) }),
  checksum: overPseudoHeader(58),
});
const neighbourHopLimit: Rule = (_, { next }) => (next?.title.startsWith("Neighbor") ? 255 : 64);

const rules: Readonly<Record<string, Rules>> = {
  Ethernet: { etherType: nextEtherType },
  Vlan: { etherType: nextEtherType },
  Arp: {
    hardwareType: constant(1),
    protocolType: constant(0x0800),
    hardwareLength: constant(6),
    protocolLength: constant(4),
    operation: constant(1),
  },
  Ipv4: {
    version: constant(4),
    ihl: constant(5),
    totalLength: restFrom(0),
    ttl: constant(64),
    protocol: nextProtocol,
    checksum: ipv4Checksum,
  },
  Ipv6: { version: constant(6), payloadLength: restFrom(40), nextHeader: nextProtocol, hopLimit: neighbourHopLimit },
  HopByHop: { nextHeader: nextProtocol },
  Routing: { nextHeader: nextProtocol },
  DestinationOptions: { nextHeader: nextProtocol },
  FragmentHeader: { nextHeader: nextProtocol },
  AuthHeader: { nextHeader: nextProtocol, payloadLength: constant(1) },
  Tcp: { dataOffset: constant(5), checksum: overPseudoHeader(6) },
  Udp: { dstPort: (_, { next }) => next && udpPorts[next.title], length: restFrom(0), checksum: udpChecksum },
  Sctp: { checksum: sctpChecksum },
  Icmp: { checksum: overRest },
  IcmpEcho: { type: constant(8), checksum: overRest },
  Icmpv6: icmpv6(undefined),
  Icmpv6Echo: icmpv6(128),
  NeighborSolicitation: icmpv6(135),
  NeighborAdvertisement: icmpv6(136),
  NeighborOption: { units: constant(1) },
  LinkLayerAddressOption: { type: (_, { before }) => (before.at(-1)?.title === "NeighborAdvertisement" ? 2 : 1), units: constant(1) },
  Vxlan: { validIdentifier: constant(true) },
  Geneve: { protocol: nextEtherType },
  Gre: { protocol: nextEtherType },
  // A G-PDU of GTP-U (3GPP TS 29.281 §5.1): the length counts what is behind the mandatory eight bytes.
  Gtp: { version: constant(1), protocolType: constant(true), type: constant(255), length: restFrom(8) },
};

/** Fills in all headers, the inner ones first: an outer checksum covers them. */
export function complete(parts: readonly Part[], bytes: Uint8Array): void {
  for (let i = parts.length - 1; i >= 0; i--) {
    const part = parts[i];
    if (!part) continue;
    const around = { bytes, before: parts.slice(0, i), next: parts[i + 1] };
    for (const [field, rule] of Object.entries(rules[part.title] ?? {})) {
      if (part.given.has(field) || !(field in part.view)) continue;
      const value = rule(part, around);
      if (value !== undefined) Reflect.set(part.view, field, value);
    }
  }
}

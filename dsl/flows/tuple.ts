/** What names a flow, as one of its packets has it. */
import type { u8, u16, u32, u128 } from "../core/integers.js";
import { IcmpType } from "../headers/icmp.js";
import { Icmpv6Type } from "../headers/icmpv6.js";
import type { Ipv4Layers, Ipv6Layers } from "../packet/layers.js";
import type { QuotedIpv4 } from "../packet/quoted-ipv4.js";
import type { QuotedIpv6 } from "../packet/quoted-ipv6.js";

/** Addresses and ports of a packet of IPv4. Without ports both are 0; an echo's identifier is in both places. */
export interface Tuple4 {
  readonly source: u32;
  readonly destination: u32;
  readonly sourcePort: u16;
  readonly destinationPort: u16;
  readonly protocol: u8;
}
/** The same of IPv6. */
export interface Tuple6 {
  readonly source: u128;
  readonly destination: u128;
  readonly sourcePort: u16;
  readonly destinationPort: u16;
  readonly protocol: u8;
}

/** The tuple of a packet: an echo's identifier stands where others have ports. */
export function tupleOf4(layers: Ipv4Layers): Tuple4 {
  const { source, destination, protocol, icmp } = layers;
  if (icmp && (icmp.type === IcmpType.EchoRequest || icmp.type === IcmpType.EchoReply)) {
    const identifier = Math.trunc(icmp.rest / 65_536);
    return { source, destination, sourcePort: identifier, destinationPort: identifier, protocol };
  }
  return { source, destination, sourcePort: layers.sourcePort, destinationPort: layers.destinationPort, protocol };
}
/** The same of IPv6. */
export function tupleOf6(layers: Ipv6Layers): Tuple6 {
  const { source, destination, protocol, icmpv6 } = layers;
  if (icmpv6 && (icmpv6.type === Icmpv6Type.EchoRequest || icmpv6.type === Icmpv6Type.EchoReply)) {
    const identifier = Math.trunc(icmpv6.rest / 65_536);
    return { source, destination, sourcePort: identifier, destinationPort: identifier, protocol };
  }
  return { source, destination, sourcePort: layers.sourcePort, destinationPort: layers.destinationPort, protocol };
}
/** The tuple of the packet that an ICMP error quotes. */
export function quotedTuple4(quoted: QuotedIpv4): Tuple4 {
  const { source, destination, protocol, icmp } = quoted;
  if (icmp) {
    const { identifier } = icmp;
    return { source, destination, sourcePort: identifier, destinationPort: identifier, protocol };
  }
  return { source, destination, sourcePort: quoted.sourcePort, destinationPort: quoted.destinationPort, protocol };
}
/** The tuple of the packet that an ICMP error quotes. */
export function quotedTuple6(quoted: QuotedIpv6): Tuple6 {
  const { source, destination, protocol, icmp } = quoted;
  if (icmp) {
    const { identifier } = icmp;
    return { source, destination, sourcePort: identifier, destinationPort: identifier, protocol };
  }
  return { source, destination, sourcePort: quoted.sourcePort, destinationPort: quoted.destinationPort, protocol };
}

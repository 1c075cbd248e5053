import type { u8, u16, u128 } from "../core/integers.js";
import type { Ethernet } from "../headers/ethernet.js";
import type { Icmpv6 } from "../headers/icmpv6.js";
import type { Ipv6 } from "../headers/ipv6.js";
import type { Sctp } from "../headers/sctp.js";
import type { Tcp } from "../headers/tcp.js";
import type { Udp } from "../headers/udp.js";
import { ALL_ONES, changed16, wordsOf } from "../helpers/fold.js";
import { LayersBase, type Ports, type Rewrite } from "./layers-base.js";
import type { LayersOptions } from "./layers-options.js";
import type { PacketPrimitives } from "./primitives.js";
import { parseQuotedIpv6, type QuotedIpv6 } from "./quoted-ipv6.js";

/** Messages from here on are no errors (RFC 4443 section 2.1). */
const ICMPV6_INFORMATIONAL = 128;

export interface Ipv6Rewrite extends Rewrite {
  source?: u128;
  destination?: u128;
}

/** The layers of an IPv6 packet. */
export class Ipv6Layers extends LayersBase {
  readonly family: 6 = 6;
  readonly ip: Ipv6;

  constructor(
    packet: PacketPrimitives,
    ethernet: Ethernet,
    ip: Ipv6,
    protocol: u8,
    fragment: u8,
    networkOffset: u16,
    transportOffset: u16,
    ports: Ports | undefined,
    tcp: Tcp | undefined,
    udp: Udp | undefined,
    icmpv6: Icmpv6 | undefined,
    sctp: Sctp | undefined,
  ) {
    super(packet, ethernet, protocol, fragment, networkOffset, transportOffset, ports, tcp, udp, undefined, icmpv6, sctp);
    this.ip = ip;
  }
  get source(): u128 {
    return this.ip.src;
  }
  get destination(): u128 {
    return this.ip.dst;
  }

  /**
   * Changes addresses, ports, hop limit and DSCP, and keeps every checksum right, on XDP and tc. Of later fragments the
   * IP header alone changes. Views stay good.
   * @example layers.rewrite({ source: ipv6("2001:db8::1"), ttl: 64 });
   */
  rewrite(to: Ipv6Rewrite): void {
    const written = this.packet.written();
    const ip = this.ip;
    let addresses = 0;
    if (to.source !== undefined) {
      addresses += ALL_ONES - wordsOf(ip.src) + wordsOf(to.source);
      ip.src = to.source;
    }
    if (to.destination !== undefined) {
      addresses += ALL_ONES - wordsOf(ip.dst) + wordsOf(to.destination);
      ip.dst = to.destination;
    }
    let header = addresses;
    if (to.ttl !== undefined) {
      header += changed16(ip.hopLimit, to.ttl);
      ip.hopLimit = to.ttl;
    }
    if (to.dscp !== undefined) {
      // The upper six bits of the traffic class, which begins at the fifth bit of the header.
      const before = ip.trafficClass;
      const after = to.dscp * 4 + (before % 4);
      header += (0xff - before + after) * 16 + 0xf00f;
      ip.trafficClass = after;
    }
    this.rewriteTransport(to, to.source !== undefined || to.destination !== undefined, addresses);
    this.packet.noteChange(header);
    this.packet.keepLayers(written);
  }

  /**
   * The packet that an ICMPv6 error (RFC 4443: any type below 128) quotes; undefined for every other packet, and where
   * the quote has less than an IPv6 header and 8 bytes of what follows.
   * @param options what of the quoted packet's headers is looked for; `families` and `vlan` say nothing here
   * @example const quoted = layers.quoted(); if (quoted) quoted.rewrite({ source: original });
   */
  quoted(options: LayersOptions = {}): QuotedIpv6 | undefined {
    const error = this.icmpv6;
    if (!error || error.type >= ICMPV6_INFORMATIONAL) return undefined;
    return parseQuotedIpv6(this.packet, options, this.transportOffset, this.networkOffset + 40 + this.ip.payloadLength);
  }
}

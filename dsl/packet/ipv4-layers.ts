import type { u8, u16, u32 } from "../core/integers.js";
import type { Ethernet } from "../headers/ethernet.js";
import { type Icmp, IcmpType } from "../headers/icmp.js";
import type { Ipv4 } from "../headers/ipv4.js";
import type { Sctp } from "../headers/sctp.js";
import type { Tcp } from "../headers/tcp.js";
import type { Udp } from "../headers/udp.js";
import { changed16, changed32, checksumAfter } from "../helpers/fold.js";
import { LayersBase, type Ports, type Rewrite } from "./layers-base.js";
import type { LayersOptions } from "./layers-options.js";
import type { PacketPrimitives } from "./primitives.js";
import { parseQuotedIpv4, type QuotedIpv4 } from "./quoted-ipv4.js";

export interface Ipv4Rewrite extends Rewrite {
  source?: u32;
  destination?: u32;
}
/** The layers of an IPv4 packet. */
export class Ipv4Layers extends LayersBase {
  readonly family: 4 = 4;
  readonly ip: Ipv4;

  constructor(
    packet: PacketPrimitives,
    ethernet: Ethernet,
    ip: Ipv4,
    protocol: u8,
    fragment: u8,
    networkOffset: u16,
    transportOffset: u16,
    ports: Ports | undefined,
    tcp: Tcp | undefined,
    udp: Udp | undefined,
    icmp: Icmp | undefined,
    sctp: Sctp | undefined,
  ) {
    super(packet, ethernet, protocol, fragment, networkOffset, transportOffset, ports, tcp, udp, icmp, undefined, sctp);
    this.ip = ip;
  }
  get source(): u32 {
    return this.ip.src;
  }
  get destination(): u32 {
    return this.ip.dst;
  }

  /**
   * Changes addresses, ports, TTL and DSCP, and keeps every checksum right, on XDP and tc. A UDP checksum of zero
   * stays zero; of later fragments the IP header alone changes. Views stay good.
   * @example layers.rewrite({ destination: backend.address, destinationPort: 8080 });
   */
  rewrite(to: Ipv4Rewrite): void {
    const written = this.packet.written();
    const ip = this.ip;
    let addresses = 0;
    if (to.source !== undefined) {
      addresses += changed32(ip.src, to.source);
      ip.src = to.source;
    }
    if (to.destination !== undefined) {
      addresses += changed32(ip.dst, to.destination);
      ip.dst = to.destination;
    }
    let header = addresses;
    if (to.ttl !== undefined) {
      header += (0xff - ip.ttl + to.ttl) * 256 + 0xff;
      ip.ttl = to.ttl;
    }
    if (to.dscp !== undefined) {
      header += changed16(ip.dscp * 4, to.dscp * 4);
      ip.dscp = to.dscp;
    }
    const addressed = to.source !== undefined || to.destination !== undefined;
    if (addressed || to.ttl !== undefined || to.dscp !== undefined) ip.checksum = checksumAfter(ip.checksum, header);
    this.rewriteTransport(to, addressed, addresses);
    this.packet.keepLayers(written);
  }

  /**
   * The packet that an ICMP error (RFC 792: destination unreachable, source quench, redirect, time exceeded, parameter
   * problem) quotes; undefined for every other packet, and where the quote has less than an IP header and 8 bytes.
   * @param options what of the quoted packet's headers is looked for; `families` and `vlan` say nothing here
   * @example const quoted = layers.quoted(); if (quoted) quoted.rewrite({ source: original });
   */
  quoted(options: LayersOptions = {}): QuotedIpv4 | undefined {
    const error = this.icmp;
    if (!error) return undefined;
    const { type } = error;
    const isError =
      type === IcmpType.DestinationUnreachable ||
      type === IcmpType.SourceQuench ||
      type === IcmpType.Redirect ||
      type === IcmpType.TimeExceeded ||
      type === IcmpType.ParameterProblem;
    if (!isError) return undefined;
    return parseQuotedIpv4(this.packet, options, this.transportOffset, this.networkOffset + this.ip.totalLength);
  }
}

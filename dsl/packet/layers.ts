/**
 * A packet's headers, found in one walk. This file is datapath code: the compiler compiles this very source, with
 * `pkt.layers()` as a call that is made once for each state of the packet. What of it a program does not use leaves
 * no trace.
 */

import { header } from "../core/header.js";
import type { u8, u16, u32, u128 } from "../core/integers.js";
import { u16 as u16Schema } from "../core/integers.js";
import type { IntSchema } from "../core/schema.js";
import type { Ethernet } from "../headers/ethernet.js";
import { EtherType } from "../headers/ethernet.js";
import { Icmp } from "../headers/icmp.js";
import { Icmpv6 } from "../headers/icmpv6.js";
import { IpProtocol, Ipv4 } from "../headers/ipv4.js";
import { Ipv6 } from "../headers/ipv6.js";
import { AuthHeader, FragmentHeader, HopByHop } from "../headers/ipv6-extensions.js";
import { Sctp } from "../headers/sctp.js";
import { Tcp } from "../headers/tcp.js";
import { Udp } from "../headers/udp.js";
import { Vlan } from "../headers/vlan.js";
import { changed16, changed32, checksumAfter, wordsOf } from "../helpers/fold.js";
import type { PacketPrimitives } from "./primitives.js";
import type { VlanTag } from "./types.js";

/** What part of a datagram a packet carries. */
export const Fragment = {
  /** all of it */
  None: 0,
  /** its beginning, with the transport header */
  First: 1,
  /** a later part, without */
  Later: 2,
} as const;

/** TCP, UDP and SCTP begin alike. */
export class Ports extends header("Ports", { srcPort: u16Schema, dstPort: u16Schema }) {}

/** Where checksums are in their headers. */
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
const ICMP_CHECKSUM = 2;

/** The sum of a u128's words where all bits are ones: what `wordsOf` of a complement adds up to. */
const ALL_ONES = 4 * 0xffff_ffff;

/** What `rewrite` may change beside addresses. */
export interface Rewrite {
  /** of TCP and UDP; SCTP's is left alone, as its CRC covers the whole packet */
  sourcePort?: u16;
  /** of TCP and UDP; SCTP's is left alone, as its CRC covers the whole packet */
  destinationPort?: u16;
  /** the hop limit in IPv6 */
  ttl?: u8;
  /** 0 … 63 */
  dscp?: u8;
}
export interface Ipv4Rewrite extends Rewrite {
  source?: u32;
  destination?: u32;
}
export interface Ipv6Rewrite extends Rewrite {
  source?: u128;
  destination?: u128;
}

/** What the layers of every packet have. */
abstract class LayersBase {
  protected readonly packet: PacketPrimitives;
  readonly ethernet: Ethernet;
  /** the IP protocol behind all extension headers; 0 where the packet is not IP */
  readonly protocol: u8;
  /** `Fragment.None`, `First` or `Later` */
  readonly fragment: u8;
  /** where the IP header begins, or what is there in its place */
  readonly networkOffset: u16;
  /** where the transport header begins */
  readonly transportOffset: u16;
  protected readonly ports: Ports | undefined;
  readonly tcp: Tcp | undefined;
  readonly udp: Udp | undefined;
  readonly icmp: Icmp | undefined;
  readonly icmpv6: Icmpv6 | undefined;
  readonly sctp: Sctp | undefined;

  constructor(
    packet: PacketPrimitives,
    ethernet: Ethernet,
    protocol: u8,
    fragment: u8,
    networkOffset: u16,
    transportOffset: u16,
    ports: Ports | undefined,
    tcp: Tcp | undefined,
    udp: Udp | undefined,
    icmp: Icmp | undefined,
    icmpv6: Icmpv6 | undefined,
    sctp: Sctp | undefined,
  ) {
    this.packet = packet;
    this.ethernet = ethernet;
    this.protocol = protocol;
    this.fragment = fragment;
    this.networkOffset = networkOffset;
    this.transportOffset = transportOffset;
    this.ports = ports;
    this.tcp = tcp;
    this.udp = udp;
    this.icmp = icmp;
    this.icmpv6 = icmpv6;
    this.sctp = sctp;
  }

  /** the outermost VLAN tag */
  get vlan(): VlanTag | undefined {
    return this.packet.vlan;
  }
  /** of TCP, UDP or SCTP; 0 where there is none */
  get sourcePort(): u16 {
    return this.ports ? this.ports.srcPort : 0;
  }
  /** of TCP, UDP or SCTP; 0 where there is none */
  get destinationPort(): u16 {
    return this.ports ? this.ports.dstPort : 0;
  }
  /** where the transport header ends: its payload, or the same as `transportOffset` where the protocol is not known */
  get payloadOffset(): u16 {
    if (this.tcp) return this.transportOffset + this.tcp.dataOffset * 4;
    if (this.udp) return this.transportOffset + 8;
    if (this.icmp) return this.transportOffset + 8;
    if (this.icmpv6) return this.transportOffset + 8;
    if (this.sctp) return this.transportOffset + 12;
    return this.transportOffset;
  }

  /**
   * Stores an integer inside the transport segment and keeps its checksum right. Nothing where the packet ends before
   * it; of later fragments and of protocols without a known checksum only the bytes change.
   * @param offset from the packet's start, as `transportOffset` is
   * @param schema u8, u16 or u32
   * @example if (mss > limit) layers.write(at + 2, u16, limit);
   */
  write<T extends number>(offset: number, schema: IntSchema<T>, value: T): void {
    const before = this.packet.read(offset, schema);
    if (before === undefined) return;
    this.packet.write(offset, schema, value);
    const changed = schema.size === 4 ? 0xffff_ffff - before + value : 0xffff - before + value;
    // A word that begins at an odd place counts with its bytes the other way round; a byte at an even place is a high one.
    const turned = (offset - this.transportOffset + (schema.size === 1 ? 1 : 0)) % 2 === 1;
    this.updateTransport(turned ? changed * 256 : changed);
  }

  /** Stores ports, then the transport checksum: last, as tc's helper for it ends packet pointers. */
  protected rewriteTransport(to: Rewrite, addressed: boolean, addresses: number): void {
    const tcp = this.tcp;
    const udp = this.udp;
    const ported = to.sourcePort !== undefined || to.destinationPort !== undefined;
    let ports = 0;
    if (tcp) {
      if (to.sourcePort !== undefined) {
        ports += changed16(tcp.srcPort, to.sourcePort);
        tcp.srcPort = to.sourcePort;
      }
      if (to.destinationPort !== undefined) {
        ports += changed16(tcp.dstPort, to.destinationPort);
        tcp.dstPort = to.destinationPort;
      }
      if (addressed || ported) this.packet.replaceChecksum(this.transportOffset + TCP_CHECKSUM, addresses, ports, false);
    } else if (udp) {
      if (to.sourcePort !== undefined) {
        ports += changed16(udp.srcPort, to.sourcePort);
        udp.srcPort = to.sourcePort;
      }
      if (to.destinationPort !== undefined) {
        ports += changed16(udp.dstPort, to.destinationPort);
        udp.dstPort = to.destinationPort;
      }
      if (addressed || ported) this.packet.replaceChecksum(this.transportOffset + UDP_CHECKSUM, addresses, ports, true);
    } else if (this.icmpv6) {
      if (addressed) this.packet.replaceChecksum(this.transportOffset + ICMP_CHECKSUM, addresses, 0, false);
    }
  }

  private updateTransport(others: number): void {
    if (this.tcp) this.packet.replaceChecksum(this.transportOffset + TCP_CHECKSUM, 0, others, false);
    else if (this.udp) this.packet.replaceChecksum(this.transportOffset + UDP_CHECKSUM, 0, others, true);
    else if (this.icmp || this.icmpv6) this.packet.replaceChecksum(this.transportOffset + ICMP_CHECKSUM, 0, others, false);
  }
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
  }
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
  }
}

/** The layers of a packet that is not IP, or whose IP header is wrong or cut. */
export class OtherLayers extends LayersBase {
  readonly family: 0 = 0;
  readonly ip: undefined = undefined;

  constructor(packet: PacketPrimitives, ethernet: Ethernet, networkOffset: u16) {
    super(packet, ethernet, 0, 0, networkOffset, networkOffset, undefined, undefined, undefined, undefined, undefined, undefined);
  }
}

export type IpLayers = Ipv4Layers | Ipv6Layers;
export type Layers = IpLayers | OtherLayers;

/** Extension headers that are walked; a packet with more has the next one's number as its protocol. */
const EXTENSIONS = 6;

/** Walks Ethernet, an inner VLAN tag, IP with its extension headers, and finds the transport header. */
export function parseLayers(pkt: PacketPrimitives): Layers {
  const ethernet = pkt.frame();
  let networkOffset = 14;
  let etherType = ethernet.etherType;
  if (etherType === EtherType.Vlan || etherType === EtherType.ServiceVlan) {
    const tag = pkt.at(14, Vlan);
    if (!tag) return new OtherLayers(pkt, ethernet, networkOffset);
    networkOffset = 18;
    etherType = tag.etherType;
  }
  if (etherType === EtherType.Ipv4) return parseIpv4(pkt, ethernet, networkOffset);
  if (etherType === EtherType.Ipv6) return parseIpv6(pkt, ethernet, networkOffset);
  return new OtherLayers(pkt, ethernet, networkOffset);
}

function parseIpv4(pkt: PacketPrimitives, ethernet: Ethernet, networkOffset: u16): Layers {
  const ip = pkt.at(networkOffset, Ipv4);
  if (!ip) return new OtherLayers(pkt, ethernet, networkOffset);
  if (ip.version !== 4 || ip.ihl < 5) return new OtherLayers(pkt, ethernet, networkOffset);
  const headerLength = ip.ihl * 4;
  if (ip.totalLength < headerLength || networkOffset + ip.totalLength > pkt.length) return new OtherLayers(pkt, ethernet, networkOffset);

  const protocol = ip.protocol;
  const transportOffset = networkOffset + headerLength;
  let fragment: u8 = Fragment.None;
  if (ip.fragmentOffset !== 0) fragment = Fragment.Later;
  else if (ip.moreFragments) fragment = Fragment.First;
  const whole = fragment !== Fragment.Later;
  return new Ipv4Layers(
    pkt,
    ethernet,
    ip,
    protocol,
    fragment,
    networkOffset,
    transportOffset,
    whole && (protocol === IpProtocol.Tcp || protocol === IpProtocol.Udp || protocol === IpProtocol.Sctp)
      ? pkt.at(transportOffset, Ports)
      : undefined,
    whole && protocol === IpProtocol.Tcp ? pkt.at(transportOffset, Tcp) : undefined,
    whole && protocol === IpProtocol.Udp ? pkt.at(transportOffset, Udp) : undefined,
    whole && protocol === IpProtocol.Icmp ? pkt.at(transportOffset, Icmp) : undefined,
    whole && protocol === IpProtocol.Sctp ? pkt.at(transportOffset, Sctp) : undefined,
  );
}

function parseIpv6(pkt: PacketPrimitives, ethernet: Ethernet, networkOffset: u16): Layers {
  const ip = pkt.at(networkOffset, Ipv6);
  if (!ip) return new OtherLayers(pkt, ethernet, networkOffset);
  if (ip.version !== 6 || networkOffset + 40 + ip.payloadLength > pkt.length) return new OtherLayers(pkt, ethernet, networkOffset);

  let protocol = ip.nextHeader;
  let transportOffset = networkOffset + 40;
  let fragment: u8 = Fragment.None;
  for (let i = 0; i < EXTENSIONS; i++) {
    if (protocol === IpProtocol.HopByHop || protocol === IpProtocol.Routing || protocol === IpProtocol.DestinationOptions) {
      // The three differ behind their first two bytes only.
      const extension = pkt.at(transportOffset, HopByHop);
      if (!extension) return new OtherLayers(pkt, ethernet, networkOffset);
      protocol = extension.nextHeader;
      transportOffset += 8 + extension.extensionLength * 8;
    } else if (protocol === IpProtocol.Fragment) {
      const extension = pkt.at(transportOffset, FragmentHeader);
      if (!extension) return new OtherLayers(pkt, ethernet, networkOffset);
      protocol = extension.nextHeader;
      transportOffset += 8;
      if (extension.fragmentOffset !== 0) {
        // What follows is the middle of a datagram, whatever its header chain says (RFC 8200 §4.5).
        fragment = Fragment.Later;
        break;
      }
      if (extension.moreFragments) fragment = Fragment.First;
    } else if (protocol === IpProtocol.Ah) {
      const extension = pkt.at(transportOffset, AuthHeader);
      if (!extension) return new OtherLayers(pkt, ethernet, networkOffset);
      protocol = extension.nextHeader;
      transportOffset += 8 + extension.payloadLength * 4;
    } else {
      break;
    }
  }
  const whole = fragment !== Fragment.Later;
  return new Ipv6Layers(
    pkt,
    ethernet,
    ip,
    protocol,
    fragment,
    networkOffset,
    transportOffset,
    whole && (protocol === IpProtocol.Tcp || protocol === IpProtocol.Udp || protocol === IpProtocol.Sctp)
      ? pkt.at(transportOffset, Ports)
      : undefined,
    whole && protocol === IpProtocol.Tcp ? pkt.at(transportOffset, Tcp) : undefined,
    whole && protocol === IpProtocol.Udp ? pkt.at(transportOffset, Udp) : undefined,
    whole && protocol === IpProtocol.Icmpv6 ? pkt.at(transportOffset, Icmpv6) : undefined,
    whole && protocol === IpProtocol.Sctp ? pkt.at(transportOffset, Sctp) : undefined,
  );
}

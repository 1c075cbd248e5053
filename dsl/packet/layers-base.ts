/** What the layers of every packet have, and how its transport checksum is kept right: datapath code. */
import { header } from "../core/header.js";
import { type u8, u16 } from "../core/integers.js";
import type { IntSchema } from "../core/schema.js";
import type { Ethernet } from "../headers/ethernet.js";
import { type Icmp, IcmpEcho, IcmpType } from "../headers/icmp.js";
import { type Icmpv6, Icmpv6Type } from "../headers/icmpv6.js";
import type { Sctp } from "../headers/sctp.js";
import type { Tcp } from "../headers/tcp.js";
import type { Udp } from "../headers/udp.js";
import { changed16 } from "../helpers/fold.js";
import type { PacketPrimitives } from "./primitives.js";
import type { VlanTag } from "./types.js";

/** TCP, UDP and SCTP begin alike. */
export class Ports extends header("Ports", { srcPort: u16, dstPort: u16 }) {}

/** Where checksums are in their headers. */
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
const ICMP_CHECKSUM = 2;

/** Of ICMP, and of ICMPv6, whose echoes ICMP does not know as anything else. */
function isEcho(type: u8): boolean {
  return type === IcmpType.EchoRequest || type === IcmpType.EchoReply || type === Icmpv6Type.EchoRequest || type === Icmpv6Type.EchoReply;
}

/** What `rewrite` may change beside addresses. */
export interface Rewrite {
  /** of TCP and UDP; SCTP's is left alone, as its CRC covers the whole packet */
  sourcePort?: u16;
  /** of TCP and UDP; SCTP's is left alone, as its CRC covers the whole packet */
  destinationPort?: u16;
  /** of an ICMP or ICMPv6 echo; of nothing else */
  identifier?: u16;
  /** the hop limit in IPv6 */
  ttl?: u8;
  /** 0 … 63 */
  dscp?: u8;
}
/** What the layers of every packet have. */
export abstract class LayersBase {
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
    this.settle(this.difference(offset, schema, before, value));
  }

  /**
   * Stores an integer as `write` does, and leaves the checksum as it is. Gives by what its sum changed, 0 where the packet ends
   * before it: add up what several of these give, and `settle` it once.
   * @example layers.settle(layers.store(at + 4, u32, cookie) + layers.store(at + 8, u32, next));
   */
  store<T extends number>(offset: number, schema: IntSchema<T>, value: T): number {
    const before = this.packet.read(offset, schema);
    if (before === undefined) return 0;
    this.packet.write(offset, schema, value);
    return this.difference(offset, schema, before, value);
  }

  /** Makes the transport checksum right again after `store`. */
  settle(difference: number): void {
    if (this.tcp) this.packet.replaceChecksum(this.transportOffset + TCP_CHECKSUM, 0, difference, false);
    else if (this.udp) this.packet.replaceChecksum(this.transportOffset + UDP_CHECKSUM, 0, difference, true);
    else if (this.icmp || this.icmpv6) this.packet.replaceChecksum(this.transportOffset + ICMP_CHECKSUM, 0, difference, false);
  }

  /** ~old + new, of a word that may begin anywhere. */
  private difference<T extends number>(offset: number, schema: IntSchema<T>, before: number, value: number): number {
    const changed = schema.size === 4 ? 0xffff_ffff - before + value : 0xffff - before + value;
    // A word that begins at an odd place counts with its bytes the other way round; a byte at an even place is a high one.
    const turned = (offset - this.transportOffset + (schema.size === 1 ? 1 : 0)) % 2 === 1;
    return turned ? changed * 256 : changed;
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
      const identified = this.rewriteIdentifier(to);
      if (addressed || to.identifier !== undefined)
        this.packet.replaceChecksum(this.transportOffset + ICMP_CHECKSUM, addresses, identified, false);
    } else if (this.icmp && to.identifier !== undefined) {
      this.packet.replaceChecksum(this.transportOffset + ICMP_CHECKSUM, 0, this.rewriteIdentifier(to), false);
    }
  }

  /** By what the sum of an echo changes. */
  private rewriteIdentifier(to: Rewrite): number {
    if (to.identifier === undefined) return 0;
    const echo = this.packet.at(this.transportOffset, IcmpEcho);
    if (!echo || !isEcho(echo.type)) return 0;
    const changed = changed16(echo.identifier, to.identifier);
    echo.identifier = to.identifier;
    return changed;
  }
}

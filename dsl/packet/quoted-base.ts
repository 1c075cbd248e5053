/** What the packets that ICMP errors quote have in common, and how their checksums are kept right: datapath code. */
import { type u8, u16 } from "../core/integers.js";
import type { IcmpEcho } from "../headers/icmp.js";
import { IpProtocol } from "../headers/ipv4.js";
import { changed16, checksumAfter } from "../helpers/fold.js";
import type { Ports } from "./layers-base.js";
import type { PacketPrimitives } from "./primitives.js";

/** Where checksums are in their headers. */
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
const ICMP_CHECKSUM = 2;

/** What `rewrite` may change of a quoted packet beside addresses. */
export interface QuotedRewrite {
  /** of TCP and UDP; SCTP's is changed too, without its CRC, which no quote is long enough to check */
  sourcePort?: u16;
  /** of TCP and UDP; SCTP's is changed too, without its CRC, which no quote is long enough to check */
  destinationPort?: u16;
  /** of an ICMP or ICMPv6 echo */
  identifier?: u16;
}

/** What quoted packets of both families have. */
export abstract class QuotedBase {
  protected readonly packet: PacketPrimitives;
  /** the IP protocol behind all extension headers */
  readonly protocol: u8;
  /** `Fragment.None`, `First` or `Later` */
  readonly fragment: u8;
  private readonly errorOffset: u16;
  /** where the quoted transport header begins */
  readonly transportOffset: u16;
  private readonly end: number;
  private readonly ports: Ports | undefined;
  /** the first 8 bytes behind a quoted IP header, where the protocol is ICMP or ICMPv6 */
  readonly icmp: IcmpEcho | undefined;

  constructor(
    packet: PacketPrimitives,
    protocol: u8,
    fragment: u8,
    errorOffset: u16,
    transportOffset: u16,
    end: number,
    ports: Ports | undefined,
    icmp: IcmpEcho | undefined,
  ) {
    this.packet = packet;
    this.protocol = protocol;
    this.fragment = fragment;
    this.errorOffset = errorOffset;
    this.transportOffset = transportOffset;
    this.end = end;
    this.ports = ports;
    this.icmp = icmp;
  }
  /** of TCP, UDP or SCTP; 0 where there is none */
  get sourcePort(): u16 {
    return this.ports ? this.ports.srcPort : 0;
  }
  /** of TCP, UDP or SCTP; 0 where there is none */
  get destinationPort(): u16 {
    return this.ports ? this.ports.dstPort : 0;
  }

  /**
   * @param pseudo by what the quoted pseudo-header's sum changed
   * @param own by what the error's sum changed so far
   */
  protected rewriteTransport(to: QuotedRewrite, pseudo: number, own: number): void {
    const { ports, icmp, packet, transportOffset } = this;
    let others = own;
    if (ports) {
      let changed = 0;
      if (to.sourcePort !== undefined) {
        changed += changed16(ports.srcPort, to.sourcePort);
        ports.srcPort = to.sourcePort;
      }
      if (to.destinationPort !== undefined) {
        changed += changed16(ports.dstPort, to.destinationPort);
        ports.dstPort = to.destinationPort;
      }
      others += changed;
      if (this.protocol === IpProtocol.Udp) others += this.replace(transportOffset + UDP_CHECKSUM, pseudo + changed, true);
      // A quote of 8 bytes ends before TCP's checksum.
      else if (this.protocol === IpProtocol.Tcp && transportOffset + TCP_CHECKSUM + 2 <= this.end)
        others += this.replace(transportOffset + TCP_CHECKSUM, pseudo + changed, false);
    } else if (icmp) {
      let changed = 0;
      if (to.identifier !== undefined) {
        changed += changed16(icmp.identifier, to.identifier);
        icmp.identifier = to.identifier;
      }
      others += changed + this.replace(transportOffset + ICMP_CHECKSUM, pseudo + changed, false);
    }
    packet.replaceChecksum(this.errorOffset + ICMP_CHECKSUM, 0, others, false);
  }

  /** Updates a quoted checksum; by what that changes the error's sum. */
  private replace(offset: number, difference: number, udp: boolean): number {
    const before = this.packet.read(offset, u16);
    if (before === undefined || (udp && before === 0)) return 0;
    const sum = checksumAfter(before, difference);
    const after = udp && sum === 0 ? 0xffff : sum;
    this.packet.write(offset, u16, after);
    return changed16(before, after);
  }
}

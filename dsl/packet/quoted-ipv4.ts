/** The IPv4 packet that an ICMP error quotes: datapath code. */
import type { u8, u16, u32 } from "../core/integers.js";
import { IcmpEcho } from "../headers/icmp.js";
import { IpProtocol, Ipv4 } from "../headers/ipv4.js";
import { changed32, checksumAfter } from "../helpers/fold.js";
import { Ports } from "./layers-base.js";
import type { LayersOptions } from "./layers-options.js";
import type { PacketPrimitives } from "./primitives.js";
import { QuotedBase, type QuotedRewrite } from "./quoted-base.js";

export interface QuotedIpv4Rewrite extends QuotedRewrite {
  source?: u32;
  destination?: u32;
}

/** An IPv4 packet inside an ICMP error, from its header to wherever the quote was cut (RFC 792, RFC 1812 section 4.3.2.3). */
export class QuotedIpv4 extends QuotedBase {
  readonly family: 4 = 4;
  readonly ip: Ipv4;

  constructor(
    packet: PacketPrimitives,
    ip: Ipv4,
    protocol: u8,
    fragment: u8,
    errorOffset: u16,
    transportOffset: u16,
    end: number,
    ports: Ports | undefined,
    icmp: IcmpEcho | undefined,
  ) {
    super(packet, protocol, fragment, errorOffset, transportOffset, end, ports, icmp);
    this.ip = ip;
  }
  get source(): u32 {
    return this.ip.src;
  }
  get destination(): u32 {
    return this.ip.dst;
  }

  /**
   * Changes the quoted packet, and keeps right its own checksums, as far as they were quoted, and the error's.
   * @example quoted.rewrite({ destination: published.address, destinationPort: published.port });
   */
  rewrite(to: QuotedIpv4Rewrite): void {
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
    // What the addresses change of the error's sum, the quoted header's checksum takes back.
    if (to.source !== undefined || to.destination !== undefined) ip.checksum = checksumAfter(ip.checksum, addresses);
    this.rewriteTransport(to, this.protocol === IpProtocol.Icmp ? 0 : addresses, 0);
  }
}

/** The packet that the ICMP error at `errorOffset` quotes; undefined where what is quoted is not IPv4, or is cut within its first 8 bytes of payload. */
export function parseQuotedIpv4(pkt: PacketPrimitives, options: LayersOptions, errorOffset: u16, end: number): QuotedIpv4 | undefined {
  const offset = errorOffset + 8;
  const ip = pkt.at(offset, Ipv4);
  if (!ip) return undefined;
  const { ihl, protocol } = ip;
  const simple = options.extensions === false;
  if (ip.version !== 4 || (simple ? ihl !== 5 : ihl < 5)) return undefined;
  const transportOffset = offset + (simple ? 20 : ihl * 4);
  // RFC 792 quotes 8 bytes behind the header at least.
  if (transportOffset + 8 > end) return undefined;
  if (ip.fragmentOffset !== 0) return new QuotedIpv4(pkt, ip, protocol, 2, errorOffset, transportOffset, end, undefined, undefined);
  return new QuotedIpv4(
    pkt,
    ip,
    protocol,
    ip.moreFragments ? 1 : 0,
    errorOffset,
    transportOffset,
    end,
    protocol === IpProtocol.Tcp || protocol === IpProtocol.Udp || protocol === IpProtocol.Sctp ? pkt.at(transportOffset, Ports) : undefined,
    protocol === IpProtocol.Icmp ? pkt.at(transportOffset, IcmpEcho) : undefined,
  );
}

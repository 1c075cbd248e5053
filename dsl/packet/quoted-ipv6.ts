/** The IPv6 packet that an ICMPv6 error quotes: datapath code. */
import type { u8, u16, u128 } from "../core/integers.js";
import { IcmpEcho } from "../headers/icmp.js";
import { IpProtocol } from "../headers/ipv4.js";
import { Ipv6 } from "../headers/ipv6.js";
import { FragmentHeader, HopByHop } from "../headers/ipv6-extensions.js";
import { ALL_ONES, wordsOf } from "../helpers/fold.js";
import { Ports } from "./layers-base.js";
import type { LayersOptions } from "./layers-options.js";
import type { PacketPrimitives } from "./primitives.js";
import { QuotedBase, type QuotedRewrite } from "./quoted-base.js";

/** Extension headers that are walked in a quoted packet: what a host sends in fragments, and one more. */
const EXTENSIONS = 3;

export interface QuotedIpv6Rewrite extends QuotedRewrite {
  source?: u128;
  destination?: u128;
}

/** An IPv6 packet inside an ICMPv6 error, from its header to wherever the quote was cut (RFC 4443 section 2.4). */
export class QuotedIpv6 extends QuotedBase {
  readonly family: 6 = 6;
  readonly ip: Ipv6;

  constructor(
    packet: PacketPrimitives,
    ip: Ipv6,
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
  get source(): u128 {
    return this.ip.src;
  }
  get destination(): u128 {
    return this.ip.dst;
  }

  /**
   * Changes the quoted packet, and keeps right its own checksums, as far as they were quoted, and the error's.
   * @example quoted.rewrite({ destination: published.address, destinationPort: published.port });
   */
  rewrite(to: QuotedIpv6Rewrite): void {
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
    this.rewriteTransport(to, addresses, addresses);
  }
}

/** The packet that the ICMPv6 error at `errorOffset` quotes; undefined where what is quoted is not IPv6, or is cut before 8 bytes of payload. */
export function parseQuotedIpv6(pkt: PacketPrimitives, options: LayersOptions, errorOffset: u16, end: number): QuotedIpv6 | undefined {
  const ip = pkt.at(errorOffset + 8, Ipv6);
  if (!ip) return undefined;
  if (ip.version !== 6) return undefined;
  let protocol = ip.nextHeader;
  let transportOffset = errorOffset + 48;
  let fragment: u8 = 0;
  const walked = options.extensions === false ? (options.fragments === false ? 0 : 1) : EXTENSIONS;
  for (let i = 0; i < walked; i++) {
    if (
      options.extensions !== false &&
      (protocol === IpProtocol.HopByHop || protocol === IpProtocol.Routing || protocol === IpProtocol.DestinationOptions)
    ) {
      const extension = pkt.at(transportOffset, HopByHop);
      if (!extension) return undefined;
      protocol = extension.nextHeader;
      transportOffset += 8 + extension.extensionLength * 8;
    } else if (options.fragments !== false && protocol === IpProtocol.Fragment) {
      const extension = pkt.at(transportOffset, FragmentHeader);
      if (!extension) return undefined;
      protocol = extension.nextHeader;
      transportOffset += 8;
      if (extension.fragmentOffset !== 0) {
        fragment = 2;
        break;
      }
      if (extension.moreFragments) fragment = 1;
    } else {
      break;
    }
  }
  if (transportOffset + 8 > end) return undefined;
  const whole = fragment !== 2;
  return new QuotedIpv6(
    pkt,
    ip,
    protocol,
    fragment,
    errorOffset,
    transportOffset,
    end,
    whole && (protocol === IpProtocol.Tcp || protocol === IpProtocol.Udp || protocol === IpProtocol.Sctp)
      ? pkt.at(transportOffset, Ports)
      : undefined,
    whole && protocol === IpProtocol.Icmpv6 ? pkt.at(transportOffset, IcmpEcho) : undefined,
  );
}

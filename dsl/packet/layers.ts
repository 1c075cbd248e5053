/**
 * A packet's headers, found in one walk. This file and the layers' classes are datapath code: the compiler compiles
 * this very source, with `pkt.layers()` as a call that is made once for each state of the packet. What of it a program
 * does not use leaves no trace.
 */
import type { u8, u16 } from "../core/integers.js";
import { type Ethernet, EtherType } from "../headers/ethernet.js";
import { Icmp } from "../headers/icmp.js";
import { Icmpv6 } from "../headers/icmpv6.js";
import { IpProtocol, Ipv4 } from "../headers/ipv4.js";
import { Ipv6 } from "../headers/ipv6.js";
import { AuthHeader, FragmentHeader, HopByHop } from "../headers/ipv6-extensions.js";
import { Sctp } from "../headers/sctp.js";
import { Tcp } from "../headers/tcp.js";
import { Udp } from "../headers/udp.js";
import { Vlan } from "../headers/vlan.js";
import { Ipv4Layers } from "./ipv4-layers.js";
import { Ipv6Layers } from "./ipv6-layers.js";
import { LayersBase, Ports } from "./layers-base.js";
import type { LayersOptions } from "./layers-options.js";
import type { PacketPrimitives } from "./primitives.js";

export { Ipv4Layers, type Ipv4Rewrite } from "./ipv4-layers.js";
export { Ipv6Layers, type Ipv6Rewrite } from "./ipv6-layers.js";

/** What part of a datagram a packet carries. */
export const Fragment = {
  /** all of it */
  None: 0,
  /** its beginning, with the transport header */
  First: 1,
  /** a later part, without */
  Later: 2,
} as const;

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
const bothFamilies: readonly (4 | 6)[] = [4, 6];

/** Walks Ethernet, an inner VLAN tag, IP with its extension headers, and finds the transport header. */
export function parseLayers(pkt: PacketPrimitives, options: LayersOptions): Layers {
  const families = options.families ?? bothFamilies;
  const ethernet = pkt.frame();
  let networkOffset = 14;
  let etherType = ethernet.etherType;
  if (options.vlan === false) {
    if (pkt.vlan) return new OtherLayers(pkt, ethernet, networkOffset);
  } else if (etherType === EtherType.Vlan || etherType === EtherType.ServiceVlan) {
    const tag = pkt.at(14, Vlan);
    if (!tag) return new OtherLayers(pkt, ethernet, networkOffset);
    networkOffset = 18;
    etherType = tag.etherType;
  }
  if (families.includes(4) && etherType === EtherType.Ipv4) return parseIpv4(pkt, options, ethernet, networkOffset);
  if (families.includes(6) && etherType === EtherType.Ipv6) return parseIpv6(pkt, options, ethernet, networkOffset);
  return new OtherLayers(pkt, ethernet, networkOffset);
}

function parseIpv4(pkt: PacketPrimitives, options: LayersOptions, ethernet: Ethernet, networkOffset: u16): Layers {
  const ip = pkt.at(networkOffset, Ipv4);
  if (!ip) return new OtherLayers(pkt, ethernet, networkOffset);
  const { ihl, totalLength } = ip;
  const simple = options.extensions === false;
  if (ip.version !== 4 || (simple ? ihl !== 5 : ihl < 5)) return new OtherLayers(pkt, ethernet, networkOffset);
  const headerLength = simple ? 20 : ihl * 4;
  if (totalLength < headerLength || networkOffset + totalLength > pkt.length) return new OtherLayers(pkt, ethernet, networkOffset);

  const protocol = ip.protocol;
  const transportOffset = networkOffset + headerLength;
  let fragment: u8 = Fragment.None;
  if (options.fragments === false) {
    if (ip.fragmentOffset !== 0 || ip.moreFragments) return new OtherLayers(pkt, ethernet, networkOffset);
  } else if (ip.fragmentOffset !== 0) fragment = Fragment.Later;
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

/** Whether a header of IPv6 is one that another header follows, the fragment header excepted (RFC 8200 §4.1, RFC 4302). */
function isExtension(protocol: u8): boolean {
  return (
    protocol === IpProtocol.HopByHop ||
    protocol === IpProtocol.Routing ||
    protocol === IpProtocol.DestinationOptions ||
    protocol === IpProtocol.Ah
  );
}

function parseIpv6(pkt: PacketPrimitives, options: LayersOptions, ethernet: Ethernet, networkOffset: u16): Layers {
  const ip = pkt.at(networkOffset, Ipv6);
  if (!ip) return new OtherLayers(pkt, ethernet, networkOffset);
  if (ip.version !== 6 || networkOffset + 40 + ip.payloadLength > pkt.length) return new OtherLayers(pkt, ethernet, networkOffset);

  let protocol = ip.nextHeader;
  let transportOffset = networkOffset + 40;
  let fragment: u8 = Fragment.None;
  const walked = options.extensions === false ? (options.fragments === false ? 0 : 1) : EXTENSIONS;
  for (let i = 0; i < walked; i++) {
    if (
      options.extensions !== false &&
      (protocol === IpProtocol.HopByHop || protocol === IpProtocol.Routing || protocol === IpProtocol.DestinationOptions)
    ) {
      // The three differ behind their first two bytes only.
      const extension = pkt.at(transportOffset, HopByHop);
      if (!extension) return new OtherLayers(pkt, ethernet, networkOffset);
      protocol = extension.nextHeader;
      transportOffset += 8 + extension.extensionLength * 8;
    } else if (options.fragments !== false && protocol === IpProtocol.Fragment) {
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
    } else if (options.extensions !== false && protocol === IpProtocol.Ah) {
      const extension = pkt.at(transportOffset, AuthHeader);
      if (!extension) return new OtherLayers(pkt, ethernet, networkOffset);
      protocol = extension.nextHeader;
      transportOffset += 8 + extension.payloadLength * 4;
    } else {
      break;
    }
  }
  const whole = fragment !== Fragment.Later;
  if (options.extensions === false && whole && isExtension(protocol)) return new OtherLayers(pkt, ethernet, networkOffset);
  if (options.fragments === false && protocol === IpProtocol.Fragment) return new OtherLayers(pkt, ethernet, networkOffset);
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

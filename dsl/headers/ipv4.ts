import { bits, flag } from "../core/fields.js";
import { header } from "../core/header.js";
import { u8, u16, u32 } from "../core/integers.js";

/** IPv4 (RFC 791, RFC 2474, RFC 3168). Its run-time length is `ihl * 4`. */
export class Ipv4 extends header(
  "Ipv4",
  {
    version: bits(4),
    ihl: bits(4),
    dscp: bits(6),
    ecn: bits(2),
    totalLength: u16,
    identification: u16,
    reserved: flag,
    dontFragment: flag,
    moreFragments: flag,
    fragmentOffset: bits(13),
    ttl: u8,
    protocol: u8,
    checksum: u16,
    src: u32,
    dst: u32,
  },
  { length: ip => ip.ihl * 4 },
) {}

/** IP protocol numbers (IANA registry), IPv6 extension headers among them. */
export const IpProtocol = {
  HopByHop: 0,
  Icmp: 1,
  Igmp: 2,
  Ipip: 4,
  Tcp: 6,
  Udp: 17,
  Ipv6: 41,
  Routing: 43,
  Fragment: 44,
  Gre: 47,
  Esp: 50,
  Ah: 51,
  Icmpv6: 58,
  NoNext: 59,
  DestinationOptions: 60,
  Sctp: 132,
} as const;

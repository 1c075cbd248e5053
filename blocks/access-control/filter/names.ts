/** The words of pcap-filter that stand for numbers. Host, port and network names are not resolved. */

import type { ProtocolWord } from "./expression.js";

/** Every spelling of a protocol word. */
export const Protocols: ReadonlyMap<string, ProtocolWord> = new Map<string, ProtocolWord>([
  ["ether", "ether"], ["link", "ether"], ["ip", "ip"], ["ip6", "ip6"], ["ipv6", "ip6"], ["arp", "arp"], ["rarp", "rarp"],
  ["tcp", "tcp"], ["udp", "udp"], ["sctp", "sctp"], ["icmp", "icmp"], ["icmp6", "icmp6"], ["icmpv6", "icmp6"],
  ["igmp", "igmp"], ["pim", "pim"], ["vrrp", "vrrp"], ["ah", "ah"], ["esp", "esp"],
]);

/** Offsets and values that may stand wherever a number may. */
export const NamedNumbers: ReadonlyMap<string, number> = new Map([
  // offsets inside headers
  ["tcpflags", 13],
  ["icmptype", 0],
  ["icmpcode", 1],
  ["icmp6type", 0],
  ["icmp6code", 1],
  // RFC 9293 section 3.1, RFC 3168 section 6.1
  ["tcp-fin", 0x01],
  ["tcp-syn", 0x02],
  ["tcp-rst", 0x04],
  ["tcp-push", 0x08],
  ["tcp-ack", 0x10],
  ["tcp-urg", 0x20],
  ["tcp-ece", 0x40],
  ["tcp-cwr", 0x80],
  // RFC 792, RFC 950, RFC 1256
  ["icmp-echoreply", 0],
  ["icmp-unreach", 3],
  ["icmp-sourcequench", 4],
  ["icmp-redirect", 5],
  ["icmp-echo", 8],
  ["icmp-routeradvert", 9],
  ["icmp-routersolicit", 10],
  ["icmp-timxceed", 11],
  ["icmp-paramprob", 12],
  ["icmp-tstamp", 13],
  ["icmp-tstampreply", 14],
  ["icmp-ireq", 15],
  ["icmp-ireqreply", 16],
  ["icmp-maskreq", 17],
  ["icmp-maskreply", 18],
  // RFC 4443, RFC 4861, RFC 2710, RFC 3810
  ["icmp6-destinationunreach", 1],
  ["icmp6-packettoobig", 2],
  ["icmp6-timeexceeded", 3],
  ["icmp6-parameterproblem", 4],
  ["icmp6-echo", 128],
  ["icmp6-echoreply", 129],
  ["icmp6-multicastlistenerquery", 130],
  ["icmp6-multicastlistenerreportv1", 131],
  ["icmp6-multicastlistenerdone", 132],
  ["icmp6-routersolicit", 133],
  ["icmp6-routeradvert", 134],
  ["icmp6-neighborsolicit", 135],
  ["icmp6-neighboradvert", 136],
  ["icmp6-redirect", 137],
  ["icmp6-multicastlistenerreportv2", 143],
]);

/** What `ether proto \NAME` may name (IEEE 802 numbers). */
export const EtherTypeNames: ReadonlyMap<string, number> = new Map([
  ["ip", 0x0800],
  ["arp", 0x0806],
  ["rarp", 0x8035],
  ["ip6", 0x86dd],
]);

/** What `ip proto \NAME` and `ip6 proto \NAME` may name (IANA protocol numbers). */
export const ProtocolNames: ReadonlyMap<string, number> = new Map([
  ["icmp", 1],
  ["igmp", 2],
  ["tcp", 6],
  ["udp", 17],
  ["esp", 50],
  ["ah", 51],
  ["ipv6-icmp", 58],
  ["pim", 103],
  ["vrrp", 112],
  ["sctp", 132],
]);

/** Words of pcap-filter that this package does not know, so that the error can say so. */
export const UnsupportedWords: ReadonlySet<string> = new Set([
  "aarp", "action", "atalk", "byte", "carp", "clnp", "decnet", "dir", "direction", "esis", "fddi", "gateway", "geneve",
  "ifindex", "ifname", "igrp", "inbound", "ipx", "isis", "iso", "lat", "llc", "mopdl", "moprc", "mpls", "netbeui",
  "on", "outbound", "ppp", "pppoed", "pppoes", "protochain", "radio", "reason", "rnr", "rset", "rulenum", "sca", "slip",
  "stp", "subrulenum", "subtype", "tr", "type", "wlan",
]);

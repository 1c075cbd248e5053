import { header } from "../core/header.js";
import { u16, u48 } from "../core/integers.js";

/** Ethernet II (IEEE 802.3). `etherType` is the type behind the outermost VLAN tag. */
export class Ethernet extends header("Ethernet", { dst: u48, src: u48, etherType: u16 }) {}

/** EtherType numbers (IEEE 802, IANA registry). */
export const EtherType = {
  Ipv4: 0x0800,
  Arp: 0x0806,
  TransparentEthernet: 0x6558,
  Vlan: 0x8100,
  Ipv6: 0x86dd,
  Mpls: 0x8847,
  MplsMulticast: 0x8848,
  PppoeDiscovery: 0x8863,
  PppoeSession: 0x8864,
  ServiceVlan: 0x88a8,
  Lldp: 0x88cc,
} as const;

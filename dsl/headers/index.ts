export { Arp, ArpHardware, ArpOperation } from "./arp.js";
export { Ethernet, EtherType } from "./ethernet.js";
export { GENEVE_PORT, Geneve, GeneveOption } from "./geneve.js";
export { Gre } from "./gre.js";
export { Icmp, IcmpEcho, IcmpType } from "./icmp.js";
export {
  Icmpv6,
  Icmpv6Echo,
  Icmpv6Type,
  LinkLayerAddressOption,
  NeighborAdvertisement,
  NeighborOption,
  NeighborOptionType,
  NeighborSolicitation,
} from "./icmpv6.js";
export { IpProtocol, Ipv4 } from "./ipv4.js";
export { Ipv6 } from "./ipv6.js";
export { AuthHeader, DestinationOptions, FragmentHeader, HopByHop, Routing } from "./ipv6-extensions.js";
export { Sctp, SctpChunk, SctpChunkType } from "./sctp.js";
export { Tcp, TcpFlag, TcpOption } from "./tcp.js";
export { Udp } from "./udp.js";
export { Vlan } from "./vlan.js";
export { VXLAN_PORT, Vxlan } from "./vxlan.js";

/** ICMPv6 (RFC 4443) and neighbour discovery (RFC 4861). */
import { bits, flag } from "../core/fields.js";
import { header } from "../core/header.js";
import { u8, u16, u32, u48, u128 } from "../core/integers.js";

/** ICMPv6 (RFC 4443). `rest` is the four bytes whose meaning the type gives. */
export class Icmpv6 extends header("Icmpv6", { type: u8, code: u8, checksum: u16, rest: u32 }) {}

/** ICMPv6 echo request and reply (RFC 4443 §4). */
export class Icmpv6Echo extends header("Icmpv6Echo", { type: u8, code: u8, checksum: u16, identifier: u16, sequence: u16 }) {}

/** Neighbour solicitation (RFC 4861 §4.3), without its options. */
export class NeighborSolicitation extends header("NeighborSolicitation", {
  type: u8,
  code: u8,
  checksum: u16,
  reserved: u32,
  target: u128,
}) {}

/** Neighbour advertisement (RFC 4861 §4.4), without its options. */
export class NeighborAdvertisement extends header("NeighborAdvertisement", {
  type: u8,
  code: u8,
  checksum: u16,
  router: flag,
  solicited: flag,
  override: flag,
  reserved: bits(29),
  target: u128,
}) {}

/** The head of any neighbour discovery option (RFC 4861 §4.6): `units` of eight bytes, the head counted. */
export class NeighborOption extends header("NeighborOption", { type: u8, units: u8 }, { length: option => option.units * 8 }) {}

/** Source or target link-layer address of Ethernet (RFC 4861 §4.6.1, RFC 2464 §6). */
export class LinkLayerAddressOption extends header(
  "LinkLayerAddressOption",
  { type: u8, units: u8, address: u48 },
  { length: option => option.units * 8 },
) {}

/** ICMPv6 types (IANA registry). */
export const Icmpv6Type = {
  DestinationUnreachable: 1,
  PacketTooBig: 2,
  TimeExceeded: 3,
  ParameterProblem: 4,
  EchoRequest: 128,
  EchoReply: 129,
  MulticastListenerQuery: 130,
  MulticastListenerReport: 131,
  MulticastListenerDone: 132,
  RouterSolicitation: 133,
  RouterAdvertisement: 134,
  NeighborSolicitation: 135,
  NeighborAdvertisement: 136,
  Redirect: 137,
} as const;
/** Neighbour discovery options (IANA registry). */
export const NeighborOptionType = {
  SourceLinkLayerAddress: 1,
  TargetLinkLayerAddress: 2,
  PrefixInformation: 3,
  RedirectedHeader: 4,
  Mtu: 5,
  Nonce: 14,
} as const;

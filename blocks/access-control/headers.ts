/** What the block reads of headers whose fields lie where it needs them. */
import { header, u8, u16, u32 } from "datapath";

/** TCP, UDP and SCTP begin alike. */
export class Ports extends header("Ports", { source: u16, destination: u16 }) {}

/** ICMP and ICMPv6 begin alike. */
export class MessageStart extends header("MessageStart", { type: u8, code: u8 }) {}

/** An IPv6 header, its addresses by words: 32-bit compares are one instruction, 64-bit ones with a constant three. */
export class Ipv6Words extends header("Ipv6Words", {
  start: u32,
  lengths: u32,
  source0: u32,
  source1: u32,
  source2: u32,
  source3: u32,
  destination0: u32,
  destination1: u32,
  destination2: u32,
  destination3: u32,
}) {}

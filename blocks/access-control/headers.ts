/** What the block reads of headers whose fields lie where it needs them. */
import { header, u8, u16 } from "datapath";

/** TCP, UDP and SCTP begin alike. */
export class Ports extends header("Ports", { source: u16, destination: u16 }) {}

/** ICMP and ICMPv6 begin alike. */
export class MessageStart extends header("MessageStart", { type: u8, code: u8 }) {}

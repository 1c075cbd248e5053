import { header } from "../core/header.js";
import { u8, u16, u32 } from "../core/integers.js";

/** ICMP (RFC 792). `rest` is the four bytes whose meaning the type gives. */
export class Icmp extends header("Icmp", { type: u8, code: u8, checksum: u16, rest: u32 }) {}

/** ICMP echo request and reply. */
export class IcmpEcho extends header("IcmpEcho", { type: u8, code: u8, checksum: u16, identifier: u16, sequence: u16 }) {}

/** ICMP types (IANA registry). */
export const IcmpType = {
  EchoReply: 0,
  DestinationUnreachable: 3,
  SourceQuench: 4,
  Redirect: 5,
  EchoRequest: 8,
  RouterAdvertisement: 9,
  RouterSolicitation: 10,
  TimeExceeded: 11,
  ParameterProblem: 12,
  TimestampRequest: 13,
  TimestampReply: 14,
} as const;

import { bits } from "../core/fields.js";
import { header } from "../core/header.js";
import { u8, u16, u128 } from "../core/integers.js";

/** IPv6 (RFC 8200). */
export class Ipv6 extends header("Ipv6", {
  version: bits(4),
  trafficClass: bits(8),
  flowLabel: bits(20),
  payloadLength: u16,
  nextHeader: u8,
  hopLimit: u8,
  src: u128,
  dst: u128,
}) {}

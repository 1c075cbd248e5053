/** IPv6 extension headers (RFC 8200 §4). */
import { array, bits, flag } from "../core/fields.js";
import { header } from "../core/header.js";
import { u8, u16, u32 } from "../core/integers.js";

/** Hop-by-hop options (RFC 8200 §4.3). `extensionLength` counts eight bytes each, beyond the first eight. */
export class HopByHop extends header(
  "HopByHop",
  { nextHeader: u8, extensionLength: u8, options: array(u8, 6) },
  { length: extension => 8 + extension.extensionLength * 8 },
) {}

/** Routing header (RFC 8200 §4.4). */
export class Routing extends header(
  "Routing",
  { nextHeader: u8, extensionLength: u8, routingType: u8, segmentsLeft: u8, data: u32 },
  { length: extension => 8 + extension.extensionLength * 8 },
) {}

/** Destination options (RFC 8200 §4.6). */
export class DestinationOptions extends header(
  "DestinationOptions",
  { nextHeader: u8, extensionLength: u8, options: array(u8, 6) },
  { length: extension => 8 + extension.extensionLength * 8 },
) {}

/** Fragment header (RFC 8200 §4.5). `fragmentOffset` counts eight bytes each. */
export class FragmentHeader extends header("FragmentHeader", {
  nextHeader: u8,
  reserved: u8,
  fragmentOffset: bits(13),
  unused: bits(2),
  moreFragments: flag,
  identification: u32,
}) {}

/** Authentication header (RFC 4302). `payloadLength` counts four bytes each, minus two. */
export class AuthHeader extends header(
  "AuthHeader",
  { nextHeader: u8, payloadLength: u8, reserved: u16, securityParametersIndex: u32, sequence: u32 },
  { length: extension => (extension.payloadLength + 2) * 4 },
) {}

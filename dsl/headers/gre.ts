import { bits, flag } from "../core/fields.js";
import { header } from "../core/header.js";
import { u16 } from "../core/integers.js";

/** GRE (RFC 2784, RFC 2890): four bytes, then four for each of checksum, key and sequence that is there. */
export class Gre extends header(
  "Gre",
  { hasChecksum: flag, reservedHigh: flag, hasKey: flag, hasSequence: flag, reserved: bits(9), version: bits(3), protocol: u16 },
  { length: gre => 4 + (gre.hasChecksum ? 4 : 0) + (gre.hasKey ? 4 : 0) + (gre.hasSequence ? 4 : 0) },
) {}

import { bits, flag } from "../core/fields.js";
import { header } from "../core/header.js";
import { u8, u16 } from "../core/integers.js";

/** VXLAN (RFC 7348), with the group policy bits (draft-smith-vxlan-group-policy). */
export class Vxlan extends header("Vxlan", {
  groupPolicy: flag,
  reservedHigh: bits(3),
  validIdentifier: flag,
  reservedLow: bits(3),
  reservedPolicy: bits(1),
  dontLearn: flag,
  reservedMiddle: bits(2),
  policyApplied: flag,
  reservedEnd: bits(3),
  groupId: u16,
  networkIdentifier: bits(24),
  reserved: u8,
}) {}

/** VXLAN's UDP port. */
export const VXLAN_PORT = 4789;

import { bits, flag } from "../core/fields.js";
import { header } from "../core/header.js";
import { u8, u16 } from "../core/integers.js";

/** Geneve (RFC 8926). `optionsLength` counts four bytes each. */
export class Geneve extends header(
  "Geneve",
  {
    version: bits(2),
    optionsLength: bits(6),
    control: flag,
    critical: flag,
    reserved: bits(6),
    protocol: u16,
    networkIdentifier: bits(24),
    reservedEnd: u8,
  },
  { length: geneve => 8 + geneve.optionsLength * 4 },
) {}

/** The head of a Geneve option (RFC 8926 §3.5). `units` of four bytes follow it. */
export class GeneveOption extends header(
  "GeneveOption",
  { optionClass: u16, critical: flag, type: bits(7), reserved: bits(3), units: bits(5) },
  { length: option => 4 + option.units * 4 },
) {}

/** Geneve's UDP port. */
export const GENEVE_PORT = 6081;

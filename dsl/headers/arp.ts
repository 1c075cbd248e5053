import { header } from "../core/header.js";
import { u8, u16, u32, u48 } from "../core/integers.js";

/** ARP for IPv4 over Ethernet (RFC 826). */
export class Arp extends header("Arp", {
  hardwareType: u16,
  protocolType: u16,
  hardwareLength: u8,
  protocolLength: u8,
  operation: u16,
  senderMac: u48,
  senderIp: u32,
  targetMac: u48,
  targetIp: u32,
}) {}

/** ARP operations (IANA registry). */
export const ArpOperation = { Request: 1, Reply: 2 } as const;
/** ARP hardware types (IANA registry). */
export const ArpHardware = { Ethernet: 1 } as const;

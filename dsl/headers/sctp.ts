import { header } from "../core/header.js";
import { u8, u16, u32 } from "../core/integers.js";

/** SCTP's common header (RFC 9260 §3.1). Its checksum is a CRC32c, which covers no address: NAT leaves it alone. */
export class Sctp extends header("Sctp", { srcPort: u16, dstPort: u16, verificationTag: u32, checksum: u32 }) {}

/** A chunk's header (RFC 9260 §3.2). */
export class SctpChunk extends header("SctpChunk", { type: u8, flags: u8, length: u16 }) {}

/** Chunk types (RFC 9260 §3.2). */
export const SctpChunkType = {
  Data: 0,
  Init: 1,
  InitAck: 2,
  Sack: 3,
  Heartbeat: 4,
  HeartbeatAck: 5,
  Abort: 6,
  Shutdown: 7,
  ShutdownAck: 8,
  Error: 9,
  CookieEcho: 10,
  CookieAck: 11,
  ShutdownComplete: 14,
} as const;

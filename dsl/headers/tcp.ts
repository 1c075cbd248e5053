import { bits, flags } from "../core/fields.js";
import { header } from "../core/header.js";
import { u16, u32 } from "../core/integers.js";

/** TCP (RFC 9293). Its run-time length is `dataOffset * 4`. */
export class Tcp extends header(
  "Tcp",
  {
    srcPort: u16,
    dstPort: u16,
    sequence: u32,
    acknowledgement: u32,
    dataOffset: bits(4),
    reserved: bits(4),
    flags: flags("cwr", "ece", "urg", "ack", "psh", "rst", "syn", "fin"),
    window: u16,
    checksum: u16,
    urgent: u16,
  },
  { length: tcp => tcp.dataOffset * 4 },
) {}

/** Bits of `tcp.flags.value`. */
export const TcpFlag = { Fin: 0x01, Syn: 0x02, Rst: 0x04, Psh: 0x08, Ack: 0x10, Urg: 0x20, Ece: 0x40, Cwr: 0x80 } as const;
/** TCP option kinds (IANA registry). */
export const TcpOption = {
  End: 0,
  NoOperation: 1,
  MaximumSegmentSize: 2,
  WindowScale: 3,
  SackPermitted: 4,
  Sack: 5,
  Timestamps: 8,
} as const;

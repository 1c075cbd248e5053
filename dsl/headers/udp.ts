import { header } from "../core/header.js";
import { u16 } from "../core/integers.js";

/** UDP (RFC 768). `length` counts header and payload. */
export class Udp extends header("Udp", { srcPort: u16, dstPort: u16, length: u16, checksum: u16 }) {}

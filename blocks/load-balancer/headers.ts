/** Headers that the balancer alone uses. */
import { bits, flag, header, u8, u16, u32, u128 } from "datapath";

/** TCP, UDP and SCTP begin alike. */
export class Ports extends header("Ports", { sourcePort: u16, destinationPort: u16 }) {}

/** Generic UDP encapsulation, variant 0, without optional fields (draft-ietf-intarea-gue-09 section 3.1). */
export class GueHeader extends header("Gue", { version: bits(2), control: flag, headerLength: bits(5), protocol: u8, flags: u16 }) {}

/** What a Geneve option says of an IPv4 packet: the service that it was sent to. */
export class GeneveService4 extends header("GeneveService4", { port: u16, zero: u16, address: u32 }) {}
/** The same for IPv6. */
export class GeneveService6 extends header("GeneveService6", { port: u16, zero: u16, address: u128 }) {}

/** The beginning of a QUIC packet with a long header (RFC 9000 section 17.2): the destination's identifier follows. */
export class QuicLong extends header("QuicLong", { first: u8, version: u32, destinationLength: u8 }) {}

/** A connection identifier that names a server of 16 bits in plain text (draft-ietf-quic-load-balancers-19 section 5.2). */
export class QuicIdentifier extends header("QuicIdentifier", { configuration: bits(3), length: bits(5), server: u16 }) {}

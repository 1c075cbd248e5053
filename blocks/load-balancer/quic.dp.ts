/** Which server a QUIC packet names: datapath code. */
import type { Packet, u16 } from "datapath";
import { QuicIdentifier, QuicLong } from "./headers.js";

/** The long header's type Handshake, with its two bits in front (RFC 9000 section 17.2.4). */
const HANDSHAKE = 0xe0;

/**
 * The server that a packet's destination connection identifier names: in plain text, as QUIC-LB writes it
 * (draft-ietf-quic-load-balancers section 5.2) with server identifiers of two bytes. Short headers and Handshake packets
 * have an identifier that the server chose; in Initial and 0-RTT packets the client may have made it up.
 * @param at where the UDP payload begins
 */
export function quicServer(pkt: Packet, at: number, configuration: number): u16 | undefined {
  const long = pkt.at(at, QuicLong);
  if (!long) return undefined;
  if (long.first < 0x80) return serverIn(pkt, at + 1, configuration);
  if ((long.first & 0xf0) !== HANDSHAKE || long.destinationLength < QuicIdentifier.size) return undefined;
  return serverIn(pkt, at + QuicLong.size, configuration);
}

function serverIn(pkt: Packet, at: number, configuration: number): u16 | undefined {
  const identifier = pkt.at(at, QuicIdentifier);
  return identifier && identifier.configuration === configuration ? identifier.server : undefined;
}

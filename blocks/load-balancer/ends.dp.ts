/** A packet's two ends, of itself or of the packet that it quotes: datapath code. */
import { hashEnd, hashWord, type u8, type u16, u32, type u128 } from "datapath";

interface Ports {
  readonly sourcePort: u16;
  readonly destinationPort: u16;
  readonly protocol: u8;
}
export interface Flow4 extends Ports {
  readonly family: 4;
  readonly source: u32;
  readonly destination: u32;
}
export interface Flow6 extends Ports {
  readonly family: 6;
  readonly source: u128;
  readonly destination: u128;
}
/** The client is the source, the service the destination. */
export type Ends = Flow4 | Flow6;

/** A hash of a client and its service. */
export function hashOfClient(ends: Ends, service: u32): u32 {
  return ends.family === 4 ? hashWord(service, ends.source) : hashWide(service, ends.source);
}

/** A hash of a flow; of both its ends where they differ within a service. */
export function hashOfFlow(ends: Ends, service: u32, both: boolean): u32 {
  const client = hashWord(hashOfClient(ends, service), ends.sourcePort);
  if (!both) return hashEnd(client);
  const address = ends.family === 4 ? hashWord(client, ends.destination) : hashWide(client, ends.destination);
  return hashEnd(hashWord(address, ends.destinationPort));
}

function hashWide(hash: u32, address: u128): u32 {
  const high = hashWord(hashWord(hash, u32(address >> 96n)), u32(address >> 64n));
  return hashWord(hashWord(high, u32(address >> 32n)), u32(address));
}

/** 16 bits that differ between a client's flows and between clients: cheap, for outer headers. */
export function spreadOf(ends: Ends): u16 {
  const address = ends.family === 4 ? ends.source : u32(ends.source);
  return ((address ^ ends.sourcePort) >>> 0) & 0xffff;
}

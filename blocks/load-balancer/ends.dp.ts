/** A packet's two ends, of itself or of the packet that it quotes: datapath code. */
import { type u8, type u16, u32, u64, type u128 } from "datapath";

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

/** Mixes eight bytes in: Fibonacci hashing, of which the high half depends on all bits, folded onto the low one. */
function mix(hash: u64, word: u64): u64 {
  const product = u64((hash ^ word) * 0x9e37_79b9_7f4a_7c15n);
  return product ^ (product >> 32n);
}
function mixAddress(hash: u64, address: u128): u64 {
  return mix(mix(hash, u64(address >> 64n)), u64(address));
}

/** A hash of a client and its service. */
export function hashOfClient(ends: Ends, service: u32): u32 {
  const client = ends.family === 4 ? mix(0n, BigInt(ends.source)) : mixAddress(0n, ends.source);
  return u32(mix(client, BigInt(service)));
}

/** A hash of a flow; of both its ends where they differ within a service. */
export function hashOfFlow(ends: Ends, service: u32, both: boolean): u32 {
  const port = BigInt(ends.sourcePort) << 32n;
  const client = ends.family === 4 ? mix(0n, port | BigInt(ends.source)) : mix(mixAddress(0n, ends.source), port);
  const flow = mix(client, BigInt(service));
  if (!both) return u32(flow);
  const other = BigInt(ends.destinationPort) << 32n;
  return u32(ends.family === 4 ? mix(flow, other | BigInt(ends.destination)) : mix(mixAddress(flow, ends.destination), other));
}

/** 16 bits that differ between a client's flows and between clients: cheap, for outer headers. */
export function spreadOf(ends: Ends): u16 {
  const address = ends.family === 4 ? ends.source : u32(ends.source);
  return ((address ^ ends.sourcePort) >>> 0) & 0xffff;
}

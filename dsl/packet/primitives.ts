/**
 * What the datapath code of this package (layers, rewriting) asks of a packet and users don't. The compiler knows
 * each by its name.
 */
import type { Ethernet } from "../headers/ethernet.js";
import type { Packet } from "./types.js";

export interface PacketPrimitives extends Packet {
  /**
   * The Ethernet header, which every packet has: the kernel hands over no shorter frame. Compiled as `at(0, Ethernet)`
   * whose failing arm aborts.
   */
  frame(): Ethernet;
  /**
   * Updates a transport checksum at `offset`, after everything that it covers was stored. `addresses` and `others` are
   * ones' complement differences Σ (~old + new) of 16-bit words in host order, each 0 … 2^47 (`others` is what is in
   * the segment itself, `addresses` what is in the pseudo-header alone). Nothing where the packet ends before
   * `offset + 2`.
   *
   * XDP: one update (RFC 1624) by the sum of both: HC' = ~fold(~HC + addresses + others). tc: `l4_csum_replace` with
   * BPF_F_PSEUDO_HDR for `addresses`, then one without for `others`; either is left out where its difference is the
   * constant 0; differences are folded and swapped into network order. `udp`: a checksum of zero stays zero (RFC 768:
   * there is none), one that becomes zero is 0xffff (BPF_F_MARK_MANGLED_0). Views survive.
   */
  replaceChecksum(offset: number, addresses: number, others: number, udp: boolean): void;
  /**
   * Tells tc by what difference the packet's bytes changed where no checksum inside makes up for it (IPv6 addresses
   * behind `replaceChecksum`'s pseudo-header, hop limit): `csum_update`, which only a CHECKSUM_COMPLETE packet heeds.
   * XDP and Node: nothing.
   */
  noteChange(difference: number): void;
  /** Up to which write the packet was written: for `keepLayers`. */
  written(): number;
  /** What was written since `written()` said `before` is nothing that `layers()` goes by: they stay the same. */
  keepLayers(before: number): void;
}

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
}

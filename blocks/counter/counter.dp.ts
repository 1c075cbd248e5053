import { Block, counter, type Packet } from "datapath";

/**
 * Counts packets and bytes, for each CPU apart, so that CPUs don't wait for one another.
 * @example
 * readonly seen = new Counter();
 * // in a hook
 * this.seen.count(pkt);
 */
export class Counter extends Block {
  /** What was counted; user space reads the sum over all CPUs. */
  readonly total = counter();

  /** Counts this packet, with its length at this moment; a VLAN tag is not part of it. */
  count(pkt: Packet): void {
    this.total.add(pkt);
  }
}

import { counter, Pipeline, Verdict, type XdpPacket } from "datapath";

/** Counts packets and bytes, for each CPU apart. */
export default class Counter extends Pipeline {
  readonly traffic = counter();

  override xdp(pkt: XdpPacket): Verdict {
    this.traffic.add(pkt);
    return Verdict.Pass;
  }
}

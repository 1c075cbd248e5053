import { Flows, type FlowsOptions, Pipeline, Verdict, type XdpPacket } from "datapath";
import { Conntrack } from "datapath/blocks";

/** Conntrack alone. */
export abstract class Tracking extends Pipeline {
  readonly conntrack: Conntrack;

  constructor(flows: FlowsOptions, window = false) {
    super();
    this.conntrack = new Conntrack({ flows: new Flows(flows), window });
  }

  override xdp(pkt: XdpPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    return this.conntrack.commit(tracked) ?? Verdict.Pass;
  }
}

import { Flows, Pipeline, Verdict, type XdpPacket } from "datapath";
import { Conntrack } from "datapath/blocks";

/** Conntrack alone, with everything on. */
export default class Tracking extends Pipeline {
  readonly flows = new Flows({ maxEntries: 131_072 });
  readonly conntrack = new Conntrack({ flows: this.flows });

  override xdp(pkt: XdpPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    return this.conntrack.commit(tracked) ?? Verdict.Pass;
  }
}

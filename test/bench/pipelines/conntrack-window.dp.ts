import { Flows, Pipeline, Verdict, type XdpPacket } from "datapath";
import { Conntrack } from "datapath/blocks";

/** Conntrack with the window check, for IPv4 without tags, fragments and options. */
export default class Tracking extends Pipeline {
  readonly flows = new Flows({ maxEntries: 131_072, families: [4], vlan: false, fragments: false, extensions: false });
  readonly conntrack = new Conntrack({ flows: this.flows, window: true });

  override xdp(pkt: XdpPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    return this.conntrack.commit(tracked) ?? Verdict.Pass;
  }
}

import { Flows, Pipeline, Verdict, type XdpPacket } from "datapath";
import { Conntrack } from "datapath/blocks";

/** Conntrack alone, for IPv4 without tags, fragments and options, on a flow table. */
export default class Tracking extends Pipeline {
  readonly flows = new Flows({
    maxEntries: 65_536,
    families: [4],
    vlan: false,
    fragments: false,
    extensions: false,
    table: "flowTable",
    mark: false,
  });
  readonly conntrack = new Conntrack({ flows: this.flows });

  override xdp(pkt: XdpPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    return this.conntrack.commit(tracked) ?? Verdict.Pass;
  }
}

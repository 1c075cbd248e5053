import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { RateLimit } from "datapath/blocks";

/** A rate that no packet of the bench is over: each is looked up, and charged in a flow table. */
export default class Limited extends Pipeline {
  readonly limit = new RateLimit({
    key: "source",
    rate: 10_000_000,
    burst: 4_000_000_000,
    families: [4],
    vlan: false,
    fragments: false,
    extensions: false,
    table: "flowTable",
  });

  override xdp(pkt: XdpPacket): Verdict {
    return this.limit.check(pkt) ?? Verdict.Pass;
  }
}

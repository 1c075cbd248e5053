import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { RateLimit } from "datapath/blocks";

/** With everything on, a rate that no packet of the bench is over: each is looked up, and charged. */
export default class Limited extends Pipeline {
  readonly limit = new RateLimit({
    key: "source",
    rate: 10_000_000,
    burst: 4_000_000_000,
  });

  override xdp(pkt: XdpPacket): Verdict {
    return this.limit.check(pkt) ?? Verdict.Pass;
  }
}

import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { RateLimit, type RateLimitOptions } from "datapath/blocks";

/** A rate that no packet of the bench is over: each is looked up, and charged. */
export abstract class Limited extends Pipeline {
  readonly limit: RateLimit;

  constructor(options: Partial<RateLimitOptions>) {
    super();
    this.limit = new RateLimit({ key: "source", rate: 10_000_000, burst: 4_000_000_000, ...options });
  }

  override xdp(pkt: XdpPacket): Verdict {
    return this.limit.check(pkt) ?? Verdict.Pass;
  }
}

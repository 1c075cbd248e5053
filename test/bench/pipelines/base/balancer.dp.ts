import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { LoadBalancer, type LoadBalancerOptions } from "datapath/blocks";

/** A balancer alone. */
export abstract class Balancer extends Pipeline {
  readonly balancer: LoadBalancer;

  constructor(options: LoadBalancerOptions) {
    super();
    this.balancer = new LoadBalancer(options);
  }

  override xdp(pkt: XdpPacket): Verdict {
    return this.balancer.balance(pkt) ?? Verdict.Pass;
  }
}

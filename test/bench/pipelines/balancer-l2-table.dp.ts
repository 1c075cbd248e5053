import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { LoadBalancer } from "datapath/blocks";
import { balancerOptions } from "../balancer.js";

export default class Balancer extends Pipeline {
  readonly balancer = new LoadBalancer(balancerOptions("l2", "flowTable"));

  override xdp(pkt: XdpPacket): Verdict {
    return this.balancer.balance(pkt) ?? Verdict.Pass;
  }
}

import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { LoadBalancer } from "datapath/blocks";
import { balancerOptions } from "../balancer.js";

/** One service over 100 backends, by IPIP, with its flows in a flow table of each CPU. */
export default class Balancer extends Pipeline {
  readonly balancer = new LoadBalancer(balancerOptions("ipip", "flowTable"));

  override xdp(pkt: XdpPacket): Verdict {
    return this.balancer.balance(pkt) ?? Verdict.Pass;
  }
}

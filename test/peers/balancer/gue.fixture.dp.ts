import { Pipeline, type TcPacket, Verdict } from "datapath";
import { LoadBalancer } from "datapath/blocks";
import { balancerOptions } from "./options.js";

export const options = balancerOptions({ kind: "gue", source: "10.9.0.30" });

export default class Balancer extends Pipeline {
  readonly balancer = new LoadBalancer(options);

  override ingress(pkt: TcPacket): Verdict {
    return this.balancer.balance(pkt) ?? Verdict.Pass;
  }
}

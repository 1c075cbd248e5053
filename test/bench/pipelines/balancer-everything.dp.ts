import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { LoadBalancer } from "datapath/blocks";
import { balancerOptions } from "../balancer.js";

/** A balancer by IPIP on an LRU map, with everything on. */
export default class Balancer extends Pipeline {
  readonly balancer = new LoadBalancer({
    ...balancerOptions("ipip", "lruHash"),
    families: [4, 6],
    vlan: true,
    fragments: true,
    extensions: true,
    errors: true,
    tooBigPerSecond: 100,
  });

  override xdp(pkt: XdpPacket): Verdict {
    return this.balancer.balance(pkt) ?? Verdict.Pass;
  }
}

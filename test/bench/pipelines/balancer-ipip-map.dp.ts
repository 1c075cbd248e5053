import { balancerOptions } from "../balancer.js";
import { Balancer } from "./base/balancer.dp.js";

/** One service over 100 backends, by IPIP, with its flows in an LRU map. */
export default class IpipInMap extends Balancer {
  constructor() {
    super(balancerOptions("ipip", "lruHash"));
  }
}

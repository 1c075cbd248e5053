import { balancerOptions } from "../balancer.js";
import { Balancer } from "./base/balancer.dp.js";

/** One service over 100 backends, by their stations, with its flows in an LRU map. */
export default class L2InMap extends Balancer {
  constructor() {
    super(balancerOptions("l2", "lruHash"));
  }
}

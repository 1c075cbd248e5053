import { balancerOptions } from "../balancer.js";
import { Balancer } from "./base/balancer.dp.js";

/** One service over 100 backends, by their stations, with its flows in a flow table of each CPU. */
export default class L2InTable extends Balancer {
  constructor() {
    super(balancerOptions("l2", "flowTable"));
  }
}

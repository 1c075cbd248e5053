import { balancerOptions } from "../balancer.js";
import { Balancer } from "./base/balancer.dp.js";

/** One service over 100 backends, by IPIP, with its flows in a flow table of each CPU. */
export default class IpipInTable extends Balancer {
  constructor() {
    super(balancerOptions("ipip", "flowTable"));
  }
}

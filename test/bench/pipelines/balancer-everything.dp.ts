import { balancerOptions } from "../balancer.js";
import { Balancer } from "./base/balancer.dp.js";

/** A balancer by IPIP on an LRU map, with everything on. */
export default class Everything extends Balancer {
  constructor() {
    super({
      ...balancerOptions("ipip", "lruHash"),
      families: [4, 6],
      vlan: true,
      fragments: true,
      extensions: true,
      errors: true,
      tooBigPerSecond: 100,
    });
  }
}

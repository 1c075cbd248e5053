import { Verdict, type XdpPacket } from "datapath";
import { Router } from "./router.dp.js";

/** At every device of the router, each of which sees what comes in by it. */
export default class NatXdp extends Router {
  constructor() {
    super(true, [4, 6]);
  }
  override xdp(pkt: XdpPacket): Verdict {
    return this.handle(pkt, Verdict.route());
  }
}

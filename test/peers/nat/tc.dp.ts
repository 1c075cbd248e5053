import { type TcPacket, Verdict } from "datapath";
import { Router } from "./router.dp.js";

/** At the outer device alone: between its two hooks the stack forwards. */
export default class NatTc extends Router {
  constructor() {
    super(false, [4]);
  }
  override ingress(pkt: TcPacket): Verdict {
    return this.handle(pkt, Verdict.Pass);
  }
  override egress(pkt: TcPacket): Verdict {
    return this.handle(pkt, Verdict.Pass);
  }
}

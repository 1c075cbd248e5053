import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { SynCookie } from "datapath/blocks";

/** SYN cookies for two ports with everything on. */
export default class Shield extends Pipeline {
  readonly cookies = new SynCookie({ ports: [80, 443], timestamps: true });

  override xdp(pkt: XdpPacket): Verdict {
    return this.cookies.check(pkt) ?? Verdict.Pass;
  }
}

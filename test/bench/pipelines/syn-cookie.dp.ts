import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { SynCookie } from "datapath/blocks";
import { plain } from "../flow-tables.js";

/** SYN cookies for two ports over IPv4. */
export default class Shield extends Pipeline {
  readonly cookies = new SynCookie({ ports: [80, 443], ...plain });

  override xdp(pkt: XdpPacket): Verdict {
    return this.cookies.check(pkt) ?? Verdict.Pass;
  }
}

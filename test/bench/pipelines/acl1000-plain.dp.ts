import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { AccessControl } from "datapath/blocks";
import { rulesOf, ruleText } from "../acl.js";

/** 1000 rules about IPv4 without tags, options and fragments; what else there is is refused. */
export default class Acl1000Plain extends Pipeline {
  readonly acl = new AccessControl({
    default: "deny",
    rules: rulesOf(1000).map(ruleText),
    families: [4],
    vlan: false,
    fragments: false,
    extensions: false,
  });

  override xdp(pkt: XdpPacket): Verdict {
    return this.acl.check(pkt) ?? Verdict.Pass;
  }
}

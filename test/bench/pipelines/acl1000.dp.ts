import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { AccessControl } from "datapath/blocks";
import { rulesOf, ruleText } from "../acl.js";

/** 1000 rules. */
export default class Acl1000 extends Pipeline {
  readonly acl = new AccessControl({ default: "deny", rules: rulesOf(1000).map(ruleText) });

  override xdp(pkt: XdpPacket): Verdict {
    return this.acl.check(pkt) ?? Verdict.Pass;
  }
}

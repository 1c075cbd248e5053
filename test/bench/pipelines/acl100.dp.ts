import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { AccessControl } from "datapath/blocks";
import { rulesOf, ruleText } from "../acl.js";

/** 100 rules. */
export default class Acl100 extends Pipeline {
  readonly acl = new AccessControl({ default: "deny", rules: rulesOf(100).map(ruleText) });

  override xdp(pkt: XdpPacket): Verdict {
    return this.acl.check(pkt) ?? Verdict.Pass;
  }
}

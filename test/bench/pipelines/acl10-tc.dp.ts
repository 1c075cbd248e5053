import { Pipeline, type TcPacket, Verdict } from "datapath";
import { AccessControl } from "datapath/blocks";
import { rulesOf, ruleText } from "../acl.js";

/** 10 rules. */
export default class Acl10 extends Pipeline {
  readonly acl = new AccessControl({ default: "deny", rules: rulesOf(10).map(ruleText) });

  override ingress(pkt: TcPacket): Verdict {
    return this.acl.check(pkt) ?? Verdict.Pass;
  }
}

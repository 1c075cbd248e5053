import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { AccessControl } from "datapath/blocks";
import { prefixesOf } from "../prefixes.js";

/** 1,000 prefixes of sources that user space can change. */
export default class AclPrefixesDirect extends Pipeline {
  readonly acl = new AccessControl({
    default: "allow",
    rules: [],
    families: [4],
    vlan: false,
    fragments: false,
    extensions: false,
    prefixes: { maxEntries: 1000, table: "prefixTable" },
  });

  constructor() {
    super();
    for (const { prefix, length, action } of prefixesOf(1000)) this.acl.prefixes4.set({ prefix, length }, action);
  }

  override xdp(pkt: XdpPacket): Verdict {
    return this.acl.check(pkt) ?? Verdict.Pass;
  }
}

import { hashMap, Pipeline, u32, u64, Verdict, type XdpPacket } from "datapath";
import { Ethernet, EtherType, Ipv4 } from "datapath/headers";

/** Drops what comes from an address that is in the map, and counts it there. */
export default class Drop extends Pipeline {
  readonly blocked = hashMap(u32, u64, { maxEntries: 1024 });

  override xdp(pkt: XdpPacket): Verdict {
    const eth = pkt.at(0, Ethernet);
    if (!eth || eth.etherType !== EtherType.Ipv4) return Verdict.Pass;
    const ip = pkt.after(eth, Ipv4);
    if (!ip) return Verdict.Pass;
    return this.blocked.has(ip.src) ? Verdict.drop("blocked") : Verdict.Pass;
  }
}

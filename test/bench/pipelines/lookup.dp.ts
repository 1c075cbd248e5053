import { hashMap, net, Pipeline, struct, u16, u32, u64, Verdict, type XdpPacket } from "datapath";
import { Ethernet, EtherType, IpProtocol, Ipv4, Tcp } from "datapath/headers";

class Key extends struct({ source: net(u32), sourcePort: net(u16), destinationPort: net(u16) }) {}

/** A hash lookup by 8 bytes: source address and both ports of TCP over IPv4. */
export default class Lookup extends Pipeline {
  readonly flows = hashMap(Key, u64, { maxEntries: 65_536 });

  override xdp(pkt: XdpPacket): Verdict {
    const eth = pkt.at(0, Ethernet);
    if (!eth || eth.etherType !== EtherType.Ipv4) return Verdict.Pass;
    const ip = pkt.after(eth, Ipv4);
    if (!ip || ip.protocol !== IpProtocol.Tcp) return Verdict.Pass;
    const tcp = pkt.after(ip, Tcp);
    if (!tcp) return Verdict.Pass;
    const mark = this.flows.get({ source: ip.src, sourcePort: tcp.srcPort, destinationPort: tcp.dstPort });
    return mark !== undefined && mark !== 99n ? Verdict.Pass : Verdict.drop("unknown flow");
  }
}

import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { Ethernet, EtherType, IpProtocol, Ipv4, Tcp } from "datapath/headers";

/** Ethernet, IPv4 with its options, TCP: drops what goes to port 22. */
export default class Parse extends Pipeline {
  override xdp(pkt: XdpPacket): Verdict {
    const eth = pkt.at(0, Ethernet);
    if (!eth || eth.etherType !== EtherType.Ipv4) return Verdict.Pass;
    const ip = pkt.after(eth, Ipv4);
    if (!ip || ip.protocol !== IpProtocol.Tcp) return Verdict.Pass;
    const tcp = pkt.after(ip, Tcp);
    if (!tcp) return Verdict.Pass;
    return tcp.dstPort === 22 ? Verdict.drop("ssh") : Verdict.Pass;
  }
}

import { Encap, fold16, ipv4, Pipeline, Verdict, type XdpPacket } from "datapath";
import { Ethernet, EtherType, IpProtocol, Ipv4 } from "datapath/headers";

const source = ipv4("192.0.2.1");
const destination = ipv4("192.0.2.2");
/** The header's sum over everything but the total length. */
const constantSum =
  0x4500 + 0x4000 + IpProtocol.Ipip + [source, destination].reduce((sum, address) => sum + (address >>> 16) + (address & 0xffff), 0);

/** Puts an IPv4 header with constant addresses in front of IPv4 (RFC 2003). */
export default class Ipip extends Pipeline {
  override xdp(pkt: XdpPacket): Verdict {
    const inner = pkt.at(0, Ethernet);
    if (!inner || inner.etherType !== EtherType.Ipv4 || !pkt.after(inner, Ipv4)) return Verdict.Pass;
    const length = pkt.length - 14 + 20;
    if (length > 0xffff || !pkt.insert(14, 20, Encap.Ip4)) return Verdict.Pass;
    const outer = pkt.at(14, Ipv4);
    if (!outer) return Verdict.drop("cut");
    outer.version = 4;
    outer.ihl = 5;
    outer.totalLength = length;
    outer.ttl = 64;
    outer.protocol = IpProtocol.Ipip;
    outer.src = source;
    outer.dst = destination;
    outer.checksum = 0xffff - fold16(constantSum + length);
    return Verdict.Pass;
  }
}

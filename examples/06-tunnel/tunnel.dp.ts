/**
 * An IPIP tunnel (RFC 2003) between two addresses: what goes to the far network gets an outer header, what comes from the
 * other end loses it. The same block on XDP and on tc.
 */
import { Block, Encap, ipv4, type Packet, Pipeline, prefixOf, type TcPacket, type u8, type u32, Verdict, type XdpPacket } from "datapath";
import { Ethernet, EtherType, IpProtocol, Ipv4 } from "datapath/headers";

export interface IpipOptions {
  /** this end, and the other */
  readonly local: u32;
  readonly remote: u32;
  /** the network behind the other end */
  readonly network: u32;
  readonly prefixLength: number;
  /** of the outer header; 64 where left out */
  readonly ttl?: u8;
}

const outerLength = 20;
const ethernetLength = 14;

export class Ipip extends Block<IpipOptions> {
  /** Puts an outer header in front of what goes to the far network. */
  push(pkt: Packet): Verdict | undefined {
    const { local, remote, network, prefixLength, ttl = 64 } = this.options;
    const ethernet = pkt.at(0, Ethernet);
    if (!ethernet || ethernet.etherType !== EtherType.Ipv4) return undefined;
    const inner = pkt.after(ethernet, Ipv4);
    if (!inner || prefixOf(inner.dst, prefixLength) !== network) return undefined;
    const dscp = inner.dscp;
    const length = inner.totalLength + outerLength;
    if (length > 65_535) return Verdict.drop("too long for a tunnel");

    if (!pkt.insert(ethernetLength, outerLength, Encap.Ip4)) return Verdict.drop("no room");
    const outer = pkt.at(ethernetLength, Ipv4);
    if (!outer) return Verdict.drop("no room");
    outer.version = 4;
    outer.ihl = 5;
    outer.dscp = dscp;
    outer.totalLength = length;
    outer.ttl = ttl;
    outer.protocol = IpProtocol.Ipip;
    outer.src = local;
    outer.dst = remote;
    outer.checksum = pkt.checksum(ethernetLength, outerLength, { max: outerLength });
    return Verdict.Pass;
  }

  /** Takes the outer header off what the other end sent. */
  pop(pkt: Packet): Verdict | undefined {
    const ethernet = pkt.at(0, Ethernet);
    if (!ethernet || ethernet.etherType !== EtherType.Ipv4) return undefined;
    const outer = pkt.after(ethernet, Ipv4);
    if (!outer || outer.protocol !== IpProtocol.Ipip || outer.ihl !== 5) return undefined;
    if (outer.src !== this.options.remote || outer.dst !== this.options.local) return undefined;
    return pkt.remove(ethernetLength, outerLength) ? Verdict.Pass : Verdict.drop("cannot be opened");
  }
}

export default class Tunnel extends Pipeline {
  readonly ipip = new Ipip({ local: ipv4("192.0.2.1"), remote: ipv4("192.0.2.2"), network: ipv4("10.2.0.0"), prefixLength: 16 });

  override xdp(pkt: XdpPacket): Verdict {
    return this.ipip.pop(pkt) ?? this.ipip.push(pkt) ?? Verdict.Pass;
  }
  override ingress(pkt: TcPacket): Verdict {
    return this.ipip.pop(pkt) ?? Verdict.Pass;
  }
  override egress(pkt: TcPacket): Verdict {
    return this.ipip.push(pkt) ?? Verdict.Pass;
  }
}

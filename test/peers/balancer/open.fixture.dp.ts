/** What stands in front of a server: opens what the balancer wrapped. Written apart from the balancer, from the RFCs. */
import { type Packet, Pipeline, type TcPacket, u16, u32, Verdict } from "datapath";
import { Ethernet, EtherType, Geneve, GeneveOption, IpProtocol, Ipv4, Udp } from "datapath/headers";

const GUE = 6080;
const GENEVE = 6081;

export default class Open extends Pipeline {
  override ingress(pkt: TcPacket): Verdict {
    const ethernet = pkt.at(0, Ethernet);
    if (!ethernet || ethernet.etherType !== EtherType.Ipv4) return Verdict.Pass;
    const ip = pkt.at(14, Ipv4);
    if (ip?.ihl !== 5) return Verdict.Pass;
    if (ip.protocol === IpProtocol.Ipip) return pkt.remove(14, 20) ? Verdict.Pass : Verdict.drop("cannot be opened");
    const udp = pkt.at(34, Udp);
    if (!udp || ip.protocol !== IpProtocol.Udp) return Verdict.Pass;
    if (udp.dstPort === GUE) return pkt.remove(14, 28) ? Verdict.Pass : Verdict.drop("cannot be opened");
    if (udp.dstPort === GENEVE) return this.geneve(pkt);
    return Verdict.Pass;
  }

  private geneve(pkt: Packet): Verdict {
    const geneve = pkt.at(42, Geneve);
    const option = pkt.at(50, GeneveOption);
    const inner = pkt.at(62, Ipv4);
    if (!geneve || !option || !inner || geneve.optionsLength !== 3 || option.units !== 2) return Verdict.drop("another Geneve");
    // The option says what the packet was sent to.
    const port = pkt.read(54, u16);
    const address = pkt.read(58, u32);
    if (port === undefined || address === undefined) return Verdict.drop("another Geneve");
    if (!pkt.remove(14, 48)) return Verdict.drop("cannot be opened");
    const layers = pkt.layers({ families: [4] });
    if (layers.family === 4) layers.rewrite({ destination: address, destinationPort: port });
    return Verdict.Pass;
  }
}

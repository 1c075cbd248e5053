import { atomic, FlowTable, flowTable, net, Pipeline, SECOND, struct, u16, u32, u64, Verdict, type XdpPacket } from "datapath";
import { Ethernet, EtherType, IpProtocol, Ipv4, Tcp } from "datapath/headers";

class Key extends struct({ source: net(u32), destination: net(u32), sourcePort: net(u16), destinationPort: net(u16), zero: u32 }) {}
class Flow extends struct({ state: u32, packets: atomic(u64), bytes: atomic(u64) }) {}

/** A flow table alone: TCP over IPv4 without options, each direction a flow; a SYN begins one, what is known is counted. */
export default class Flows extends Pipeline {
  readonly flows = flowTable(Key, Flow, { maxEntries: 65_536, idle: { fresh: 60n * SECOND, established: 7200n * SECOND } });

  override xdp(pkt: XdpPacket): Verdict {
    const eth = pkt.at(0, Ethernet);
    if (!eth || eth.etherType !== EtherType.Ipv4) return Verdict.Pass;
    const ip = pkt.at(14, Ipv4);
    if (ip?.version !== 4 || ip.ihl !== 5 || ip.protocol !== IpProtocol.Tcp) return Verdict.Pass;
    const tcp = pkt.at(34, Tcp);
    if (!tcp) return Verdict.Pass;
    const key = { source: ip.src, destination: ip.dst, sourcePort: tcp.srcPort, destinationPort: tcp.dstPort, zero: 0 };
    const flow = this.flows.get(key);
    if (flow) {
      if (flow.value.state === 9) return Verdict.drop("closed");
      flow.touch();
      flow.value.packets.add(1n);
      flow.value.bytes.add(BigInt(pkt.length));
      return Verdict.Reflect;
    }
    if (!tcp.flags.syn) return Verdict.Pass;
    const { outcome } = this.flows.add(key, { state: 1 });
    return outcome === FlowTable.New ? Verdict.Reflect : Verdict.drop("no room");
  }
}

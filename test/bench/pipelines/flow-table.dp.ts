import { atomic, flowTable, FlowTable, net, Pipeline, SECOND, struct, u8, u32, u64, Verdict, type XdpPacket } from "datapath";

class Pair extends struct({ source: net(u32), destination: net(u32), sport: u32, zero: u32 }) {}
class Talk extends struct({ state: u32, packets: atomic(u64) }) {}

export default class Talks extends Pipeline {
  readonly talks = flowTable(Pair, Talk, { maxEntries: 65_536, idle: { fresh: 30n * SECOND, established: 3600n * SECOND } });

  override xdp(pkt: XdpPacket): Verdict {
    const layers = pkt.layers({ families: [4], vlan: false, fragments: false, extensions: false });
    if (layers.family !== 4) return Verdict.Pass;
    const pair = { source: layers.source, destination: layers.destination, sport: 0, zero: 0 };
    const talk = this.talks.get(pair);
    if (talk) {
      talk.touch();
      talk.value.packets.add(1n);
      if (talk.value.state === 1 && !talk.update({ state: 2 }, { established: true })) return Verdict.drop("busy");
      return Verdict.Reflect;
    }
    const added = this.talks.add(pair, { state: 1 });
    return added.outcome === FlowTable.Full ? Verdict.drop("table full") : Verdict.Pass;
  }
}

import { ipv4, mac, Pipeline, type TcPacket, Verdict } from "datapath";
import { ArpResponder } from "datapath/blocks";

/** Answers for one address. */
export default class Arp extends Pipeline {
  readonly arp = new ArpResponder({ address: ipv4("10.0.0.1"), mac: mac("02:00:00:00:00:09") });

  override ingress(pkt: TcPacket): Verdict {
    return this.arp.handle(pkt) ?? Verdict.Pass;
  }
}

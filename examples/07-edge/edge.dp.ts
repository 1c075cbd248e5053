/** The edge of a small server: answers ARP for it, lets in what the rules allow, counts what it sees. */
import { ipv4, mac, Pipeline, param, type TcPacket, u16, Verdict } from "datapath";
import { AccessControl, ArpResponder, Counter } from "datapath/blocks";

export default class Edge extends Pipeline {
  readonly seen = new Counter();
  readonly arp = new ArpResponder({ address: ipv4("10.0.0.2"), mac: mac("02:00:00:00:00:02") });
  readonly acl = new AccessControl({ default: "deny", rules: ["allow arp", "allow icmp", "allow tcp dst port 8080 or 8081"] });
  /** the longest ping that is let in, in bytes with its headers */
  readonly longestPing = param(u16, 1500, { min: 64, max: 1500 });

  override ingress(pkt: TcPacket): Verdict {
    this.seen.count(pkt);
    const answered = this.arp.handle(pkt);
    if (answered) return answered;
    const refused = this.acl.check(pkt);
    if (refused) return refused;
    const layers = pkt.layers();
    if (layers.icmp && pkt.length > this.longestPing.value) return Verdict.drop("long ping");
    return Verdict.Pass;
  }
}

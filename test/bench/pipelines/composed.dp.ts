import { Flows, Pipeline, Verdict, type XdpPacket } from "datapath";
import { AccessControl, ArpResponder, Conntrack, NatBalancer, PortMap } from "datapath/blocks";
import { mappings, plain, rules, services, station } from "../composed.js";

/** Five blocks, with their flows in an LRU map: one lookup a packet. */
export default class Edge extends Pipeline {
  readonly arp = new ArpResponder(station);
  readonly flows = new Flows({ ...plain, maxEntries: 131_072 });
  readonly conntrack = new Conntrack({ flows: this.flows });
  readonly acl = new AccessControl({ ...rules, flows: this.flows });
  readonly ports = new PortMap({ flows: this.flows, forwards: true, mappings });
  readonly balancer = new NatBalancer({ flows: this.flows, forwards: true, services, maxBackends: 128 });

  override xdp(pkt: XdpPacket): Verdict {
    const answered = this.arp.handle(pkt);
    if (answered) return answered;
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const allowed = this.acl.check(pkt, tracked);
    if (allowed instanceof Verdict) return allowed;
    const mapped = this.ports.map(allowed);
    if (mapped instanceof Verdict) return mapped;
    const chosen = this.balancer.balance(mapped);
    if (chosen instanceof Verdict) return chosen;
    return this.conntrack.commit(chosen) ?? this.balancer.translate(pkt, chosen) ?? Verdict.Reflect;
  }
}

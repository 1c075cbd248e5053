import { Flows, type FlowsOptions, Pipeline, Verdict, type XdpPacket } from "datapath";
import { AccessControl, ArpResponder, Conntrack, NatBalancer, PortMap } from "datapath/blocks";
import { mappings, rules, services, station } from "../../composed.js";

/** Five blocks: one lookup a packet. */
export abstract class Edge extends Pipeline {
  readonly arp = new ArpResponder(station);
  readonly conntrack: Conntrack;
  readonly acl: AccessControl;
  readonly ports: PortMap;
  readonly balancer: NatBalancer;

  constructor(options: FlowsOptions) {
    super();
    const flows = new Flows(options);
    this.conntrack = new Conntrack({ flows });
    this.acl = new AccessControl({ ...rules, flows });
    this.ports = new PortMap({ flows, forwards: true, mappings });
    this.balancer = new NatBalancer({ flows, forwards: true, services, maxBackends: 128 });
  }

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

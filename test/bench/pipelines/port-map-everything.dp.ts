import { Flows, ipv4, Pipeline, Verdict, type XdpPacket } from "datapath";
import { Conntrack, PortMap } from "datapath/blocks";

/** A published port, with everything on, on an LRU map. */
export default class PublishedPort extends Pipeline {
  readonly flows = new Flows({ maxEntries: 131_072 });
  readonly conntrack = new Conntrack({ flows: this.flows });
  readonly ports = new PortMap({
    flows: this.flows,
    forwards: true,
    mappings: [{ protocol: "tcp", address: ipv4("10.200.1.1"), port: 80, to: { address: ipv4("172.17.0.2"), port: 8080 } }],
  });

  override xdp(pkt: XdpPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const mapped = this.ports.map(tracked);
    if (mapped instanceof Verdict) return mapped;
    return this.conntrack.commit(mapped) ?? this.ports.translate(pkt, mapped) ?? Verdict.Reflect;
  }
}

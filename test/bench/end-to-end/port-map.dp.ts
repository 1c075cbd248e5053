import { Flows, ipv4, Pipeline, Verdict, type XdpPacket } from "datapath";
import { Conntrack, PortMap } from "datapath/blocks";

/** A published port of a router, whose routes and neighbours say where its packets go. */
export default class PublishedPort extends Pipeline {
  readonly flows = new Flows({ maxEntries: 131_072, families: [4], vlan: false, fragments: false, extensions: false });
  readonly conntrack = new Conntrack({ flows: this.flows });
  readonly ports = new PortMap({
    flows: this.flows,
    forwards: true,
    mappings: [{ protocol: "udp", address: ipv4("198.51.100.1"), port: 80, to: { address: ipv4("10.0.0.5"), port: 8080 } }],
  });

  override xdp(pkt: XdpPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const mapped = this.ports.map(tracked);
    if (mapped instanceof Verdict) return mapped;
    return this.conntrack.commit(mapped) ?? this.ports.translate(pkt, mapped) ?? Verdict.route();
  }
}

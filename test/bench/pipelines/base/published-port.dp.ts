import { Flows, type FlowsOptions, ipv4, Pipeline, Verdict, type XdpPacket } from "datapath";
import { Conntrack, PortMap, type PortMapping } from "datapath/blocks";

const webServer: PortMapping = {
  protocol: "tcp",
  address: ipv4("10.200.1.1"),
  port: 80,
  to: { address: ipv4("172.17.0.2"), port: 8080 },
};

/** A published port. */
export abstract class PublishedPort extends Pipeline {
  readonly conntrack: Conntrack;
  readonly ports: PortMap;

  constructor(options: FlowsOptions, mapping = webServer) {
    super();
    const flows = new Flows(options);
    this.conntrack = new Conntrack({ flows });
    this.ports = new PortMap({ flows, forwards: true, mappings: [mapping] });
  }

  override xdp(pkt: XdpPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const mapped = this.ports.map(tracked);
    if (mapped instanceof Verdict) return mapped;
    return this.conntrack.commit(mapped) ?? this.ports.translate(pkt, mapped) ?? this.onward();
  }

  /** What becomes of a packet that went through. */
  onward(): Verdict {
    return Verdict.Reflect;
  }
}

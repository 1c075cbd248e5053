/** The router that is held against nftables: the same mappings, the same masquerade. */
import { Flows, ipv4, ipv6, type Packet, Pipeline, Verdict } from "datapath";
import { Conntrack, Nat44, PortMap } from "datapath/blocks";

const gate = ipv4("198.51.100.1");
const web = ipv4("10.0.0.5");
const ports = { first: 30_000, last: 30_001 };

export class Router extends Pipeline {
  readonly flows: Flows;
  readonly conntrack: Conntrack;
  readonly ports: PortMap;
  readonly nat: Nat44;

  /** @param forwards on XDP, where no stack forwards */
  constructor(forwards: boolean, families: readonly (4 | 6)[]) {
    super();
    const flows = new Flows({ maxEntries: 4096, families, vlan: false, fragments: false, extensions: false });
    this.flows = flows;
    this.conntrack = new Conntrack({ flows });
    this.ports = new PortMap({
      flows,
      forwards,
      mappings: [
        { protocol: "tcp", address: gate, port: 80, to: { address: web, port: 8080 } },
        { protocol: "udp", address: gate, port: { first: 6000, last: 6009 }, to: { address: web, port: 7000 } },
        ...(families.includes(6)
          ? [{ protocol: "tcp", address: ipv6("2001:db8::1"), port: 80, to: { address: ipv6("fd00::5"), port: 8080 } } as const]
          : []),
      ],
      // with nothing in it nftables has none either; `dp map` puts one there
      ...(forwards ? {} : { live: { maxEntries: 16 } }),
      hairpin: { inside: ["10.0.0.0/24"], address: ipv4("10.0.0.1") },
    });
    this.nat = new Nat44({ flows, forwards, inside: ["10.0.0.0/24"], address: gate, ports });
  }

  protected handle(pkt: Packet, then: Verdict): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const published = this.ports.map(tracked);
    if (published instanceof Verdict) return published;
    const mapped = this.nat.map(published);
    if (mapped instanceof Verdict) return mapped;
    return this.conntrack.commit(mapped) ?? this.nat.translate(pkt, mapped) ?? then;
  }
}

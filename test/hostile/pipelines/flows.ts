/** Blocks that share a table of flows. Tables of `flowTable` are small, so that they are full: who gives way is a rule. */
import { Flows, ipv4, ipv6, type Packet, Pipeline, type TcPacket, Verdict, type XdpPacket } from "datapath";
import { AccessControl, Conntrack, Nat44, NatBalancer, PortMap, SynCookie } from "datapath/blocks";
import { gate, gate6, ports } from "./stations.js";

const roomy = { maxEntries: 131_072 };
const tight = { maxEntries: 128, table: "flowTable" } as const;

export class Tracking extends Pipeline {
  readonly flows = new Flows(roomy);
  readonly conntrack = new Conntrack({ flows: this.flows });
  override ingress(pkt: TcPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    return this.conntrack.commit(tracked) ?? Verdict.Pass;
  }
}

/** Looks at everything that a segment says. */
export class Windowed extends Pipeline {
  readonly flows = new Flows(roomy);
  readonly conntrack = new Conntrack({ flows: this.flows, window: true, pickUp: false, malformed: "drop", invalid: "pass" });
  override xdp(pkt: XdpPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    return this.conntrack.commit(tracked) ?? Verdict.Pass;
  }
}

export class TightTracking extends Pipeline {
  readonly flows = new Flows(tight);
  readonly conntrack = new Conntrack({ flows: this.flows });
  override xdp(pkt: XdpPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    return this.conntrack.commit(tracked) ?? Verdict.Pass;
  }
}

export class Firewall extends Pipeline {
  readonly flows = new Flows(roomy);
  readonly conntrack = new Conntrack({ flows: this.flows });
  readonly acl = new AccessControl({
    default: "deny",
    rules: [
      "allow established and src net 192.0.2.0/24",
      "deny src net 192.0.2.0/24",
      "allow tcp dst port 80 or 443",
      "allow icmp or icmp6",
    ],
    flows: this.flows,
    counters: true,
    reasons: "rule",
    known: "match",
  });
  override ingress(pkt: TcPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const allowed = this.acl.check(pkt, tracked);
    if (allowed instanceof Verdict) return allowed;
    return this.conntrack.commit(allowed) ?? Verdict.Pass;
  }
}

/** Cookies in front of servers whose connections are tracked. */
export class ShieldedFlows extends Pipeline {
  readonly flows = new Flows(roomy);
  readonly cookies = new SynCookie({ ports: [80, 443], unknown: "pass", timestamps: true });
  readonly conntrack = new Conntrack({ flows: this.flows });
  override xdp(pkt: XdpPacket): Verdict {
    const answered = this.cookies.check(pkt);
    if (answered) return answered;
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    return this.conntrack.commit(tracked) ?? Verdict.Pass;
  }
}

/** Published ports of both families and all three protocols, some of them live, and hairpins. */
abstract class Publishing extends Pipeline {
  readonly flows: Flows;
  readonly conntrack: Conntrack;
  readonly ports: PortMap;
  constructor(forwards: boolean) {
    super();
    const flows = new Flows(roomy);
    this.flows = flows;
    this.conntrack = new Conntrack({ flows });
    this.ports = new PortMap({
      flows,
      forwards,
      mappings: [
        { protocol: "tcp", address: gate, port: 80, to: { address: ipv4("10.0.0.2"), port: 443 } },
        { protocol: "udp", address: gate, port: { first: 12_345, last: 12_346 }, to: { address: ipv4("10.0.0.2"), port: 52 } },
        { protocol: "sctp", address: gate, port: 53, to: { address: ipv4("10.0.0.2"), port: 53 } },
        { protocol: "tcp", address: gate6, port: 443, to: { address: ipv6("2001:db8::2"), port: 80 } },
      ],
      live: { maxEntries: 8 },
      hairpin: { inside: ["10.0.0.0/30"], address: ipv4("10.0.0.1") },
      ports,
      tries: 2,
    });
    this.ports.mappings4.set(
      { address: gate, port: 443, protocol: 6, generation: 0 },
      { address: ipv4("10.0.0.2"), port: 12_345, zero: 0 },
    );
    this.ports.mappings6.set(
      { address: gate6, port: 53, protocol: 17, generation: 0 },
      { address: ipv6("2001:db8::2"), port: 53, zero: 0, zeros: 0 },
    );
  }
  protected handle(pkt: Packet, then: Verdict): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const mapped = this.ports.map(tracked);
    if (mapped instanceof Verdict) return mapped;
    return this.conntrack.commit(mapped) ?? this.ports.translate(pkt, mapped) ?? then;
  }
}
export class PublishingOnTc extends Publishing {
  constructor() {
    super(false);
  }
  override ingress(pkt: TcPacket): Verdict {
    return this.handle(pkt, Verdict.Pass);
  }
}
export class PublishingOnXdp extends Publishing {
  constructor() {
    super(true);
  }
  override xdp(pkt: XdpPacket): Verdict {
    return this.handle(pkt, Verdict.route());
  }
}

/** Few ports, so that there are soon none. */
abstract class Masquerading extends Pipeline {
  readonly flows: Flows;
  readonly conntrack: Conntrack;
  readonly nat: Nat44;
  constructor(forwards: boolean) {
    super();
    const flows = new Flows(roomy);
    this.flows = flows;
    this.conntrack = new Conntrack({ flows });
    this.nat = new Nat44({ flows, forwards, inside: ["10.0.0.0/30"], address: gate, ports, tries: 2, report: true });
  }
  protected handle(pkt: Packet, then: Verdict): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const mapped = this.nat.map(tracked);
    if (mapped instanceof Verdict) return mapped;
    return this.conntrack.commit(mapped) ?? this.nat.translate(pkt, mapped) ?? then;
  }
}
export class MasqueradingOnTc extends Masquerading {
  constructor() {
    super(false);
  }
  override ingress(pkt: TcPacket): Verdict {
    return this.handle(pkt, Verdict.Pass);
  }
}
export class MasqueradingOnXdp extends Masquerading {
  constructor() {
    super(true);
  }
  override xdp(pkt: XdpPacket): Verdict {
    return this.handle(pkt, Verdict.route());
  }
}

/** A balancer that translates, for both families. */
export class Translating extends Pipeline {
  readonly flows = new Flows(roomy);
  readonly conntrack = new Conntrack({ flows: this.flows });
  readonly balancer = new NatBalancer({
    flows: this.flows,
    services: [
      { address: "192.0.2.1", port: 80, protocol: "tcp", backends: [{ address: "10.0.0.1", port: 443 }, { address: "10.0.0.2" }] },
      { address: "192.0.2.1", port: 53, protocol: "udp", sticky: true, backends: [{ address: "10.0.0.2" }] },
      { address: "2001:db8::1", port: 443, protocol: "tcp", backends: [{ address: "2001:db8::2", port: 80 }, { address: "fe80::1" }] },
    ],
    affinity: { maxEntries: 65_536, seconds: 5 },
    ringSize: 251,
    maxBackends: 8,
    ports,
  });
  override ingress(pkt: TcPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const chosen = this.balancer.balance(tracked);
    if (chosen instanceof Verdict) return chosen;
    return this.conntrack.commit(chosen) ?? this.balancer.translate(pkt, chosen) ?? Verdict.Pass;
  }
}

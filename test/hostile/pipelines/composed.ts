/** All blocks in one pipeline, on one hook each. */
import { Flows, ipv4, ipv6, mac, type Packet, Pipeline, type TcPacket, Verdict, type XdpPacket } from "datapath";
import { AccessControl, ArpResponder, Conntrack, Counter, Nat44, NatBalancer, Pacer, PortMap, RateLimit, SynCookie } from "datapath/blocks";
import { gate, gate6, ports } from "./stations.js";

abstract class Everything extends Pipeline {
  readonly seen = new Counter();
  readonly arp = new ArpResponder({ address: ipv4("10.0.0.1"), mac: mac("02:00:00:00:00:01") });
  readonly limit = new RateLimit({ key: { of: "source", ipv4: 24, ipv6: 64 }, rate: 900, burst: 400, maxEntries: 100_000 });
  readonly cookies = new SynCookie({ ports: [53], addresses: [gate], addresses6: [gate6] });
  readonly flows = new Flows({ maxEntries: 131_072 });
  readonly conntrack = new Conntrack({ flows: this.flows });
  readonly acl = new AccessControl({
    default: "deny",
    rules: ["deny src host 198.51.100.1 and udp", "allow tcp or udp or sctp", "allow icmp or icmp6"],
    flows: this.flows,
  });
  readonly balancer = new NatBalancer({
    flows: this.flows,
    services: [
      { address: "192.0.2.1", port: 443, protocol: "tcp", backends: [{ address: "10.0.0.1", port: 80 }, { address: "10.0.0.2" }] },
      { address: "2001:db8::1", port: 80, protocol: "tcp", backends: [{ address: "2001:db8::2" }] },
    ],
    ringSize: 251,
    maxBackends: 8,
    ports,
  });
  readonly published = new PortMap({
    flows: this.flows,
    mappings: [
      { protocol: "tcp", address: gate, port: 80, to: { address: ipv4("10.0.0.2"), port: 443 } },
      { protocol: "udp", address: gate6, port: 53, to: { address: ipv6("2001:db8::2"), port: 53 } },
    ],
    hairpin: { inside: ["10.0.0.0/30"], address: ipv4("10.0.0.1") },
    ports,
  });
  readonly nat = new Nat44({ flows: this.flows, inside: ["10.0.0.0/30"], address: gate, ports });
  protected handle(pkt: Packet): Verdict | undefined {
    this.seen.count(pkt);
    const early = this.arp.handle(pkt) ?? this.limit.check(pkt) ?? this.cookies.check(pkt);
    return early ?? this.follow(pkt);
  }
  /** What concerns a flow: one entry, which all of these share. */
  protected follow(pkt: Packet): Verdict | undefined {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const allowed = this.acl.check(pkt, tracked);
    if (allowed instanceof Verdict) return allowed;
    const balanced = this.balancer.balance(allowed);
    if (balanced instanceof Verdict) return balanced;
    const published = this.published.map(balanced);
    if (published instanceof Verdict) return published;
    const mapped = this.nat.map(published);
    if (mapped instanceof Verdict) return mapped;
    return this.conntrack.commit(mapped) ?? this.nat.translate(pkt, mapped);
  }
}
export class EverythingOnXdp extends Everything {
  override xdp(pkt: XdpPacket): Verdict {
    return this.handle(pkt) ?? Verdict.route();
  }
}
export class EverythingOnIngress extends Everything {
  override ingress(pkt: TcPacket): Verdict {
    return this.handle(pkt) ?? Verdict.Pass;
  }
}
export class EverythingOnEgress extends Everything {
  readonly pacer = new Pacer({ key: "destination", unit: "bytes", rate: 200_000, maxEntries: 100_000 });
  override egress(pkt: TcPacket): Verdict {
    return this.follow(pkt) ?? this.pacer.pace(pkt) ?? Verdict.Pass;
  }
}

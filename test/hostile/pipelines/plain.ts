/** Blocks that know no flows, as their READMEs show them. */
import { ipv4, mac, Pipeline, type TcPacket, Verdict, type XdpPacket } from "datapath";
import { AccessControl, ArpResponder, Counter, Pacer, RateLimit, SynCookie } from "datapath/blocks";

export class Responder extends Pipeline {
  readonly arp = new ArpResponder({ address: ipv4("10.0.0.1"), mac: mac("02:00:00:00:00:01") });
  override xdp(pkt: XdpPacket): Verdict {
    return this.arp.handle(pkt) ?? Verdict.Pass;
  }
}

export class Proxying extends Pipeline {
  readonly arp = new ArpResponder({ prefix: "10.0.0.0/30", mac: mac("02:00:00:00:00:01"), except: [ipv4("10.0.0.2")] });
  override ingress(pkt: TcPacket): Verdict {
    return this.arp.handle(pkt) ?? Verdict.Pass;
  }
}

export class Filter extends Pipeline {
  readonly acl = new AccessControl({
    default: "deny",
    rules: [
      "audit tcp[tcpflags] & tcp-syn != 0",
      "deny src net 192.0.2.0/24 and tcp",
      "allow tcp dst port 80 or 443",
      "allow icmp or icmp6",
      "allow udp port 53",
      "allow arp",
    ],
    counters: true,
  });
  override xdp(pkt: XdpPacket): Verdict {
    return this.acl.check(pkt) ?? Verdict.Pass;
  }
}

export class Counted extends Pipeline {
  readonly seen = new Counter();
  override ingress(pkt: TcPacket): Verdict {
    this.seen.count(pkt);
    return Verdict.Pass;
  }
}

export class Limited extends Pipeline {
  readonly limit = new RateLimit({ key: "source", rate: 100, burst: 5, maxEntries: 100_000 });
  override xdp(pkt: XdpPacket): Verdict {
    return this.limit.check(pkt) ?? Verdict.Pass;
  }
}

/** With few buckets in a table of its own, so that it is full: who gives way is a rule. */
export class LimitedFlows extends Pipeline {
  readonly limit = new RateLimit({
    key: "flow",
    unit: "bytes",
    rate: 2000,
    burst: 400,
    clock: "precise",
    table: "flowTable",
    maxEntries: 64,
    full: "drop",
  });
  override ingress(pkt: TcPacket): Verdict {
    return this.limit.check(pkt) ?? Verdict.Pass;
  }
}

export class Paced extends Pipeline {
  readonly pacer = new Pacer({ key: "destination", unit: "bytes", rate: 20_000, horizon: 100_000_000n, maxEntries: 100_000 });
  override egress(pkt: TcPacket): Verdict {
    return this.pacer.pace(pkt) ?? Verdict.Pass;
  }
}

export class Shielded extends Pipeline {
  readonly cookies = new SynCookie({ ports: [80, 443], timestamps: true });
  override xdp(pkt: XdpPacket): Verdict {
    return this.cookies.check(pkt) ?? Verdict.Pass;
  }
}

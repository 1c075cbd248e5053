/** What hostile packets are sent to: each block in a pipeline, as its README shows it. A new block is one more entry. */
import { Flows, ipv4, ipv6, mac, Pipeline, type TcPacket, Verdict, type XdpPacket } from "datapath";
import { AccessControl, ArpResponder, Conntrack, Counter, RateLimit, SynCookie } from "datapath/blocks";
import type { Findings, Victim } from "./run.js";
import { harm } from "./run.js";

const stations = {
  macs: [mac("02:00:00:00:00:01"), mac("02:00:00:00:00:02")],
  ipv4: [ipv4("10.0.0.1"), ipv4("10.0.0.2"), ipv4("192.0.2.1"), ipv4("198.51.100.1")],
  ipv6: [ipv6("2001:db8::1"), ipv6("2001:db8::2"), ipv6("fe80::1")],
};

class Responder extends Pipeline {
  readonly arp = new ArpResponder({ address: ipv4("10.0.0.1"), mac: mac("02:00:00:00:00:01") });
  override xdp(pkt: XdpPacket): Verdict {
    return this.arp.handle(pkt) ?? Verdict.Pass;
  }
}

class Proxying extends Pipeline {
  readonly arp = new ArpResponder({ prefix: "10.0.0.0/30", mac: mac("02:00:00:00:00:01"), except: [ipv4("10.0.0.2")] });
  override ingress(pkt: TcPacket): Verdict {
    return this.arp.handle(pkt) ?? Verdict.Pass;
  }
}

class Filter extends Pipeline {
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

class Counted extends Pipeline {
  readonly seen = new Counter();
  override ingress(pkt: TcPacket): Verdict {
    this.seen.count(pkt);
    return Verdict.Pass;
  }
}

class Limited extends Pipeline {
  readonly limit = new RateLimit({ key: "source", rate: 100, burst: 5, maxEntries: 100_000 });
  override xdp(pkt: XdpPacket): Verdict {
    return this.limit.check(pkt) ?? Verdict.Pass;
  }
}

class Tracking extends Pipeline {
  readonly flows = new Flows({ maxEntries: 65_536 });
  readonly conntrack = new Conntrack({ flows: this.flows });
  override ingress(pkt: TcPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    return this.conntrack.commit(tracked) ?? Verdict.Pass;
  }
}

class Shielded extends Pipeline {
  readonly cookies = new SynCookie({ ports: [80, 443], timestamps: true });
  override xdp(pkt: XdpPacket): Verdict {
    return this.cookies.check(pkt) ?? Verdict.Pass;
  }
}

/** Erases a pipeline's type, so that pipelines of all sorts stand in one list. */
function victim<P extends Pipeline>(given: Victim<P>): { readonly name: string; harm(count: number, seed: number): Promise<Findings> } {
  return { name: given.name, harm: (count, seed) => harm(given, count, seed) };
}

export const victims = [
  victim({ name: "arp-responder", hook: "xdp", make: () => new Responder(), stations }),
  victim({ name: "arp-responder, a proxy on tc", hook: "ingress", make: () => new Proxying(), stations }),
  victim({ name: "access-control", hook: "xdp", make: () => new Filter(), stations }),
  victim({ name: "counter", hook: "ingress", make: () => new Counted(), stations }),
  victim({ name: "rate-limit", hook: "xdp", make: () => new Limited(), stations }),
  victim({ name: "conntrack", hook: "ingress", make: () => new Tracking(), stations }),
  victim({ name: "syn-cookie", hook: "xdp", make: () => new Shielded(), stations }),
];

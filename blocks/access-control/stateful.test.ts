import { Flows, ipv4, Pipeline, type TcPacket, Verdict } from "datapath";
import { AccessControl, type AccessControlOptions, Conntrack } from "datapath/blocks";
import { Ethernet, Ipv4, Tcp, Udp } from "datapath/headers";
import { packet, rows } from "datapath/testing";

/** Ingress is asked of the rules; what the target itself begins is allowed. */
const firewall = (options: Omit<AccessControlOptions, "flows">) => {
  class Firewall extends Pipeline {
    readonly flows = new Flows({ maxEntries: 64 });
    readonly conntrack = new Conntrack({ flows: this.flows });
    readonly acl = new AccessControl({ ...options, flows: this.flows });

    override ingress(pkt: TcPacket): Verdict {
      const tracked = this.conntrack.track(pkt);
      if (tracked instanceof Verdict) return tracked;
      const allowed = this.acl.check(pkt, tracked);
      if (allowed instanceof Verdict) return allowed;
      return this.conntrack.commit(allowed) ?? Verdict.Pass;
    }
    override egress(pkt: TcPacket): Verdict {
      const tracked = this.conntrack.track(pkt);
      if (tracked instanceof Verdict) return tracked;
      return this.conntrack.commit(tracked) ?? Verdict.Pass;
    }
  }
  return () => new Firewall();
};

const udp = (src: string, srcPort: number, dst: string, dstPort: number): Uint8Array =>
  packet(Ethernet.of(), Ipv4.of({ src: ipv4(src), dst: ipv4(dst) }), Udp.of({ srcPort, dstPort }));
const request = udp("192.0.2.1", 4000, "10.0.0.1", 53);
const reply = udp("10.0.0.1", 53, "192.0.2.1", 4000);
const denied = Verdict.drop("denied");

rows(firewall({ default: "deny", rules: ["allow udp dst port 53"] }), "ingress", {
  "what a rule allows begins a flow": { in: request, verdict: Verdict.Pass },
  "and passes again": { in: request, verdict: Verdict.Pass },
  "the other direction too, though no rule allows it": { in: reply, verdict: Verdict.Pass },
  "what no rule allows is refused": { in: udp("192.0.2.1", 4000, "10.0.0.1", 54), verdict: denied },
  "and makes no state: it is refused again": { in: udp("192.0.2.1", 4000, "10.0.0.1", 54), verdict: denied },
  "nor is what would be its reply let in": { in: udp("10.0.0.1", 54, "192.0.2.1", 4000), verdict: denied },
});

rows(firewall({ default: "deny", known: "match", rules: ["deny dscp 46", "allow established", "allow udp dst port 53"] }), "ingress", {
  "the first packet is allowed by its port": { in: request, verdict: Verdict.Pass },
  "a reply by no rule while the flow is not established": { in: udp("10.0.0.1", 54, "192.0.2.1", 4001), verdict: denied },
});

rows(firewall({ default: "deny", rules: ["allow tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn and dst port 80"] }), "ingress", {
  "a connection begins with a SYN": {
    in: packet(Ethernet.of(), Ipv4.of(), Tcp.of({ srcPort: 1000, dstPort: 80, flags: { syn: true } })),
    verdict: Verdict.Pass,
  },
  "another without one does not": {
    in: packet(Ethernet.of(), Ipv4.of(), Tcp.of({ srcPort: 1001, dstPort: 80, flags: { ack: true } })),
    verdict: denied,
  },
});

/** Translation to backends, in Node and in the kernel. */
import { Flows, ipv4, ipv6, type Packet, Pipeline, type TcPacket, Verdict, type XdpPacket } from "datapath";
import { Ethernet, Icmp, Ipv4, Ipv6, Tcp, Udp } from "datapath/headers";
import { packet, type Row, rows } from "datapath/testing";
import { Conntrack } from "../conntrack/conntrack.dp.js";
import { client4, client6, own, router, service4, service6, tcp, udp } from "./frames.fixture.js";
import { NatBalancer } from "./nat-balancer.dp.js";
import type { ServiceOptions } from "./options.js";

const server4 = ipv4("10.0.0.11");
const server6 = ipv6("2001:db8:b::11");

class Gateway extends Pipeline {
  readonly flows: Flows;
  readonly conntrack: Conntrack;
  readonly balancer: NatBalancer;
  constructor(family: 4 | 6, service: ServiceOptions) {
    super();
    this.flows = new Flows({ maxEntries: 256, families: [family], vlan: false, extensions: false, fragments: false });
    this.conntrack = new Conntrack({ flows: this.flows });
    this.balancer = new NatBalancer({ flows: this.flows, services: [service], ringSize: 251, maxBackends: 4 });
  }
  override xdp(pkt: XdpPacket): Verdict {
    return this.handle(pkt);
  }
  override ingress(pkt: TcPacket): Verdict {
    return this.handle(pkt);
  }
  private handle(pkt: Packet): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    const chosen = this.balancer.balance(tracked);
    if (chosen instanceof Verdict) return chosen;
    return this.conntrack.commit(chosen) ?? this.balancer.translate(pkt, chosen) ?? Verdict.Reflect;
  }
}

const ethernet = Ethernet.of({ src: router, dst: own });
const sent = (frame: Uint8Array, out: Uint8Array): Row => ({ in: frame, verdict: Verdict.Reflect, out });
const answer = (src: number, srcPort: number) =>
  packet(
    ethernet,
    Ipv4.of({ src, dst: client4 }),
    Tcp.of({ srcPort, dstPort: 40_000, sequence: 1, acknowledgement: 1, flags: { syn: true, ack: true } }),
  );
const error = (to: number, quotedFrom: number, port: number) =>
  packet(
    ethernet,
    Ipv4.of({ src: ipv4("203.0.113.254"), dst: to }),
    Icmp.of({ type: 3, code: 4, rest: 1400 }),
    packet(Ipv4.of({ src: quotedFrom, dst: client4 }), Tcp.of({ srcPort: port, dstPort: 40_000, sequence: 1 })),
  );

for (const hook of ["xdp", "ingress"] as const) {
  rows(() => new Gateway(4, { address: service4, port: 443, protocol: "tcp", backends: [{ address: "10.0.0.11", port: 8443 }] }), hook, {
    [`${hook}: a connection goes to the backend's address and port`]: sent(
      tcp({ syn: true }),
      tcp({ syn: true, to: "10.0.0.11", port: 8443 }),
    ),
    [`${hook}: its answer comes from the service's`]: sent(answer(server4, 8443), answer(ipv4(service4), 443)),
    [`${hook}: what follows goes the same way`]: sent(tcp(), tcp({ to: "10.0.0.11", port: 8443 })),
    [`${hook}: an ICMP error about what the service sent reaches the backend, with what it quotes`]: sent(
      error(ipv4(service4), ipv4(service4), 443),
      error(server4, server4, 8443),
    ),
    [`${hook}: another port stays as it is`]: sent(tcp({ syn: true, port: 444 }), tcp({ syn: true, port: 444 })),
  });
}
rows(
  () => new Gateway(4, { address: service4, port: 443, protocol: "udp", backends: [{ address: "10.0.0.11", state: "draining" }] }),
  "xdp",
  {
    "where no backend takes flows new ones are dropped": { in: udp(), verdict: Verdict.drop("no backend") },
  },
);
const answer6 = (src: bigint) =>
  packet(ethernet, Ipv6.of({ src, dst: client6 }), Udp.of({ srcPort: 443, dstPort: 40_000 }), new Uint8Array(8));
rows(() => new Gateway(6, { address: service6, port: 443, protocol: "udp", backends: [{ address: "2001:db8:b::11" }] }), "xdp", {
  "IPv6: to the backend": sent(udp({ to: service6 }), udp({ to: "2001:db8:b::11" })),
  "IPv6: and back": sent(answer6(server6), answer6(ipv6(service6))),
});

import { ipv4, Verdict } from "datapath";
import { Ethernet, IpProtocol, Ipv4, Udp } from "datapath/headers";
import { packet, rows } from "datapath/testing";
import Tunnel from "./tunnel.dp.js";

const inner = [Ipv4.of({ src: ipv4("10.1.0.1"), dst: ipv4("10.2.0.1"), dscp: 46 }), Udp.of({ dstPort: 53 }), "query"] as const;
const plain = packet(Ethernet.of(), ...inner);
const outer = Ipv4.of({ src: ipv4("192.0.2.1"), dst: ipv4("192.0.2.2"), dscp: 46, protocol: IpProtocol.Ipip });
const sent = packet(Ethernet.of(), outer, ...inner);
const back = Ipv4.of({ src: ipv4("192.0.2.2"), dst: ipv4("192.0.2.1"), protocol: IpProtocol.Ipip });
const received = packet(Ethernet.of(), back, ...inner);
const stranger = packet(Ethernet.of(), Ipv4.of({ src: ipv4("192.0.2.9"), dst: ipv4("192.0.2.1"), protocol: IpProtocol.Ipip }), ...inner);
const elsewhere = packet(Ethernet.of(), Ipv4.of({ dst: ipv4("10.3.0.1") }), Udp.of());

rows(() => new Tunnel(), "xdp", {
  "XDP: what goes to the far network gets a header": { in: plain, verdict: Verdict.Pass, out: sent },
  "XDP: what comes from the other end loses it": { in: received, verdict: Verdict.Pass, out: plain },
  "XDP: a tunnel of another is left alone": { in: stranger, verdict: Verdict.Pass, out: stranger },
  "XDP: what goes elsewhere is left alone": { in: elsewhere, verdict: Verdict.Pass, out: elsewhere },
});
rows(() => new Tunnel(), "egress", {
  "tc: what goes to the far network gets a header": { in: plain, verdict: Verdict.Pass, out: sent },
  "tc: what goes elsewhere is left alone": { in: elsewhere, verdict: Verdict.Pass, out: elsewhere },
});
rows(() => new Tunnel(), "ingress", {
  "tc: what comes from the other end loses its header": { in: received, verdict: Verdict.Pass, out: plain },
  "tc: a tunnel of another is left alone": { in: stranger, verdict: Verdict.Pass, out: stranger },
});

import { ipv4, mac, Verdict } from "datapath";
import { Arp, ArpOperation, Ethernet, Icmp, Ipv4, Tcp } from "datapath/headers";
import { packet, rows } from "datapath/testing";
import Edge from "./edge.dp.js";

const client = { ip: ipv4("10.0.0.1"), mac: mac("02:00:00:00:00:01") };
const server = { ip: ipv4("10.0.0.2"), mac: mac("02:00:00:00:00:02") };
const ethernet = Ethernet.of({ src: client.mac, dst: server.mac });
const ip = Ipv4.of({ src: client.ip, dst: server.ip });
const ping = (bytes: number): Uint8Array => packet(ethernet, ip, Icmp.of({ type: 8 }), new Uint8Array(bytes));

rows(() => new Edge(), "ingress", {
  "an ARP request for the server is answered": {
    in: packet(
      Ethernet.of({ src: client.mac, dst: mac("ff:ff:ff:ff:ff:ff") }),
      Arp.of({ operation: ArpOperation.Request, senderMac: client.mac, senderIp: client.ip, targetIp: server.ip }),
    ),
    verdict: Verdict.Reflect,
    out: packet(
      Ethernet.of({ src: server.mac, dst: client.mac }),
      Arp.of({ operation: ArpOperation.Reply, senderMac: server.mac, senderIp: server.ip, targetMac: client.mac, targetIp: client.ip }),
    ),
  },
  "a connection to an allowed port passes": {
    in: packet(ethernet, ip, Tcp.of({ dstPort: 8080, flags: { syn: true } })),
    verdict: Verdict.Pass,
  },
  "a connection to another port is denied": {
    in: packet(ethernet, ip, Tcp.of({ dstPort: 9090, flags: { syn: true } })),
    verdict: Verdict.drop("denied"),
  },
  "a ping passes": { in: ping(56), verdict: Verdict.Pass },
});

rows(() => new Edge(), "ingress", {
  "a ping longer than the param allows is dropped": {
    in: ping(600),
    world: { params: { longestPing: 600 } },
    verdict: Verdict.drop("long ping"),
  },
});

import { ipv4, Verdict } from "datapath";
import { Ethernet, Ipv4, Tcp } from "datapath/headers";
import { packet, rows } from "datapath/testing";
import Connections from "./connections.dp.js";

const ip = Ipv4.of({ src: ipv4("192.0.2.1"), dst: ipv4("192.0.2.2") });

// Each row compares the events of Node and of the kernel too.
rows(() => new Connections(), "ingress", {
  "a SYN is told of": {
    in: packet(Ethernet.of(), ip, Tcp.of({ srcPort: 40_000, dstPort: 443, flags: { syn: true } })),
    verdict: Verdict.Pass,
  },
  "an answer to one is not": { in: packet(Ethernet.of(), ip, Tcp.of({ flags: { syn: true, ack: true } })), verdict: Verdict.Pass },
  "data is not": { in: packet(Ethernet.of(), ip, Tcp.of({ flags: { ack: true } }), "data"), verdict: Verdict.Pass },
});

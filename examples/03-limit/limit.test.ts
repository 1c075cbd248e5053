import { ipv4, Verdict } from "datapath";
import { Ethernet, Ipv4, Udp } from "datapath/headers";
import { packet, rows } from "datapath/testing";
import Limit from "./limit.dp.js";

const from = (source: string): Uint8Array => packet(Ethernet.of(), Ipv4.of({ src: ipv4(source) }), Udp.of());
const slow = { params: { rate: 2 } };

rows(() => new Limit(), "xdp", {
  "the first packet passes": { in: from("192.0.2.1"), world: slow, verdict: Verdict.Pass },
  "the second passes": { in: from("192.0.2.1"), world: slow, verdict: Verdict.Pass },
  "the third is over the rate": { in: from("192.0.2.1"), world: slow, verdict: Verdict.drop("over the rate") },
  "another source has a rate of its own": { in: from("192.0.2.2"), world: slow, verdict: Verdict.Pass },
  "a second later it begins anew": { in: from("192.0.2.1"), after: 1.1, world: slow, verdict: Verdict.Pass },
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Verdict } from "datapath";
import { Arp, Ethernet, IpProtocol, Ipv4, Ipv6, Tcp, Udp } from "datapath/headers";
import { packet, rows, simulate } from "datapath/testing";
import Count from "./count.dp.js";

const udp = packet(Ethernet.of(), Ipv4.of(), Udp.of(), "query");
const tcp = packet(Ethernet.of(), Ipv6.of(), Tcp.of());
const arp = packet(Ethernet.of(), Arp.of());

rows(() => new Count(), "ingress", {
  "UDP over IPv4 is counted": { in: udp, verdict: Verdict.Pass },
  "TCP over IPv6 is counted": { in: tcp, verdict: Verdict.Pass },
  "ARP has no protocol to count by": { in: arp, verdict: Verdict.Pass },
});
rows(() => new Count(), "egress", { "what is sent is counted apart": { in: udp, verdict: Verdict.Pass } });

test("each protocol has its own packets and bytes", () => {
  const count = new Count();
  for (const bytes of [udp, udp, tcp, arp]) simulate(count, "ingress", bytes);
  assert.equal(count.received.at(IpProtocol.Udp).packets, 2n);
  assert.equal(count.received.at(IpProtocol.Udp).bytes, BigInt(2 * udp.length));
  assert.equal(count.received.at(IpProtocol.Tcp).packets, 1n);
  assert.equal(count.sent.at(IpProtocol.Udp).packets, 0n);
});

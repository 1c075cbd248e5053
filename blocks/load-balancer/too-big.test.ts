/** Packets that do not fit into the underlay. */
import { ipv4, ipv6, mac, Verdict } from "datapath";
import { Ethernet, Icmp, Icmpv6, Ipv4, Ipv6 } from "datapath/headers";
import { hosting, packet, rows } from "datapath/testing";
import { client4, client6, own, router, service4, service6, tcp } from "./frames.fixture.js";
import { LoadBalancer } from "./load-balancer.dp.js";

const hop = mac("02:00:00:00:00:09");
const turned = (etherType: number) => Ethernet.of({ src: own, dst: router, etherType });
/** TCP's headers take 20 bytes of a packet, IPv4's 20, IPv6's 40. */
const long4 = (length: number, dontFragment = true) => tcp({ bytes: length - 40, dontFragment });
const long6 = (length: number) => tcp({ bytes: length - 60, to: service6 });
const small = { ringSize: 251, maxBackends: 2, maxFlows: 64, vlan: false, fragments: false, extensions: false, errors: false } as const;
const alone = (family: 4 | 6, mtu: number) =>
  hosting(
    () =>
      new LoadBalancer({
        ...small,
        families: [family],
        services: [{ address: family === 4 ? service4 : service6, port: 443, protocol: "tcp", backends: [{ address: "10.0.0.11" }] }],
        mode: { kind: "ipip", source: "10.0.0.1", nextHop: hop, mtu },
        tooBigPerSecond: 2,
      }),
    (block, pkt) => block.balance(pkt),
  );

for (const hook of ["xdp", "ingress"] as const) {
  const told4 = {
    in: long4(1381),
    verdict: Verdict.Reflect,
    out: packet(
      turned(0x0800),
      Ipv4.of({ src: ipv4(service4), dst: client4 }),
      Icmp.of({ type: 3, code: 4, rest: 1380 }),
      long4(1381).subarray(14, 14 + 548),
    ),
  };
  rows(alone(4, 1400), hook, {
    [`${hook}: the longest packet that fits goes on`]: { in: long4(1380), verdict: Verdict.Reflect },
    [`${hook}: a longer one is answered: fragmentation needed, with the MTU (RFC 1191)`]: told4,
    [`${hook}: one that may be fragmented is dropped`]: { in: long4(1381, false), verdict: Verdict.drop("too long for the underlay") },
    [`${hook}: the second answer of a second`]: told4,
    [`${hook}: the third is not given`]: { in: long4(1381), verdict: Verdict.drop("too long, and told too often") },
    [`${hook}: the next second`]: { ...told4, after: 1 },
  });
}
rows(alone(6, 1500), "xdp", {
  "IPv6: the longest packet that fits goes on": { in: long6(1480), verdict: Verdict.Reflect },
  "IPv6: a longer one is answered: packet too big (RFC 8201)": {
    in: long6(1481),
    verdict: Verdict.Reflect,
    out: packet(
      turned(0x86dd),
      Ipv6.of({ src: ipv6(service6), dst: client6 }),
      Icmpv6.of({ type: 2, code: 0, rest: 1480 }),
      long6(1481).subarray(14, 14 + 1232),
    ),
  },
});

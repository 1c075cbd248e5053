import { ipv4, ipv6, mac, Verdict } from "datapath";
import { AccessControl, type AccessControlOptions } from "datapath/blocks";
import { Ethernet, Icmp, Ipv4, Ipv6, Tcp, Udp } from "datapath/headers";
import { hosting, packet, rows } from "datapath/testing";

const alone = (options: AccessControlOptions) =>
  hosting(
    () => new AccessControl(options),
    (acl, pkt) => acl.check(pkt),
  );
const tcp = (src: string, dstPort: number): Uint8Array => packet(Ethernet.of(), Ipv4.of({ src: ipv4(src) }), Tcp.of({ dstPort }));
const udp6 = (src: string, dstPort: number): Uint8Array => packet(Ethernet.of(), Ipv6.of({ src: ipv6(src) }), Udp.of({ dstPort }));
const refused = Verdict.drop("run-time rule");
const denied = Verdict.drop("denied");

const rules = [
  "allow src host 192.0.2.7",
  "deny src net 192.0.2.0/24",
  "allow tcp dst portrange 8000-8080 and src net 10.0.0.0/8",
  "deny net 10.9.0.0/16",
  "allow udp port 53 and ip6 net 2001:db8::/32",
  "deny ip6 src host 2001:db8:1::1",
] as const;
for (const table of ["lpmTrie", "prefixTable"] as const) {
  rows(alone({ default: "deny", rules: ["allow icmp", "allow tcp dst port 22"], runtime: { maxPrefixes: 100, table, rules } }), "xdp", {
    [`${table}: a host in front of its network`]: { in: tcp("192.0.2.7", 1), verdict: Verdict.Pass },
    [`${table}: the network`]: { in: tcp("192.0.2.8", 22), verdict: refused },
    [`${table}: a network and a range of ports`]: { in: tcp("10.9.0.1", 8080), verdict: Verdict.Pass },
    [`${table}: the first rule that matches`]: { in: tcp("10.9.0.1", 8081), verdict: refused },
    [`${table}: where none matches the other rules are asked`]: { in: tcp("10.8.0.1", 22), verdict: Verdict.Pass },
    [`${table}: and their default`]: { in: tcp("10.8.0.1", 23), verdict: denied },
    [`${table}: IPv6 and a port`]: { in: udp6("2001:db8:1::1", 53), verdict: Verdict.Pass },
    [`${table}: IPv6, one host`]: { in: udp6("2001:db8:1::1", 54), verdict: refused },
    [`${table}: a fragment has no port`]: {
      in: packet(Ethernet.of(), Ipv4.of({ src: ipv4("10.0.0.1"), fragmentOffset: 10 }), Tcp.of({ dstPort: 8000 })),
      verdict: denied,
    },
  });
}

rows(
  alone({
    default: "allow",
    rules: [],
    runtime: {
      maxPrefixes: 4,
      fields: ["stationSource", "stationDestination", "icmpType", "protocol", "dscp", "vlan", "fragment"],
      rules: [
        "allow ether src 02:00:00:00:00:07",
        "deny ether host 02:00:00:00:00:08",
        "deny icmp[icmptype] = icmp-echo",
        "deny dscp 46",
        "deny vlan 5 or fragment",
      ],
    },
  }),
  "ingress",
  {
    "an Ethernet address passes": {
      in: packet(Ethernet.of({ src: mac("02:00:00:00:00:07"), dst: mac("02:00:00:00:00:08") }), Ipv4.of({ dscp: 46 }), Udp.of()),
      verdict: Verdict.Pass,
    },
    "another one does not": { in: packet(Ethernet.of({ dst: mac("02:00:00:00:00:08") }), Ipv4.of(), Udp.of()), verdict: refused },
    "an echo request does not": { in: packet(Ethernet.of(), Ipv4.of(), Icmp.of({ type: 8 })), verdict: refused },
    "a reply does": { in: packet(Ethernet.of(), Ipv4.of(), Icmp.of({ type: 0 })), verdict: Verdict.Pass },
    "a DSCP does not": { in: packet(Ethernet.of(), Ipv4.of({ dscp: 46 }), Udp.of()), verdict: refused },
    "a fragment does not": { in: packet(Ethernet.of(), Ipv4.of({ moreFragments: true }), Udp.of()), verdict: refused },
    "what no rule is about does": { in: packet(Ethernet.of(), Ipv4.of(), Udp.of()), verdict: Verdict.Pass },
  },
);

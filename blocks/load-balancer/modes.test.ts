/** Each mode's outer headers, in Node and in the kernel, built here from the headers' own schemas. */

import { ipv4, ipv6, mac, Verdict } from "datapath";
import { Ethernet, Geneve, GeneveOption, Ipv4, Ipv6, Udp } from "datapath/headers";
import { hosting, packet, rows } from "datapath/testing";
import { client4, client6, own, service4, service6, tcp } from "./frames.fixture.js";
import { GeneveService4, GeneveService6, GueHeader } from "./headers.js";
import { LoadBalancer } from "./load-balancer.dp.js";
import type { BackendOptions, LoadBalancerOptions, Mode } from "./options.js";

const hop = mac("02:00:00:00:00:09");
const backend4 = "10.0.0.11";
const backend6 = "2001:db8:b::11";

/** Most are asked without what they need not: it builds faster, and all of it stands in the last table. */
const small: Partial<LoadBalancerOptions> = { vlan: false, fragments: false, extensions: false, errors: false, tooBigPerSecond: 0 };
const balancing = (
  mode: Mode,
  backend: BackendOptions,
  address: string,
  more: Partial<LoadBalancerOptions> = { ...small, families: [address.includes(":") ? 6 : 4] },
) =>
  hosting(
    () =>
      new LoadBalancer({
        ...more,
        services: [{ address, port: 443, protocol: "tcp", backends: [backend] }],
        mode,
        ringSize: 251,
        maxBackends: 2,
        maxFlows: 64,
      }),
    (balancer, pkt) => balancer.balance(pkt),
  );
const ethernet = (etherType: number) => Ethernet.of({ src: own, dst: hop, etherType });
const inside = (frame: Uint8Array): Uint8Array => frame.subarray(14);
/** As the block varies it: the low 16 bits of the client's address and its port. */
const spread4 = (client4 & 0xffff) ^ 40_000;
const spread6 = Number(client6 & 0xffffn) ^ 40_000;
const outer4 = { src: ipv4("172.16.0.0") + spread4, dst: ipv4(backend4), ttl: 64, dontFragment: true };
const outer6 = { src: ipv6("fd00::1"), dst: ipv6(backend6), hopLimit: 64, flowLabel: 0 };
const underlay4 = { source: "172.16.0.0", spread: true, nextHop: hop };
const underlay6 = { source: "fd00::1", nextHop: hop };
const datagram = (dstPort: number, spread: number) => ({ srcPort: 0x8000 | (spread & 0x7fff), dstPort, checksum: 0 });

const plain4 = tcp({ dscp: 46, ecn: 1 });
const plain6 = tcp({ to: service6, dscp: 10, ecn: 2 });

for (const hook of ["xdp", "ingress"] as const) {
  const sent = (frame: Uint8Array, out: Uint8Array) => ({ in: frame, verdict: Verdict.Reflect, out });
  rows(balancing({ kind: "ipip", ...underlay4 }, { address: backend4 }, service4), hook, {
    [`${hook}: IPIP: IPv4 in IPv4, with its DSCP and ECN`]: sent(
      plain4,
      packet(ethernet(0x0800), Ipv4.of({ ...outer4, dscp: 46, ecn: 1, protocol: 4 }), inside(plain4)),
    ),
    [`${hook}: the packets that follow go the same way`]: sent(
      plain4,
      packet(ethernet(0x0800), Ipv4.of({ ...outer4, dscp: 46, ecn: 1, protocol: 4 }), inside(plain4)),
    ),
    [`${hook}: another port is left alone`]: { in: tcp({ port: 444 }), verdict: Verdict.Pass, out: tcp({ port: 444 }) },
    [`${hook}: another address is left alone`]: { in: tcp({ to: "192.0.2.11" }), verdict: Verdict.Pass, out: tcp({ to: "192.0.2.11" }) },
  });
  // what differs between the hooks is the same in all modes
  if (hook === "xdp")
    rows(balancing({ kind: "ipip", ...underlay4, trafficClass: "zero" }, { address: backend4 }, service6), hook, {
      [`${hook}: IPIP: IPv6 in IPv4`]: sent(
        plain6,
        packet(ethernet(0x0800), Ipv4.of({ ...outer4, src: ipv4("172.16.0.0") + spread6, protocol: 41 }), inside(plain6)),
      ),
    });
  if (hook === "xdp")
    rows(balancing({ kind: "ipip", ...underlay6 }, { address: backend6 }, service6), hook, {
      [`${hook}: IPIP: IPv6 in IPv6`]: sent(
        plain6,
        packet(ethernet(0x86dd), Ipv6.of({ ...outer6, trafficClass: 42, nextHeader: 41 }), inside(plain6)),
      ),
    });
  if (hook === "xdp")
    rows(balancing({ kind: "ipip", ...underlay6, ttl: 9 }, { address: backend6 }, service4), hook, {
      [`${hook}: IPIP: IPv4 in IPv6`]: sent(
        plain4,
        packet(ethernet(0x86dd), Ipv6.of({ ...outer6, hopLimit: 9, trafficClass: 46 * 4 + 1, nextHeader: 4 }), inside(plain4)),
      ),
    });
  if (hook === "xdp")
    rows(balancing({ kind: "gue", ...underlay4, port: 9886 }, { address: backend4 }, service4), hook, {
      [`${hook}: GUE without a header of its own`]: sent(
        plain4,
        packet(ethernet(0x0800), Ipv4.of({ ...outer4, dscp: 46, ecn: 1 }), Udp.of(datagram(9886, spread4)), inside(plain4)),
      ),
    });
  rows(balancing({ kind: "gue", ...underlay6, variant: 0 }, { address: backend6 }, service6), hook, {
    [`${hook}: GUE with its header, over IPv6`]: sent(
      plain6,
      packet(
        ethernet(0x86dd),
        Ipv6.of({ ...outer6, flowLabel: spread6, trafficClass: 42 }),
        Udp.of(datagram(6080, spread6)),
        GueHeader.of({ protocol: 41 }),
        inside(plain6),
      ),
    ),
  });
  rows(balancing({ kind: "geneve", ...underlay4, networkIdentifier: 7 }, { address: backend4, port: 8443 }, service4), hook, {
    [`${hook}: Geneve: to the backend's own port, the service in an option`]: sent(
      plain4,
      packet(
        ethernet(0x0800),
        Ipv4.of({ ...outer4, dscp: 46, ecn: 1 }),
        Udp.of(datagram(6081, spread4)),
        Geneve.of({ optionsLength: 3, protocol: 0x0800, networkIdentifier: 7 }),
        GeneveOption.of({ optionClass: 0xff00, type: 1, units: 2 }),
        GeneveService4.of({ port: 443, address: ipv4(service4) }),
        inside(tcp({ dscp: 46, ecn: 1, to: backend4, port: 8443 })),
      ),
    ),
  });
  if (hook === "xdp")
    rows(balancing({ kind: "geneve", ...underlay6 }, { address: backend6 }, service6), hook, {
      [`${hook}: Geneve over IPv6`]: sent(
        plain6,
        packet(
          ethernet(0x86dd),
          Ipv6.of({ ...outer6, flowLabel: spread6, trafficClass: 42 }),
          Udp.of(datagram(6081, spread6)),
          Geneve.of({ optionsLength: 6, protocol: 0x86dd }),
          GeneveOption.of({ optionClass: 0xff00, type: 1, units: 5 }),
          GeneveService6.of({ port: 443, address: ipv6(service6) }),
          inside(tcp({ dscp: 10, ecn: 2, to: backend6 })),
        ),
      ),
    });
  rows(balancing({ kind: "l2" }, { address: backend4, mac: mac("02:00:00:00:0b:11") }, service4), hook, {
    [`${hook}: L2: to the backend's station, else as it was`]: sent(
      plain4,
      packet(Ethernet.of({ src: own, dst: mac("02:00:00:00:0b:11"), etherType: 0x0800 }), inside(plain4)),
    ),
  });
}

const tagged = (frame: Uint8Array, ...tags: readonly number[]): Uint8Array =>
  Uint8Array.from([...frame.subarray(0, 12), ...tags, ...frame.subarray(12)]);
const outside = packet(ethernet(0x0800), Ipv4.of({ ...outer4, dscp: 46, ecn: 1, protocol: 4 }), inside(plain4));
rows(balancing({ kind: "ipip", ...underlay4 }, { address: backend4 }, service4, {}), "xdp", {
  "a tagged packet keeps its tag outside": {
    in: tagged(plain4, 0x81, 0, 0, 5),
    verdict: Verdict.Reflect,
    out: tagged(outside, 0x81, 0, 0, 5),
  },
  "and two tags": {
    in: tagged(plain4, 0x88, 0xa8, 0, 7, 0x81, 0, 0, 5),
    verdict: Verdict.Reflect,
    out: tagged(outside, 0x88, 0xa8, 0, 7, 0x81, 0, 0, 5),
  },
});
const outside6 = packet(
  ethernet(0x0800),
  Ipv4.of({ ...outer4, src: ipv4("172.16.0.0") + spread6, dscp: 10, ecn: 2, protocol: 41 }),
  inside(plain6),
);
rows(balancing({ kind: "ipip", ...underlay4 }, { address: backend4 }, service6, { ...small, vlan: true, families: [6] }), "xdp", {
  "behind two tags the inner one says the outer header's family": {
    in: tagged(plain6, 0x88, 0xa8, 0, 7, 0x81, 0, 0, 5),
    verdict: Verdict.Reflect,
    out: tagged(outside6, 0x88, 0xa8, 0, 7, 0x81, 0, 0, 5),
  },
});

/** Which packets are a service's, in Node and in the kernel. */
import { ipv4, ipv6 } from "datapath";
import { rows } from "datapath/testing";
import { backend, balancing, dropped, left, sent, web } from "./balancing.fixture.js";
import { service4, service6, tcp, udp } from "./frames.fixture.js";
import type { LoadBalancer } from "./load-balancer.dp.js";

// ---------------------------------------------------------------- services
rows(
  balancing([
    web([backend(0)], { port: 80 }),
    { address: service4, protocol: "tcp", backends: [backend(1)] },
    web([backend(2)], { address: "203.0.113.0/24", port: 53, protocol: "udp" }),
  ]),
  "xdp",
  {
    "the first service that fits": sent(tcp({ port: 80 }), 0),
    "any port": sent(tcp({ port: 7777 }), 1),
    "another port of the same client is another flow": sent(tcp({ port: 7778 }), 1),
    "any port, but of its protocol": left(udp({ port: 7777 })),
    "the first address of a prefix": sent(udp({ to: "203.0.113.0", port: 53 }), 2),
    "the last address of a prefix": sent(udp({ to: "203.0.113.255", port: 53 }), 2),
    "the address behind a prefix": left(udp({ to: "203.0.114.0", port: 53 })),
    "another port of a prefix": left(udp({ to: "203.0.113.1", port: 54 })),
  },
);
const live = (block: LoadBalancer): void => {
  block.services4.set({ address: ipv4("192.0.2.20"), port: 80, protocol: 6, zero: 0 }, 0);
  block.services4.set({ address: ipv4("192.0.2.20"), port: 0, protocol: 17, zero: 0 }, 0);
  block.prefixes4.set({ length: 32 + 24, protocol: 6, zero: 0, port: 90, address: ipv4("203.0.113.0") }, 0);
  block.services4.set({ address: ipv4("192.0.2.20"), port: 81, protocol: 6, zero: 0 }, 1);
};
rows(balancing([web([backend(0)])], { liveServices: { maxEntries: 4, anyPort: true, prefixes: true } }, live), "xdp", {
  "a service that was added": sent(tcp({ to: "192.0.2.20", port: 80 }), 0),
  "its port of another protocol": left(tcp({ to: "192.0.2.20", port: 82 })),
  "a service of any port that was added": sent(udp({ to: "192.0.2.20", port: 5353 }), 0),
  "a service for a prefix that was added": sent(tcp({ to: "203.0.113.77", port: 90 }), 0),
  "a service that was added without backends": dropped(tcp({ to: "192.0.2.20", port: 81 }), "no backend"),
  "what no service is for": left(tcp({ to: "192.0.2.30", port: 80 })),
});
rows(
  balancing(
    [
      {
        address: service6,
        port: 443,
        protocol: "tcp",
        backends: [{ ...backend(0), address: "2001:db8::1" }],
        sources: ["2001:db8:c::/48"],
        sticky: true,
      },
    ],
    { families: [6], affinity: { maxEntries: 4, seconds: 60 } },
  ),
  "xdp",
  {
    "IPv6: a service": sent(tcp({ to: service6 }), 0),
    "IPv6: its flow again": sent(tcp({ to: service6 }), 0),
    "IPv6: a source that is not allowed": dropped(tcp({ to: service6, from: ipv6("2001:db8:d::1") }), "source not allowed"),
    "IPv6: another address": left(tcp({ to: "2001:db8:5::11" })),
  },
);

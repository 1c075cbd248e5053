/** Which backend gets a flow's packets, in Node and in the kernel. */
import { ipv4, Verdict } from "datapath";
import { type Row, rows } from "datapath/testing";
import { backend, balancing, dropped, has, sent, web } from "./balancing.fixture.js";
import { client4, tcp, udp } from "./frames.fixture.js";

rows(balancing([web([backend(0, "draining"), backend(1)])], {}, has(0)), "xdp", {
  "a draining backend keeps its flows": sent(tcp(), 0),
  "a draining backend takes no new flow": sent(tcp({ sourcePort: 40_001, syn: true }), 1),
  "a connection that begins anew from the same port is a new flow": sent(tcp({ syn: true }), 1),
  "and stays where it began": sent(tcp(), 1),
});
rows(balancing([web([backend(0, "down"), backend(1)])], {}, has(0)), "xdp", {
  "the flows of a backend that is down go to another": sent(tcp(), 1),
});
rows(
  balancing([web([backend(0), backend(1, "down")])], {}, block => has(0, 40_000, 0, 7)(block)),
  "xdp",
  {
    "a flow of who had a backend's number before is a new one": sent(tcp(), 0),
  },
);
rows(balancing([web([backend(0, "down"), backend(1, "draining")])]), "xdp", {
  "where no backend takes flows new ones are dropped": dropped(tcp(), "no backend"),
});
rows(balancing([web([backend(0, "draining"), backend(1)], { protocol: "udp" })], { moveDatagrams: true }, has(0)), "xdp", {
  "UDP flows of a draining backend move, if asked to": sent(udp(), 1),
  "and stay where they came to": sent(udp(), 1),
});
rows(balancing([web([backend(0, "draining"), backend(1)], { protocol: "udp" })], {}, has(0)), "xdp", {
  "UDP flows of a draining backend stay otherwise": sent(udp(), 0),
});
rows(balancing([web([backend(0), backend(1, "up", 2)], { scheduler: "roundRobin" })]), "xdp", {
  "round robin: first the heavier one": sent(tcp({ sourcePort: 1 }), 1),
  "round robin: then the other": sent(tcp({ sourcePort: 2 }), 0),
  "round robin: then the heavier one again": sent(tcp({ sourcePort: 3 }), 1),
  "round robin: a flow stays with its backend": sent(tcp({ sourcePort: 2 }), 0),
  "round robin: and so on": sent(tcp({ sourcePort: 4 }), 1),
});
rows(balancing([web([backend(0)], { sources: ["198.51.100.0/24"] }), web([backend(1)], { port: 80 })]), "xdp", {
  "a source that is allowed": sent(tcp(), 0),
  "a source that is not": dropped(tcp({ from: ipv4("203.0.113.1") }), "source not allowed"),
  "another service is open to all": sent(tcp({ from: ipv4("203.0.113.1"), port: 80 }), 1),
});
const ticks = (seconds: number): Partial<Row> => ({ after: seconds });
rows(
  balancing([web([backend(0), backend(1)], { sticky: true, scheduler: "roundRobin" })], { affinity: { maxEntries: 16, seconds: 10 } }),
  "xdp",
  {
    "affinity: a client's first flow": sent(tcp({ sourcePort: 1 }), 0, ticks(100)),
    "affinity: its next one goes to the same backend": sent(tcp({ sourcePort: 2 }), 0, ticks(9)),
    "affinity: counted from the last one": sent(tcp({ sourcePort: 3 }), 0, ticks(9)),
    "affinity: another client": sent(tcp({ sourcePort: 3, from: ipv4("198.51.100.8") }), 1),
    "affinity: over after its time": sent(tcp({ sourcePort: 4 }), 0, ticks(10)),
    "affinity: and then again": sent(tcp({ sourcePort: 5 }), 0, ticks(1)),
    "affinity: the turn went on": sent(tcp({ sourcePort: 4, from: ipv4("198.51.100.9") }), 1),
  },
);

/** A full table: in turns, a flow that was forgotten would go to either. */
const flooded = Array.from({ length: 60 }, (_, n): readonly (readonly [string, Row])[] => [
  [`full: newcomer ${n}`, { in: tcp({ from: client4 + 1 + n, syn: true }), verdict: Verdict.Reflect, after: 0.01 }],
  ...(n % 5 === 4 ? ([[`full: the flow goes on after ${n}`, sent(tcp(), 0)]] as const) : []),
]).flat();
rows(balancing([web([backend(0), backend(1)], { scheduler: "roundRobin" })], { table: "flowTable", maxFlows: 8 }), "xdp", {
  "a flow table: the flow that goes on": sent(tcp(), 0, { after: 100 }),
  ...Object.fromEntries(flooded),
});

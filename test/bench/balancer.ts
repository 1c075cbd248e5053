/** The balancer's cases: what both programs are given. */
import { mac } from "datapath";
import type { LoadBalancerOptions } from "../../blocks/load-balancer/options.js";
import { planOf } from "../../blocks/load-balancer/plan.js";
import { plain } from "./flow-tables.js";

const BACKENDS = 128;
const PLACES = 65_537;
/** bytes of one backend in the twin */
const BACKEND = 24;

/** One service with 100 backends; what its packets do not need is left out. */
export function balancerOptions(kind: "ipip" | "l2", table: "lruHash" | "flowTable"): LoadBalancerOptions {
  return {
    ...plain,
    errors: false,
    tooBigPerSecond: 0,
    services: [
      {
        address: "10.200.1.1",
        port: 80,
        protocol: "tcp",
        backends: Array.from({ length: 100 }, (_, i) => ({ address: `10.0.0.${i + 1}`, mac: mac("02:00:00:00:0b:00") + i })),
      },
    ],
    maxBackends: BACKENDS,
    maxFlows: 131_072,
    table,
    mode: kind === "l2" ? { kind } : { kind, source: "172.16.0.0", spread: true, nextHop: mac("02:00:00:00:00:09"), trafficClass: "zero" },
  };
}

/** The same service as the twin has it in its data section. */
export function twinData(): Uint8Array {
  const plan = planOf(balancerOptions("ipip", "lruHash"));
  const bytes = new Uint8Array(8 + BACKENDS * BACKEND + 2 * (PLACES + 1) * 2);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, PLACES, true);
  for (const [number, backend] of plan.backends.entries()) {
    const at = 8 + number * BACKEND;
    view.setUint32(at, backend.tag, true);
    view.setUint32(at + 4, backend.address, false);
    view.setUint16(at + 8, Math.trunc(backend.mac / 2 ** 32), false);
    view.setUint32(at + 10, backend.mac % 2 ** 32, false);
    view.setUint32(at + 16, backend.state, true);
  }
  for (let place = 0; place < PLACES; place++) {
    const number = plan.rings[place >>> 8]?.backends[place & 255] ?? 0;
    view.setUint16(8 + BACKENDS * BACKEND + place * 2, number, true);
  }
  return bytes;
}

/** The balancer of the lab, in each mode. */
import { mac } from "datapath";
import type { LoadBalancerOptions, Mode } from "../../../blocks/load-balancer/options.js";
import { PORT, SERVICE, serverMac, servers } from "./network.js";

export function balancerOptions(mode: Mode): LoadBalancerOptions {
  return {
    services: [
      {
        address: SERVICE,
        port: PORT,
        protocol: "tcp",
        backends: servers.map(host => ({ address: `10.9.0.${host}`, mac: mac(serverMac(host)) })),
      },
    ],
    mode,
    families: [4],
    vlan: false,
    extensions: false,
    fragments: false,
    ringSize: 1021,
    maxBackends: 8,
  };
}

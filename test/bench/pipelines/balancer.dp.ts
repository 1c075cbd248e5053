import { mac, Pipeline, Verdict, type XdpPacket } from "datapath";
import { LoadBalancer } from "../../../blocks/load-balancer/load-balancer.dp.js";

export default class Balancer extends Pipeline {
  readonly balancer = new LoadBalancer({
    families: [4],
    vlan: false,
    fragments: false,
    extensions: false,
    services: [
      {
        address: "10.200.1.1",
        port: 80,
        protocol: "tcp",
        backends: Array.from({ length: 100 }, (_, i) => ({ address: `10.0.0.${i + 1}` })),
      },
    ],
    maxBackends: 128,
    maxFlows: 131_072,
    mode: { kind: "ipip", source: "172.16.0.0", spread: true, nextHop: mac("02:00:00:00:00:09"), trafficClass: "zero" },
  });
  override xdp(pkt: XdpPacket): Verdict {
    return this.balancer.balance(pkt) ?? Verdict.Pass;
  }
}

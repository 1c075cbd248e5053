/** Balancers that send packets on as they are, in each way. */
import { mac, type Packet, Pipeline, type TcPacket, Verdict, type XdpPacket } from "datapath";
import { type BackendOptions, LoadBalancer, type LoadBalancerOptions, type Mode, type ServiceOptions } from "datapath/blocks";

const nextHop = mac("02:00:00:00:00:02");
const backends4 = [
  { address: "10.0.0.11", mac: mac("02:00:00:00:0b:01") },
  { address: "10.0.0.12", mac: mac("02:00:00:00:0b:02"), weight: 2 },
];
const backends6 = [
  { address: "2001:db8:b::11", mac: mac("02:00:00:00:0b:03") },
  { address: "2001:db8:b::12", mac: mac("02:00:00:00:0b:04") },
];
const own = [
  { address: "2001:db8::1", port: 443, protocol: "tcp", sticky: true },
  { address: "2001:db8::2", protocol: "udp" },
] as const;
const services: readonly ServiceOptions[] = [
  { address: "192.0.2.1", port: 80, protocol: "tcp" },
  { address: "192.0.2.1", port: 443, protocol: "udp", scheduler: "roundRobin" },
  { address: "192.0.2.1", port: 53, protocol: "udp", scheduler: "sourceHash", sources: ["10.0.0.0/8"] },
  { address: "198.51.100.0/30", protocol: "tcp" },
  ...own,
];
const options = {
  maxFlows: 131_072,
  maxBackends: 32,
  ringSize: 251,
  affinity: { maxEntries: 65_536, seconds: 5 },
};

abstract class Balancing extends Pipeline {
  readonly balancer: LoadBalancer;
  constructor(balancer: LoadBalancerOptions) {
    super();
    this.balancer = new LoadBalancer(balancer);
  }
  protected handle(pkt: Packet): Verdict {
    return this.balancer.balance(pkt) ?? Verdict.Pass;
  }
}
class OnXdp extends Balancing {
  override xdp(pkt: XdpPacket): Verdict {
    return this.handle(pkt);
  }
}
class OnTc extends Balancing {
  override ingress(pkt: TcPacket): Verdict {
    return this.handle(pkt);
  }
}
/** Services of both families; backends are of the outer header's. */
function balancing(mode: Mode, backends: readonly BackendOptions[], more: Partial<LoadBalancerOptions> = {}): LoadBalancerOptions {
  return { ...options, services: services.map(service => ({ ...service, backends })), mode, ...more };
}

export const ipip = () => new OnXdp(balancing({ kind: "ipip", source: "10.0.0.1", nextHop }, backends4));
export const ipip6 = () => new OnTc(balancing({ kind: "ipip", source: "2001:db8:a::1" }, backends6, { table: "flowTable", maxFlows: 64 }));
export const gue = () =>
  new OnTc(
    balancing({ kind: "gue", source: "10.1.0.0", spread: true, variant: 0, nextHop, mtu: 1400 }, backends4, { quic: { configuration: 0 } }),
  );
export const geneve = () =>
  new OnXdp(
    balancing({ kind: "geneve", source: "2001:db8:a::1", nextHop }, backends6, {
      services: own.map(service => ({ ...service, backends: backends6.map(backend => ({ ...backend, port: 8080 })) })),
    }),
  );
export const direct = () => new OnXdp(balancing({ kind: "l2" }, [...backends4, ...backends6], { moveDatagrams: true }));

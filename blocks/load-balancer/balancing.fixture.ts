/** Balancers of the tests, whose backends are told apart by their stations. */
import { mac, Verdict } from "datapath";
import { Ethernet } from "datapath/headers";
import { hosting, packet, type Row } from "datapath/testing";
import { client4, own, service4 } from "./frames.fixture.js";
import { LoadBalancer } from "./load-balancer.dp.js";
import type { BackendOptions, LoadBalancerOptions, ServiceOptions, StateName } from "./options.js";
import { tagOf } from "./ring.js";

const stations = [mac("02:00:00:00:0b:00"), mac("02:00:00:00:0b:01"), mac("02:00:00:00:0b:02")];
export const backend = (number: number, state: StateName = "up", weight = 1): BackendOptions => ({
  address: `10.0.0.${number + 1}`,
  mac: stations[number] ?? 0,
  state,
  weight,
});
export const web = (backends: readonly BackendOptions[], more: Partial<ServiceOptions> = {}): ServiceOptions => ({
  address: service4,
  port: 443,
  protocol: "tcp",
  backends,
  ...more,
});
const small = {
  mode: { kind: "l2" },
  ringSize: 251,
  maxBackends: 4,
  maxFlows: 64,
  vlan: false,
  fragments: false,
  extensions: false,
} as const;
/** The block with these services, and with flows that it remembers already. */
export const balancing = (
  services: readonly ServiceOptions[],
  options: Partial<LoadBalancerOptions> = {},
  prepare: (block: LoadBalancer) => void = () => {},
) =>
  hosting(
    () => {
      const block = new LoadBalancer({ services, families: [4], errors: false, ...small, ...options });
      prepare(block);
      return block;
    },
    (block, pkt) => block.balance(pkt),
  );
/** A flow of the client that a backend has. */
export const has =
  (number: number, sourcePort = 40_000, service = 0, incarnation = 1) =>
  (block: LoadBalancer) =>
    void block.flows.clients4.set({ address: client4, port: sourcePort, service }, tagOf(number, incarnation));
const stationed = (frame: Uint8Array, station: number): Uint8Array =>
  packet(Ethernet.of({ src: own, dst: station, etherType: ((frame[12] ?? 0) << 8) | (frame[13] ?? 0) }), frame.subarray(14));
export const sent = (frame: Uint8Array, number: number, more: Partial<Row> = {}): Row => ({
  in: frame,
  verdict: Verdict.Reflect,
  out: stationed(frame, stations[number] ?? 0),
  ...more,
});
export const left = (frame: Uint8Array): Row => ({ in: frame, verdict: Verdict.Pass, out: frame });
export const dropped = (frame: Uint8Array, reason: string, more: Partial<Row> = {}): Row => ({
  in: frame,
  verdict: Verdict.drop(reason),
  ...more,
});

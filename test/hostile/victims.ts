/** What hostile packets are sent to: each block in a pipeline, as its README shows it. A new block is one more entry. */
import type { Pipeline } from "datapath";
import { direct, geneve, gue, ipip, ipip6 } from "./pipelines/balancers.js";
import { EverythingOnEgress, EverythingOnIngress, EverythingOnXdp } from "./pipelines/composed.js";
import {
  Firewall,
  MasqueradingOnTc,
  MasqueradingOnXdp,
  PublishingOnTc,
  PublishingOnXdp,
  ShieldedFlows,
  TightTracking,
  Tracking,
  Translating,
  Windowed,
} from "./pipelines/flows.js";
import { Counted, Filter, Limited, LimitedFlows, Paced, Proxying, Responder, Shielded } from "./pipelines/plain.js";
import { stations } from "./pipelines/stations.js";
import { type Findings, harm, type Victim } from "./run.js";

export interface HarmedVictim {
  /** the block's name, and what is special about this use of it */
  readonly name: string;
  harm(count: number, seed: number): Promise<Findings>;
}

/** Erases a pipeline's type, so that pipelines of all sorts stand in one list. */
function victim<P extends Pipeline>(name: string, hook: Victim<P>["hook"], make: () => P): HarmedVictim {
  return { name, harm: (count, seed) => harm({ name, hook, make, stations }, count, seed) };
}

/** Blocks that know no flows of packets. */
export const plain: readonly HarmedVictim[] = [
  victim("arp-responder", "xdp", () => new Responder()),
  victim("arp-responder, a proxy on tc", "ingress", () => new Proxying()),
  victim("access-control", "xdp", () => new Filter()),
  victim("counter", "ingress", () => new Counted()),
  victim("rate-limit", "xdp", () => new Limited()),
  victim("rate-limit, a full table on tc", "ingress", () => new LimitedFlows()),
  victim("pacer", "egress", () => new Paced()),
  victim("syn-cookie", "xdp", () => new Shielded()),
  victim("load-balancer, IPIP", "xdp", ipip),
  victim("load-balancer, IPIP over IPv6 on tc, a full table", "ingress", ipip6),
  victim("load-balancer, GUE on tc", "ingress", gue),
  victim("load-balancer, Geneve over IPv6", "xdp", geneve),
  victim("load-balancer, L2", "xdp", direct),
];

/** Blocks that share a table of flows. */
export const stateful: readonly HarmedVictim[] = [
  victim("conntrack on tc", "ingress", () => new Tracking()),
  victim("conntrack, windows", "xdp", () => new Windowed()),
  victim("conntrack, a full table", "xdp", () => new TightTracking()),
  victim("access-control, stateful", "ingress", () => new Firewall()),
  victim("syn-cookie, with conntrack", "xdp", () => new ShieldedFlows()),
  victim("port-map on tc", "ingress", () => new PublishingOnTc()),
  victim("port-map, which forwards", "xdp", () => new PublishingOnXdp()),
  victim("nat44 on tc", "ingress", () => new MasqueradingOnTc()),
  victim("nat44, which forwards", "xdp", () => new MasqueradingOnXdp()),
  victim("load-balancer, NAT on tc", "ingress", () => new Translating()),
];

/** All blocks at once: most of what these take is the compiler's time, so that `npm run soak` has them alone. */
const together: readonly HarmedVictim[] = [
  victim("all blocks", "xdp", () => new EverythingOnXdp()),
  victim("all blocks on tc, ingress", "ingress", () => new EverythingOnIngress()),
  victim("all blocks on tc, egress", "egress", () => new EverythingOnEgress()),
];

export const victims: readonly HarmedVictim[] = [...plain, ...stateful, ...together];

/** How many packets each gets where a block is to get `count`: those of one block, by the name's beginning, share them. */
export function shareOf(victim: HarmedVictim, count: number): number {
  const block = blockOf(victim);
  return Math.ceil(count / victims.filter(each => blockOf(each) === block).length);
}
function blockOf({ name }: HarmedVictim): string {
  return name.split(/,| on tc/)[0] ?? name;
}

/** What the pipelines of five blocks are made with: their packets have no tags, fragments or options. */
import { ipv4, mac } from "datapath";
import type { AccessControlOptions, ArpResponderOptions, PortMapping, ServiceOptions } from "datapath/blocks";
import { rulesOf, ruleText } from "./acl.js";
import { balancerOptions } from "./balancer.js";
import { plain } from "./flow-tables.js";

export const station: ArpResponderOptions = { address: ipv4("10.0.0.1"), mac: mac("02:00:00:00:00:09") };
export const rules: AccessControlOptions = { default: "deny", rules: rulesOf(10).map(ruleText), ...plain };
/** 10.200.1.2:80 is the container's, 10.200.1.1:80 the balancer's. */
export const mappings: readonly PortMapping[] = [
  { protocol: "tcp", address: ipv4("10.200.1.2"), port: 80, to: { address: ipv4("172.17.0.2"), port: 8080 } },
];
export const services: readonly ServiceOptions[] = balancerOptions("ipip", "lruHash").services ?? [];

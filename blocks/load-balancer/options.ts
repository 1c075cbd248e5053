/** What a LoadBalancer is made with, and what of it is refused. */
import { checkLayersOptions, type LayersOptions, type u8, type u48 } from "datapath";
import { isPrime } from "./maglev.js";

/** One server of a service. */
export interface BackendOptions {
  /** @example "10.0.0.11", "2001:db8::11" */
  readonly address: string;
  /** where it listens, if it is another port than the service's (modes `nat` and `geneve`) */
  readonly port?: number;
  /** its station (mode `l2`) */
  readonly mac?: u48;
  /** its share of new flows; 1 by default, 1 … 65535 */
  readonly weight?: number;
  /** whether it takes flows; "up" by default */
  readonly state?: StateName;
}
/** `up` takes new flows, `draining` keeps its own and takes none, `down` has none. */
export type StateName = "up" | "draining" | "down";
export type SchedulerName = "maglev" | "sourceHash" | "roundRobin";
export type ProtocolName = "tcp" | "udp" | "sctp";

/** A virtual service. */
export interface ServiceOptions {
  /** an address, or a prefix of them: "192.0.2.1", "192.0.2.0/24", "2001:db8::1" */
  readonly address: string;
  /** all ports where it is left out */
  readonly port?: number;
  readonly protocol: ProtocolName;
  /** how new flows choose; "maglev" by default */
  readonly scheduler?: SchedulerName;
  /** who may begin flows, as prefixes; everyone where it is left out */
  readonly sources?: readonly string[];
  /** a client's new flows go where its last one went (needs the block's option `affinity`) */
  readonly sticky?: boolean;
  readonly backends?: readonly BackendOptions[];
}

/** The outer header's own address, and where the frame goes. */
export interface Underlay {
  /** the outer source address, of the family that backends have */
  readonly source: string;
  /** vary the low 16 bits of the source by flow, so that receivers spread flows over their queues */
  readonly spread?: boolean;
  /** the station that forwards to the backends; the kernel's routes say where it is left out */
  readonly nextHop?: u48;
  /** the longest packet that the underlay takes, in bytes from the IP header on; 1500 by default */
  readonly mtu?: number;
  /** of the outer header; 64 by default */
  readonly ttl?: u8;
  /** `"zero"` leaves DSCP and ECN of the outer header zero; by default they are the packet's own (RFC 6040) */
  readonly trafficClass?: "copy" | "zero";
}

/** How packets reach a backend. */
export type Mode =
  /** in another IP header (RFC 2003, RFC 2473, RFC 4213): the backend answers the client directly */
  | (Underlay & { readonly kind: "ipip" })
  /** in UDP, generic UDP encapsulation: variant 1 has no header of its own, variant 0 has four bytes */
  | (Underlay & { readonly kind: "gue"; readonly port?: number; readonly variant?: 0 | 1 })
  /** in Geneve (RFC 8926), to the backend's own address and port; an option carries the service's */
  | (Underlay & {
      readonly kind: "geneve";
      readonly networkIdentifier?: number;
      readonly optionClass?: number;
      readonly optionType?: number;
    })
  /** to the backend's station, as it is: backends are on the same link and have the service's address */
  | { readonly kind: "l2" }
  /** translated to the backend's own address and port, as `NatBalancer` does */
  | { readonly kind: "nat" };

export interface LoadBalancerOptions extends LayersOptions {
  /** Services that the program knows: their addresses are constants, their backends can be changed. */
  readonly services?: readonly ServiceOptions[];
  /** Room for services that are added while running: one more lookup a packet. */
  readonly liveServices?: { readonly maxEntries: number; readonly anyPort?: boolean; readonly prefixes?: boolean };
  readonly mode: Mode;
  /** Backends of all services together, those that were there before too; a power of two up to 32768, 256 by default. */
  readonly maxBackends?: number;
  /** Places of a service's ring, a prime of 251 … 131071; 65537 by default. */
  readonly ringSize?: number;
  /** Flows that are remembered, of each family; 65536 by default. */
  readonly maxFlows?: number;
  /** Where they are remembered: the kernel's LRU map, which all CPUs share (the default), or a flow table of each CPU's own. */
  readonly table?: "lruHash" | "flowTable";
  /** Room for clients whose new flows go where their last one went, and for how many seconds. */
  readonly affinity?: { readonly maxEntries: number; readonly seconds: number };
  /** Room for prefixes of sources, over all restricted services. */
  readonly maxSources?: number;
  /** ICMP errors go to the backend of the flow that they quote; `false` leaves them alone. */
  readonly errors?: boolean;
  /** UDP flows of a draining backend move at once. */
  readonly moveDatagrams?: boolean;
  /** Packets of UDP services go by the server's number in QUIC's connection identifiers, with this configuration (0 … 6). */
  readonly quic?: { readonly configuration: number };
  /** Packets that are too long for the underlay answered with ICMP errors, at most so many a second on each CPU; 100 by default, 0 answers none. */
  readonly tooBigPerSecond?: number;
}

/** @throws RangeError that names the option, its value and what is allowed */
export function checkOptions(options: LoadBalancerOptions): void {
  checkLayersOptions("LoadBalancer", options);
  const whole = (name: string, value: number, least: number, most: number): void => {
    if (!Number.isInteger(value) || value < least || value > most) refuse(name, value, `a whole number of ${least} to ${most}`);
  };
  const { maxBackends = 256, ringSize = 65_537, maxFlows = 65_536, mode, services = [], liveServices, affinity } = options;
  whole("maxBackends", maxBackends, 2, 32_768);
  if (Math.log2(maxBackends) % 1 !== 0) refuse("maxBackends", maxBackends, "a power of two of 2 to 32768");
  if (!isPrime(ringSize) || ringSize < 251 || ringSize > 131_071) refuse("ringSize", ringSize, "a prime of 251 to 131071, such as 65537");
  whole("maxFlows", maxFlows, 1, 2 ** 26);
  whole("maxSources", options.maxSources ?? 1024, 1, 2 ** 24);
  whole("tooBigPerSecond", options.tooBigPerSecond ?? 100, 0, 1_000_000);
  if (services.length === 0 && !liveServices) refuse("services", services, "one or more, or room for some by liveServices");
  if (liveServices) whole("liveServices.maxEntries", liveServices.maxEntries, 1, 65_535);
  whole("services", services.length + (liveServices?.maxEntries ?? 0), 1, 65_535);
  if (affinity) {
    whole("affinity.maxEntries", affinity.maxEntries, 1, 2 ** 26);
    whole("affinity.seconds", affinity.seconds, 1, 1_000_000);
  }
  const { table = "lruHash" } = options;
  if (table !== "lruHash" && table !== "flowTable") refuse("table", table, '"lruHash" or "flowTable"');
  if (options.quic) whole("quic.configuration", options.quic.configuration, 0, 6);
  checkMode(mode, whole);
}

function checkMode(mode: Mode, whole: (name: string, value: number, least: number, most: number) => void): void {
  const kinds = ["ipip", "gue", "geneve", "l2", "nat"];
  if (typeof mode !== "object" || mode === null || !kinds.includes(mode.kind))
    refuse("mode", mode, `one with kind ${kinds.map(kind => JSON.stringify(kind)).join(", ")}`);
  if (mode.kind === "l2" || mode.kind === "nat") return;
  whole("mode.mtu", mode.mtu ?? 1500, 1280, 65_535);
  whole("mode.ttl", mode.ttl ?? 64, 1, 255);
  if (mode.nextHop !== undefined && (!isStation(mode.nextHop) || mode.nextHop === 0))
    refuse("mode.nextHop", mode.nextHop, 'the address of one station, such as mac("02:00:00:00:00:01")');
  if (mode.kind === "gue") {
    whole("mode.port", mode.port ?? 6080, 1, 65_535);
    whole("mode.variant", mode.variant ?? 1, 0, 1);
  }
  if (mode.kind === "geneve") {
    whole("mode.networkIdentifier", mode.networkIdentifier ?? 0, 0, 2 ** 24 - 1);
    whole("mode.optionClass", mode.optionClass ?? 0xff00, 0, 65_535);
    whole("mode.optionType", mode.optionType ?? 1, 0, 127);
  }
}

export function isStation(mac: u48): boolean {
  return Number.isInteger(mac) && mac >= 0 && mac < 2 ** 48 && Math.trunc(mac / 2 ** 40) % 2 === 0;
}

export function refuse(name: string, value: unknown, allowed: string): never {
  const shown = JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? `${each}` : each));
  throw new RangeError(`LoadBalancer: the option ${name} is ${shown}; allowed is ${allowed}`);
}

/** Where more prefixes are listed than there is room for. */
export function refuseSources(options: LoadBalancerOptions): never {
  refuse("maxSources", options.maxSources ?? 1024, "as many as prefixes are listed, or more");
}

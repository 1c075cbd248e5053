/** A mode's options as the numbers that go into outer headers. */
import { Encap } from "datapath";
import { addressOfText } from "./addresses.js";
import { type Mode, refuse } from "./options.js";

/** How packets are wrapped; everything in it is a constant of the program. */
export interface Delivery {
  readonly kind: Mode["kind"];
  /** of the outer header; 0 without one */
  readonly family: 4 | 6 | 0;
  readonly source4: number;
  readonly source6: bigint;
  readonly spread: boolean;
  /** 0: by the kernel's routes */
  readonly nextHop: number;
  readonly ttl: number;
  /** the inner DSCP and ECN stand in the outer header too (RFC 2003 section 3.1, RFC 6040) */
  readonly copyClass: boolean;
  /** bytes that are put in front of the inner IP header */
  readonly overhead: number;
  /** longest inner packet, from its IP header on */
  readonly longest: number;
  readonly encap: Encap;
  /** the UDP port that it goes to; 0 without UDP */
  readonly port: number;
  /** GUE: 4 or 0 bytes of its own header */
  readonly gueHeader: number;
  readonly networkIdentifier: number;
  readonly optionClass: number;
  readonly optionType: number;
}

const GUE_PORT = 6080;
const GENEVE_PORT = 6081;
const none: Delivery = {
  kind: "l2",
  family: 0,
  source4: 0,
  source6: 0n,
  spread: false,
  nextHop: 0,
  ttl: 64,
  copyClass: false,
  overhead: 0,
  longest: 65_535,
  encap: Encap.None,
  port: 0,
  gueHeader: 0,
  networkIdentifier: 0,
  optionClass: 0,
  optionType: 0,
};

export function deliveryOf(mode: Mode): Delivery {
  if (mode.kind === "nat") return refuse("mode.kind", mode.kind, "another one: NatBalancer translates");
  if (mode.kind === "l2") return none;
  const source = addressOfText("mode.source", mode.source);
  const spread = mode.spread === true;
  if (spread && (BigInt(source.address) & 0xffffn) !== 0n)
    refuse("mode.source", mode.source, "an address whose last 16 bits are 0, with spread");
  const header = source.family === 4 ? 20 : 40;
  const gueHeader = mode.kind === "gue" && mode.variant === 0 ? 4 : 0;
  // The Geneve option is its head, a port, two bytes that are free, and an address.
  const inner = { ipip: 0, gue: 8 + gueHeader, geneve: 8 + 8 + 4 + 4 + (source.family === 4 ? 4 : 16) }[mode.kind];
  const overhead = header + inner;
  const mtu = mode.mtu ?? 1500;
  // RFC 8200 section 5: whoever is told less than 1280 need not send less.
  if (mtu - overhead < 1280) refuse("mode.mtu", mtu, `${1280 + overhead} or more, so that 1280 bytes fit inside`);
  const udp = mode.kind !== "ipip";
  return {
    kind: mode.kind,
    family: source.family,
    source4: source.family === 4 ? source.address : 0,
    source6: source.family === 6 ? source.address : 0n,
    spread,
    nextHop: mode.nextHop ?? 0,
    ttl: mode.ttl ?? 64,
    copyClass: mode.trafficClass !== "zero",
    overhead,
    longest: mtu - overhead,
    encap: source.family === 4 ? (udp ? Encap.Udp4 : Encap.Ip4) : udp ? Encap.Udp6 : Encap.Ip6,
    port: mode.kind === "gue" ? (mode.port ?? GUE_PORT) : mode.kind === "geneve" ? GENEVE_PORT : 0,
    gueHeader,
    networkIdentifier: mode.kind === "geneve" ? (mode.networkIdentifier ?? 0) : 0,
    optionClass: mode.kind === "geneve" ? (mode.optionClass ?? 0xff00) : 0,
    optionType: mode.kind === "geneve" ? (mode.optionType ?? 1) : 0,
  };
}

/** The sum of an outer IPv4 header's words that are the same in every packet. */
export function constantSum({ source4, ttl }: Delivery): number {
  return 0x4500 + 0x4000 + ttl * 256 + (source4 >>> 16) + (source4 & 0xffff);
}

/** What a PortMap is made with, and what of it is refused. */
import type { Flows, PortChoice, u8, u16, u32, u128 } from "datapath";
import { IpProtocol } from "datapath/headers";
import { type Address4, addressOf, isHost4, isHost6, isParam, type Prefix4, prefix4 } from "../shared/addresses.js";
import { type PortRange, portChoice, refuseOption } from "../shared/ports.js";
import type { TranslatorOptions } from "../shared/translator.dp.js";

export type MappedProtocol = "tcp" | "udp" | "sctp";

/** One published port, or a range of them, over IPv4. */
export interface PortMapping4 {
  readonly protocol: MappedProtocol;
  /** where it is published: an address of this machine */
  readonly address: Address4;
  /** a port, or a range with both its ends */
  readonly port: u16 | PortRange;
  /** The container's address and port: the first of as many as are published; the same port where it is left out. */
  readonly to: { readonly address: u32; readonly port?: u16 };
}
/** One published port, or a range of them, over IPv6. */
export interface PortMapping6 {
  readonly protocol: MappedProtocol;
  readonly address: u128;
  readonly port: u16 | PortRange;
  readonly to: { readonly address: u128; readonly port?: u16 };
}
export type PortMapping = PortMapping4 | PortMapping6;

export interface PortMapOptions extends TranslatorOptions {
  /** mappings that are known at build time: compares, no lookup */
  readonly mappings?: readonly PortMapping[];
  /** Mappings that are changed while running, in the maps `mappings4` and `mappings6`: how many of each family. */
  readonly live?: { readonly maxEntries: number };
  /**
   * Stations of these prefixes reach published ports that lead back to their own network: they are seen there with
   * `address`, the gateway's, as source, so that answers come back this way.
   */
  readonly hairpin?: { readonly inside: readonly string[]; readonly address: Address4 };
  /** The source ports that are given where one's own is taken. 1024 to 65535 by default. */
  readonly ports?: PortRange;
  /** How many of them are tried before a new flow is refused, 1 to 32; 8 by default. */
  readonly tries?: number;
}

/** A run of published ports, in the order of their numbers. */
export interface Published<A> {
  readonly first: u16;
  readonly last: u16;
  readonly address: A;
  readonly port: u16;
}
/** What is published under one address for one protocol. */
export interface Group<P, A> {
  readonly protocol: u8;
  readonly address: P;
  readonly ports: readonly Published<A>[];
}
interface MutableGroup<P, A> extends Group<P, A> {
  /** the address as the option has it */
  readonly given: unknown;
  readonly ports: Published<A>[];
}
export interface Plan {
  readonly groups4: readonly Group<{ readonly value: u32 }, u32>[];
  readonly groups6: readonly Group<u128, u128>[];
  readonly hairpin: { readonly inside: readonly Prefix4[]; readonly address: { readonly value: u32 } } | undefined;
  readonly ports: PortChoice;
  readonly maxEntries: number;
}

export const protocolNumbers: Readonly<Record<MappedProtocol, u8>> = {
  tcp: IpProtocol.Tcp,
  udp: IpProtocol.Udp,
  sctp: IpProtocol.Sctp,
};

/** @throws RangeError that names the option, its value and what is allowed */
export function planOf(options: PortMapOptions): Plan {
  const { mappings = [], live, hairpin, forwards } = options;
  if (!Array.isArray(mappings)) refuseOption("PortMap", "mappings", mappings, "a list of mappings");
  if (live !== undefined && (!Number.isInteger(live.maxEntries) || live.maxEntries < 1))
    refuseOption("PortMap", "live", live, "{ maxEntries: 1 or more }");
  if (mappings.length === 0 && !live) refuseOption("PortMap", "mappings", options.mappings, "one mapping or more, where live is left out");
  if (forwards !== undefined && typeof forwards !== "boolean") refuseOption("PortMap", "forwards", forwards, "true or false");
  const groups4: MutableGroup<{ readonly value: u32 }, u32>[] = [];
  const groups6: MutableGroup<u128, u128>[] = [];
  for (const mapping of mappings) {
    const { protocol, range } = checkMapping(mapping, options.flows);
    if (isIpv4(mapping)) {
      const address = addressOf(mapping.address);
      const alike = (group: MutableGroup<{ readonly value: u32 }, u32>): boolean =>
        isParam(mapping.address) || isParam(group.given) ? group.given === mapping.address : group.address.value === address.value;
      const known = groups4.find(group => group.protocol === protocol && alike(group));
      const group: MutableGroup<{ readonly value: u32 }, u32> = known ?? { protocol, address, given: mapping.address, ports: [] };
      if (!known) groups4.push(group);
      group.ports.push({ ...range, address: mapping.to.address, port: mapping.to.port ?? range.first });
    } else {
      const { address } = mapping;
      const known = groups6.find(each => each.protocol === protocol && each.address === address);
      const group: MutableGroup<u128, u128> = known ?? { protocol, address, given: address, ports: [] };
      if (!known) groups6.push(group);
      group.ports.push({ ...range, address: mapping.to.address, port: mapping.to.port ?? range.first });
    }
  }
  for (const { ports } of [...groups4, ...groups6]) {
    ports.sort((a, b) => a.first - b.first);
    for (const [i, { first }] of ports.entries()) {
      const before = ports[i - 1];
      if (before && before.last >= first) refuseOption("PortMap", "mappings", first, "each port of an address and protocol once");
    }
  }
  return {
    groups4,
    groups6,
    hairpin: hairpin && hairpinOf(hairpin),
    ports: portChoice("PortMap", options.ports, options.tries),
    maxEntries: live?.maxEntries ?? 1,
  };
}

function isIpv4(mapping: PortMapping): mapping is PortMapping4 {
  return typeof mapping.address !== "bigint";
}

/** Refuses a mapping that cannot be. */
export function checkMapping(mapping: PortMapping, flows: Flows): { readonly protocol: u8; readonly range: PortRange } {
  const refuse = (value: unknown, allowed: string): never => refuseOption("PortMap", "mappings", value, allowed);
  const protocol = protocolNumbers[mapping.protocol];
  if (protocol === undefined) return refuse(mapping.protocol, 'a protocol "tcp", "udp" or "sctp"');
  const families = flows.layers.families ?? [4, 6];
  if (isIpv4(mapping)) {
    if (!isHost4(mapping.address) && !isParam(mapping.address)) refuse(mapping.address, "the address of one host, or a param");
    if (!isHost4(mapping.to.address)) refuse(mapping.to.address, "the address of one host of the same family");
  } else {
    if (!isHost6(mapping.address)) refuse(mapping.address, "the address of one host");
    if (!isHost6(mapping.to.address)) refuse(mapping.to.address, "the address of one host of the same family");
  }
  if (!families.includes(isIpv4(mapping) ? 4 : 6)) refuse(mapping.address, "addresses of a family that flows has");
  const { port } = mapping;
  const range = typeof port === "number" ? { first: port, last: port } : port;
  const isPort = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535;
  if (!isPort(range?.first) || !isPort(range.last) || range.first > range.last) refuse(port, "a port of 1 to 65535, or { first, last }");
  const to = mapping.to.port ?? range.first;
  if (!isPort(to) || to + range.last - range.first > 65_535) refuse(mapping.to.port, "a port of 1 to 65535, from which the range fits");
  // SCTP's CRC covers the ports and all the rest of the packet (RFC 9260 section 6.8).
  if (mapping.protocol === "sctp" && to !== range.first) refuse(mapping.to.port, "the published port itself, for SCTP");
  return { protocol, range };
}

function hairpinOf({ inside, address }: NonNullable<PortMapOptions["hairpin"]>): Plan["hairpin"] {
  if (!isHost4(address) && !isParam(address)) refuseOption("PortMap", "hairpin", address, "the address of one host, or a param");
  if (!Array.isArray(inside) || inside.length === 0) refuseOption("PortMap", "hairpin", inside, 'a list of prefixes such as "10.0.0.0/8"');
  const prefixes = inside.map(
    text => prefix4(text) ?? refuseOption("PortMap", "hairpin", text, 'prefixes such as "10.0.0.0/8", without bits outside their length'),
  );
  return { inside: prefixes, address: addressOf(address) };
}

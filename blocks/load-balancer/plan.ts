/** What a LoadBalancer begins with: its options as numbers, and the first contents of its maps. */
import { IpProtocol } from "datapath/headers";
import { addressOfText, type Prefix, prefixOfText } from "./addresses.js";
import {
  type BackendOptions,
  isStation,
  type LoadBalancerOptions,
  type ProtocolName,
  refuse,
  type SchedulerName,
  type ServiceOptions,
  type StateName,
} from "./options.js";
import { BackendState, Scheduler } from "./records.js";
import { partsOf, ringParts, tagOf } from "./ring.js";

export const protocols: Readonly<Record<ProtocolName, number>> = { tcp: IpProtocol.Tcp, udp: IpProtocol.Udp, sctp: IpProtocol.Sctp };
export const schedulers: Readonly<Record<SchedulerName, number>> = {
  maglev: Scheduler.Maglev,
  sourceHash: Scheduler.SourceHash,
  roundRobin: Scheduler.RoundRobin,
};

export const states: Readonly<Record<StateName, number>> = {
  up: BackendState.Up,
  draining: BackendState.Draining,
  down: BackendState.Down,
};

interface Fixed {
  readonly number: number;
  /** undefined: all ports */
  readonly port: number | undefined;
  readonly protocol: number;
  readonly prefix: Prefix;
}
/** A service for IPv4 whose addresses are constants of the program. */
export interface FixedService4 extends Fixed {
  readonly first: number;
  readonly last: number;
}
/** The same for IPv6; without a mask for one address. */
export interface FixedService6 extends Fixed {
  readonly address: bigint;
  readonly mask: bigint | undefined;
}
/** A backend's entry, whole. */
export interface BackendEntry {
  address6: bigint;
  tag: number;
  datagramTag: number;
  address: number;
  port: number;
  service: number;
  weight: number;
  incarnation: number;
  state: number;
  zero8: number;
  zero16: number;
  mac: number;
  zero48: number;
}
export interface ServiceEntry {
  ring: number;
  places: number;
  scheduler: number;
  restricted: number;
  sticky: number;
  used: number;
}

export interface Plan {
  readonly fixed4: readonly FixedService4[];
  readonly fixed6: readonly FixedService6[];
  readonly maxServices: number;
  readonly maxBackends: number;
  readonly ringSize: number;
  /** entries of the map of rings that one ring takes */
  readonly parts: number;
  /** whether flows are told apart by both their ends: services of many ports or addresses */
  readonly bothEnds: boolean;
  readonly services: readonly ServiceEntry[];
  readonly backends: readonly BackendEntry[];
  readonly rings: readonly { readonly backends: readonly number[] }[];
  readonly sources: readonly { readonly service: number; readonly prefix: Prefix }[];
}

export const noBackend: Readonly<BackendEntry> = {
  address6: 0n,
  tag: 0,
  datagramTag: 0,
  address: 0,
  port: 0,
  service: 0,
  weight: 0,
  incarnation: 0,
  state: BackendState.None,
  zero8: 0,
  zero16: 0,
  mac: 0,
  zero48: 0,
};

/** @throws RangeError that names the option, its value and what is allowed */
export function planOf(options: LoadBalancerOptions): Plan {
  const { services = [], liveServices, maxBackends = 256, ringSize = 65_537 } = options;
  const fixed = services.map((service, number) => fixedService(service, number, options.affinity !== undefined));
  const maxServices = services.length + (liveServices?.maxEntries ?? 0);
  const parts = partsOf(ringSize);

  const backends: BackendEntry[] = [];
  const rings = Array.from({ length: maxServices * 2 * parts }, () => ({ backends: new Array<number>(0) as readonly number[] }));
  const entries = services.map((service, number): ServiceEntry => {
    const scheduler = schedulers[service.scheduler ?? "maglev"];
    const first = backends.length;
    for (const backend of service.backends ?? []) backends.push(backendEntry(options, backend, number, backends.length, fixed[number]));
    const own = backends.slice(first).map((entry, i) => ({ ...entry, number: first + i, identity: identityOf(entry) }));
    const filled = ringParts(scheduler, own, ringSize);
    for (const [part, places] of filled.entries()) rings[number * 2 * parts + part] = { backends: places };
    return {
      ring: 0,
      places: filled.length > 0 ? ringSize : 0,
      scheduler,
      restricted: service.sources ? 1 : 0,
      sticky: service.sticky === true ? 1 : 0,
      used: 1,
    };
  });
  if (backends.length > maxBackends) refuse("maxBackends", maxBackends, `${backends.length} or more: so many backends are listed`);
  const sources = services.flatMap((service, number) =>
    (service.sources ?? []).map(text => ({ service: number, prefix: sourceOf(text, fixed[number]?.prefix.family) })),
  );
  return {
    fixed4: fixed.flatMap(each => (each.prefix.family === 4 ? [{ ...each, ...rangeOf(each.prefix) }] : [])),
    fixed6: fixed.flatMap(each => (each.prefix.family === 6 ? [{ ...each, ...maskOf(each.prefix) }] : [])),
    maxServices,
    maxBackends,
    ringSize,
    parts,
    bothEnds:
      liveServices?.anyPort === true ||
      liveServices?.prefixes === true ||
      fixed.some(({ prefix, port }) => port === undefined || prefix.length !== (prefix.family === 4 ? 32 : 128)),
    services: entries,
    backends,
    rings,
    sources,
  };
}

/** What a backend's places in the ring follow from. */
export function identityOf(backend: Pick<BackendEntry, "address" | "address6" | "port" | "mac">): string {
  return `${backend.address}/${backend.address6}/${backend.port}/${backend.mac}`;
}

function rangeOf({ address, length }: Prefix & { readonly family: 4 }): { readonly first: number; readonly last: number } {
  return { first: address, last: address + 2 ** (32 - length) - 1 };
}
function maskOf({ address, length }: Prefix & { readonly family: 6 }): { readonly address: bigint; readonly mask: bigint | undefined } {
  return { address, mask: length === 128 ? undefined : ((1n << BigInt(length)) - 1n) << BigInt(128 - length) };
}

function fixedService(service: ServiceOptions, number: number, sticky: boolean): Fixed {
  const option = `services[${number}]`;
  const { port, protocol, scheduler = "maglev" } = service;
  if (!(protocol in protocols)) refuse(`${option}.protocol`, protocol, '"tcp", "udp" or "sctp"');
  if (!(scheduler in schedulers)) refuse(`${option}.scheduler`, scheduler, '"maglev", "sourceHash" or "roundRobin"');
  if (port !== undefined && (!Number.isInteger(port) || port < 1 || port > 65_535))
    refuse(`${option}.port`, port, "a whole number of 1 to 65535, or none for all ports");
  if (service.sticky === true && !sticky) refuse(`${option}.sticky`, true, "false, or true with the option affinity");
  return { number, prefix: prefixOfText(`${option}.address`, service.address), port, protocol: protocols[protocol] };
}

function sourceOf(text: string, family: number | undefined): Prefix {
  const prefix = prefixOfText("services.sources", text);
  if (prefix.family !== family) refuse("services.sources", text, `prefixes of the service's own family, IPv${family}`);
  return prefix;
}

/** A new backend's entry. */
export function backendEntry(
  options: Pick<LoadBalancerOptions, "mode">,
  backend: BackendOptions,
  service: number,
  number: number,
  of: Pick<Fixed, "prefix"> | undefined,
  incarnation = 1,
): BackendEntry {
  const { weight = 1, port = 0, mac = 0, state = "up" } = backend;
  if (!(state in states)) refuse("backends.state", state, '"up", "draining" or "down"');
  const { mode } = options;
  const address = addressOfText("backends.address", backend.address);
  if (!Number.isInteger(weight) || weight < 1 || weight > 65_535) refuse("backends.weight", weight, "a whole number of 1 to 65535");
  if (!Number.isInteger(port) || port < 0 || port > 65_535) refuse("backends.port", port, "a whole number of 1 to 65535, or none");
  if (mode.kind === "l2" ? mac === 0 || !isStation(mac) : !isStation(mac))
    refuse("backends.mac", mac, 'the address of one station, such as mac("02:00:00:00:00:01")');
  if (mode.kind !== "l2" && mode.kind !== "nat" && address.family !== addressOfText("mode.source", mode.source).family)
    refuse("backends.address", backend.address, "an address of the family of mode.source");
  if ((mode.kind === "geneve" || mode.kind === "nat") && of && of.prefix.family !== address.family)
    refuse("backends.address", backend.address, "an address of the service's family, in this mode");
  if (port !== 0 && mode.kind !== "geneve" && mode.kind !== "nat")
    refuse("backends.port", port, "none: in this mode packets keep the service's port");
  return {
    ...noBackend,
    ...(address.family === 4 ? { address: address.address } : { address6: address.address }),
    ...tagsOf(number, incarnation, states[state]),
    port,
    service,
    weight,
    incarnation,
    state: states[state],
    mac,
  };
}

/** What flows remember of a backend in a state: nothing while it is down, and nothing for UDP while it drains. */
export function tagsOf(number: number, incarnation: number, state: number): Pick<BackendEntry, "tag" | "datagramTag"> {
  const tag = tagOf(number, incarnation);
  return {
    tag: state === BackendState.Up || state === BackendState.Draining ? tag : 0,
    datagramTag: state === BackendState.Up ? tag : 0,
  };
}

/** Changes services and backends of a balancer that runs. */
import { type Prefix, prefixOfText } from "./addresses.js";
import { type BackendOptions, type LoadBalancerOptions, refuse, type SchedulerName, type StateName } from "./options.js";
import {
  type BackendEntry,
  backendEntry,
  identityOf,
  noBackend,
  planOf,
  protocols,
  type ServiceEntry,
  schedulers,
  states,
  tagsOf,
} from "./plan.js";
import { BackendState } from "./records.js";
import { ringParts } from "./ring.js";

/** A map as the control needs it: a deployment's, or one of a simulation. */
export interface ControlledMap<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): unknown;
  delete(key: K): unknown;
}

/** One that is only written. */
export type WrittenMap<K, V> = Pick<ControlledMap<K, V>, "set">;

/** The maps of a LoadBalancer, by the names that they have there. */
export interface ControlledMaps {
  readonly backends: ControlledMap<number, BackendEntry>;
  readonly services: ControlledMap<number, ServiceEntry>;
  readonly rings: WrittenMap<number, { readonly backends: readonly number[] }>;
  /** with the option `liveServices`, and the families that the block has */
  readonly services4?: ControlledMap<{ address: number; port: number; protocol: number; zero: number }, number>;
  readonly services6?: ControlledMap<{ address: bigint; port: number; protocol: number; zero: number; zero32: number }, number>;
  readonly prefixes4?: ControlledMap<{ length: number; protocol: number; zero: number; port: number; address: number }, number>;
  readonly prefixes6?: ControlledMap<{ length: number; protocol: number; zero: number; port: number; address: bigint }, number>;
  /** where a service may be restricted */
  readonly sources4?: ControlledMap<{ length: number; service: number; address: number }, number>;
  readonly sources6?: ControlledMap<{ length: number; service: number; address: bigint }, number>;
}

/** A backend as it is now. */
export interface BackendStatus {
  readonly number: number;
  readonly service: number;
  readonly address: number | bigint;
  readonly port: number;
  readonly mac: number;
  readonly weight: number;
  readonly state: StateName;
}

/** A service that is added while running. */
export interface LiveService {
  readonly address: string;
  readonly port?: number;
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly scheduler?: SchedulerName;
  readonly sticky?: boolean;
  readonly sources?: readonly string[];
  readonly backends?: readonly BackendOptions[];
}

const stateNames: Readonly<Record<number, StateName>> = {
  [BackendState.Up]: "up",
  [BackendState.Draining]: "draining",
  [BackendState.Down]: "down",
};
/** How often a number may be given to someone before it begins anew. */
const INCARNATIONS = 65_535;

/**
 * Typed calls for what `dp map` would do by hand. Each change is seen by packets at one moment: a backend's state with
 * its entry, a service's ring when the word is written that says which of the two counts. A flow stays with its backend
 * unless that one is removed or goes down.
 *
 * Two processes must not change one balancer at once.
 * @example
 * await using edge = await attach<Edge>("edge.dpo", { dev: "eth0" });
 * const control = new BalancerControl(
 *   {
 *     backends: edge.map(p => p.balancer.backends),
 *     services: edge.map(p => p.balancer.services),
 *     rings: edge.map(p => p.balancer.rings),
 *   },
 *   balancerOptions,
 * );
 * control.setState(3, "draining");
 */
export class BalancerControl {
  readonly #maps: ControlledMaps;
  readonly #options: LoadBalancerOptions;
  readonly #maxBackends: number;
  readonly #maxServices: number;
  readonly #fixed: number;
  readonly #ringSize: number;
  readonly #parts: number;

  /** @param options those of the block */
  constructor(maps: ControlledMaps, options: LoadBalancerOptions) {
    const plan = planOf(options);
    this.#maps = maps;
    this.#options = options;
    this.#maxBackends = plan.maxBackends;
    this.#maxServices = plan.maxServices;
    this.#fixed = options.services?.length ?? 0;
    this.#ringSize = plan.ringSize;
    this.#parts = plan.parts;
  }

  /** The backends that there are, of one service or of all. */
  backends(service?: number): BackendStatus[] {
    return this.#entries()
      .filter(({ entry }) => service === undefined || entry.service === service)
      .map(({ number, entry }) => ({
        number,
        service: entry.service,
        address: entry.address6 === 0n ? entry.address : entry.address6,
        port: entry.port,
        mac: entry.mac,
        weight: entry.weight,
        state: stateNames[entry.state] ?? "down",
      }));
  }

  /**
   * Adds a backend to a service.
   * @returns its number
   * @throws RangeError where there is no room, or for options, as the block's
   */
  addBackend(service: number, backend: BackendOptions): number {
    const number = this.#put(service, backend);
    this.#rebuild(service);
    return number;
  }

  /** Takes a backend out; its flows go to others. Drain it before, and they end in their own time. */
  removeBackend(number: number): void {
    const entry = this.#backend(number);
    // Its number's next owner is told from it by the incarnation, which stays.
    this.#maps.backends.set(number, { ...noBackend, incarnation: entry.incarnation });
    this.#rebuild(entry.service);
  }

  /** Changes whether a backend takes flows. */
  setState(number: number, state: StateName): void {
    if (!(state in states)) refuse("state", state, '"up", "draining" or "down"');
    const entry = this.#backend(number);
    this.#maps.backends.set(number, { ...entry, state: states[state], ...tagsOf(number, entry.incarnation, states[state]) });
    this.#rebuild(entry.service);
  }

  /** Changes a backend's share of new flows. */
  setWeight(number: number, weight: number): void {
    if (!Number.isInteger(weight) || weight < 1 || weight > 65_535) refuse("weight", weight, "a whole number of 1 to 65535");
    const entry = this.#backend(number);
    this.#maps.backends.set(number, { ...entry, weight });
    this.#rebuild(entry.service);
  }

  /** Changes several backends of a service at once: packets see all of the changes or none of them in what new flows get. */
  setWeights(service: number, weights: ReadonlyMap<number, number>): void {
    for (const [number, weight] of weights) {
      if (!Number.isInteger(weight) || weight < 1 || weight > 65_535) refuse("weight", weight, "a whole number of 1 to 65535");
      const entry = this.#backend(number);
      if (entry.service !== service) refuse("weights", number, `a backend of service ${service}`);
      this.#maps.backends.set(number, { ...entry, weight });
    }
    this.#rebuild(service);
  }

  /** Changes how a service's new flows choose. */
  setScheduler(service: number, scheduler: SchedulerName): void {
    if (!(scheduler in schedulers)) refuse("scheduler", scheduler, '"maglev", "sourceHash" or "roundRobin"');
    const { services = [], liveServices } = this.#options;
    // The program has code for what it was built with, and Maglev's for the rest.
    const built = liveServices !== undefined || scheduler === "maglev" || services.some(each => each.scheduler === scheduler);
    if (!built) refuse("scheduler", scheduler, "one that a service had when the program was built");
    this.#rebuild(service, { scheduler: schedulers[scheduler] });
  }

  /**
   * Adds a service, of which packets are sent on once its backends and its ring are there.
   * @returns its number
   * @throws RangeError where there is no room by the option `liveServices`, or for options, as the block's
   */
  addService(service: LiveService): number {
    const { liveServices } = this.#options;
    const number = this.#freeService();
    const prefix = prefixOfText("address", service.address);
    const whole = prefix.length === (prefix.family === 4 ? 32 : 128);
    if (service.port === undefined && liveServices?.anyPort !== true)
      refuse("port", service.port, "a port: the block has no liveServices.anyPort");
    if (!whole && liveServices?.prefixes !== true) refuse("address", service.address, "an address: the block has no liveServices.prefixes");
    if (service.sticky && !this.#options.affinity) refuse("sticky", true, "false: the block has no option affinity");
    for (const source of service.sources ?? []) this.#open(number, source, prefix.family);
    for (const backend of service.backends ?? []) this.#put(number, backend);
    this.#rebuild(number, {
      scheduler: schedulers[service.scheduler ?? "maglev"],
      restricted: service.sources ? 1 : 0,
      sticky: service.sticky ? 1 : 0,
      used: 1,
    });
    this.#name(service, prefix, number);
    return number;
  }

  /** Takes a service that was added out, with its backends. */
  removeService(service: LiveService): void {
    const prefix = prefixOfText("address", service.address);
    const number = this.#unname(service, prefix);
    if (number === undefined)
      throw new RangeError(`LoadBalancer: no service was added for ${service.address}, port ${service.port ?? "any"}`);
    for (const source of service.sources ?? []) this.#close(number, source);
    for (const { number: backend, entry } of this.#entries())
      if (entry.service === number) this.#maps.backends.set(backend, { ...noBackend, incarnation: entry.incarnation });
    this.#maps.services.set(number, { ring: 0, places: 0, scheduler: 0, restricted: 0, sticky: 0, used: 0 });
  }

  // ------------------------------------------------------------------ backends and rings

  #entries(): { readonly number: number; readonly entry: BackendEntry }[] {
    return Array.from({ length: this.#maxBackends }, (_, number) => ({
      number,
      entry: this.#maps.backends.get(number) ?? noBackend,
    })).filter(({ entry }) => entry.state !== BackendState.None);
  }

  #backend(number: number): BackendEntry {
    const entry = Number.isInteger(number) && number >= 0 && number < this.#maxBackends ? this.#maps.backends.get(number) : undefined;
    if (!entry || entry.state === BackendState.None) return refuse("backend", number, "the number of a backend that there is");
    return entry;
  }

  #put(service: number, backend: BackendOptions): number {
    if (!Number.isInteger(service) || service < 0 || service >= this.#maxServices)
      refuse("service", service, `0 to ${this.#maxServices - 1}`);
    for (let number = 0; number < this.#maxBackends; number++) {
      const before = this.#maps.backends.get(number);
      if (before && before.state !== BackendState.None) continue;
      const incarnation = ((before?.incarnation ?? 0) % INCARNATIONS) + 1;
      this.#maps.backends.set(number, backendEntry(this.#options, backend, service, number, undefined, incarnation));
      return number;
    }
    return refuse("maxBackends", this.#maxBackends, "more: there is no number left");
  }

  /** Writes the ring that does not count, then says that it does. */
  #rebuild(service: number, change: Partial<ServiceEntry> = {}): void {
    const before = this.#maps.services.get(service);
    if (!before) throw new RangeError(`LoadBalancer: there is no service ${service}`);
    const next = { ...before, ...change };
    const ring = before.ring === 0 ? 1 : 0;
    const own = this.#entries().filter(({ entry }) => entry.service === service);
    const members = own.map(({ number, entry }) => ({ number, identity: identityOf(entry), weight: entry.weight, state: entry.state }));
    const parts = ringParts(next.scheduler, members, this.#ringSize);
    for (const [part, backends] of parts.entries()) this.#maps.rings.set((service * 2 + ring) * this.#parts + part, { backends });
    this.#maps.services.set(service, { ...next, ring, places: parts.length > 0 ? this.#ringSize : 0 });
  }

  // ------------------------------------------------------------------ services

  #freeService(): number {
    for (let number = this.#fixed; number < this.#maxServices; number++) {
      if (this.#maps.services.get(number)?.used === 0) return number;
    }
    return refuse("liveServices", this.#options.liveServices, "more entries: there is no number left");
  }

  #name(service: LiveService, prefix: Prefix, number: number): void {
    const { port = 0 } = service;
    const protocol = protocols[service.protocol];
    const { services4, services6, prefixes4, prefixes6 } = this.#maps;
    if (prefix.family === 4) {
      const { address, length } = prefix;
      if (length === 32) given(services4, "services4").set({ address, port, protocol, zero: 0 }, number);
      else given(prefixes4, "prefixes4").set({ length: 32 + length, protocol, zero: 0, port, address }, number);
    } else {
      const { address, length } = prefix;
      if (length === 128) given(services6, "services6").set({ address, port, protocol, zero: 0, zero32: 0 }, number);
      else given(prefixes6, "prefixes6").set({ length: 32 + length, protocol, zero: 0, port, address }, number);
    }
  }

  #unname(service: LiveService, prefix: Prefix): number | undefined {
    const { port = 0 } = service;
    const protocol = protocols[service.protocol];
    const { services4, services6, prefixes4, prefixes6 } = this.#maps;
    if (prefix.family === 4) {
      const { address, length } = prefix;
      if (length === 32) return taken(given(services4, "services4"), { address, port, protocol, zero: 0 });
      return taken(given(prefixes4, "prefixes4"), { length: 32 + length, protocol, zero: 0, port, address });
    }
    const { address, length } = prefix;
    if (length === 128) return taken(given(services6, "services6"), { address, port, protocol, zero: 0, zero32: 0 });
    return taken(given(prefixes6, "prefixes6"), { length: 32 + length, protocol, zero: 0, port, address });
  }

  #open(service: number, source: string, family: 4 | 6): void {
    const prefix = prefixOfText("sources", source);
    if (prefix.family !== family) refuse("sources", source, `prefixes of the service's own family, IPv${family}`);
    const length = 32 + prefix.length;
    if (prefix.family === 4) given(this.#maps.sources4, "sources4").set({ length, service, address: prefix.address }, 1);
    else given(this.#maps.sources6, "sources6").set({ length, service, address: prefix.address }, 1);
  }

  #close(service: number, source: string): void {
    const prefix = prefixOfText("sources", source);
    const length = 32 + prefix.length;
    if (prefix.family === 4) given(this.#maps.sources4, "sources4").delete({ length, service, address: prefix.address });
    else given(this.#maps.sources6, "sources6").delete({ length, service, address: prefix.address });
  }
}

function given<T>(map: T | undefined, name: string): T {
  if (map === undefined) throw new TypeError(`BalancerControl: this change needs the map ${name}`);
  return map;
}

/** Takes an entry out; what it was. */
function taken<K>(map: ControlledMap<K, number>, key: K): number | undefined {
  const number = map.get(key);
  if (number !== undefined) map.delete(key);
  return number;
}

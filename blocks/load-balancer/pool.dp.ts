import {
  arrayMap,
  Block,
  hashMap,
  type LpmTrie,
  lpmTrie,
  lruHashMap,
  perCpuArrayMap,
  struct,
  TICKS_PER_SECOND,
  ticks,
  u16,
  u32,
  u128,
  Verdict,
} from "datapath";
import { type Ends, hashOfClient, hashOfFlow } from "./ends.dp.js";
import { checkOptions, type LoadBalancerOptions, refuseSources } from "./options.js";
import { type Plan, planOf } from "./plan.js";
import {
  Backend,
  BackendState,
  PLACES,
  RingPart,
  Scheduler,
  Service,
  ServiceKey4,
  ServiceKey6,
  ServicePrefix4,
  ServicePrefix6,
  SourcePrefix4,
  SourcePrefix6,
  Sticky,
  StickyClient,
} from "./records.js";

/** No service: one more than any number of one. */
export const NO_SERVICE = 0x1_0000;
/** How many places of the ring are looked at for a backend that takes new flows. */
const TRIES = 2;

/** Whose turn it is, on this CPU. */
class Turn extends struct({ next: u32 }) {}

/** Virtual services and their backends: which service a packet is sent to, and which backend a new flow gets. */
export class Pool extends Block<LoadBalancerOptions> {
  protected readonly plan: Plan = this.checked();
  /** Backends of all services, by number. */
  readonly backends = arrayMap(Backend, this.plan.maxBackends, this.plan.backends);
  /** Services, by number: first those that the program knows, then those added while running. */
  readonly services = arrayMap(Service, this.plan.maxServices, this.plan.services);
  /** Two rings a service, of which one counts. */
  readonly rings = arrayMap(RingPart, this.plan.rings.length, this.plan.rings);
  /** Numbers of services that were added while running; used with the option `liveServices`. */
  readonly services4 = hashMap(ServiceKey4, u16, this.liveSize());
  readonly services6 = hashMap(ServiceKey6, u16, this.liveSize());
  /** The same for prefixes of addresses. */
  readonly prefixes4 = lpmTrie(ServicePrefix4, u16, this.liveSize());
  readonly prefixes6 = lpmTrie(ServicePrefix6, u16, this.liveSize());
  /** Prefixes of sources that restricted services are open to; any value says so. */
  readonly sources4 = this.open4(lpmTrie(SourcePrefix4, u32, { maxEntries: this.options.maxSources ?? 1024 }));
  readonly sources6 = this.open6(lpmTrie(SourcePrefix6, u32, { maxEntries: this.options.maxSources ?? 1024 }));
  /** Where clients' last new flows went; used with the option `affinity`. */
  readonly clients = lruHashMap(StickyClient, Sticky, { maxEntries: this.options.affinity?.maxEntries ?? 1 });
  readonly turns = perCpuArrayMap(Turn, this.plan.maxServices);
  private readonly leap = Math.trunc(this.plan.ringSize * 0.618);
  protected readonly lastBackend = this.plan.maxBackends - 1;
  private readonly restricts = this.options.liveServices !== undefined || this.plan.sources.length > 0;
  private readonly turnsUsed =
    this.options.liveServices !== undefined || this.plan.services.some(each => each.scheduler === Scheduler.RoundRobin);
  private readonly clientsUsed =
    this.options.liveServices !== undefined || this.plan.services.some(each => each.scheduler === Scheduler.SourceHash);

  /** The number of the service that a packet is sent to. */
  serviceOf(ends: Ends): u32 {
    const { destinationPort, protocol } = ends;
    if (ends.family === 4) {
      for (const { number, first, last, port, protocol: own } of this.plan.fixed4) {
        const meant = first === last ? ends.destination === first : ends.destination >= first && ends.destination <= last;
        if (meant && protocol === own && (port === undefined || destinationPort === port)) return number;
      }
    } else {
      for (const { number, address, mask, port, protocol: own } of this.plan.fixed6) {
        const meant = mask === undefined ? ends.destination === address : (ends.destination & mask) === address;
        if (meant && protocol === own && (port === undefined || destinationPort === port)) return number;
      }
    }
    return this.options.liveServices ? this.liveService(ends) : NO_SERVICE;
  }

  private liveService(ends: Ends): u32 {
    const { destinationPort: port, protocol } = ends;
    const live = this.options.liveServices;
    if (ends.family === 4) {
      const { destination: address } = ends;
      const exact = this.services4.get({ address, port, protocol, zero: 0 });
      if (exact !== undefined) return exact;
      const any = live?.anyPort ? this.services4.get({ address, port: 0, protocol, zero: 0 }) : undefined;
      if (any !== undefined) return any;
      if (!live?.prefixes) return NO_SERVICE;
      const prefix = this.prefixes4.get({ length: 64, protocol, zero: 0, port, address });
      if (prefix !== undefined) return prefix;
      return (live.anyPort ? this.prefixes4.get({ length: 64, protocol, zero: 0, port: 0, address }) : undefined) ?? NO_SERVICE;
    }
    const { destination: address } = ends;
    const exact = this.services6.get({ address, port, protocol, zero: 0, zero32: 0 });
    if (exact !== undefined) return exact;
    const any = live?.anyPort ? this.services6.get({ address, port: 0, protocol, zero: 0, zero32: 0 }) : undefined;
    if (any !== undefined) return any;
    if (!live?.prefixes) return NO_SERVICE;
    const prefix = this.prefixes6.get({ length: 160, protocol, zero: 0, port, address });
    if (prefix !== undefined) return prefix;
    return (live.anyPort ? this.prefixes6.get({ length: 160, protocol, zero: 0, port: 0, address }) : undefined) ?? NO_SERVICE;
  }

  /** Chooses a backend for a new flow of a service. */
  choose(ends: Ends, number: u32): Backend | Verdict {
    const service = this.services.get(number);
    if (!service) return Verdict.drop("no backend");
    if (this.restricts && service.restricted !== 0 && !this.admits(ends, number)) return Verdict.drop("source not allowed");
    const sticky = this.options.affinity !== undefined && service.sticky !== 0;
    const backend = (sticky ? this.lastOf(ends, number) : undefined) ?? this.chosen(number, service, this.placeOf(service, ends, number));
    if (!backend) return Verdict.drop("no backend");
    if (sticky) this.clients.set(this.clientOf(ends, number), { tag: backend.tag, seen: u32(ticks()) });
    return backend;
  }

  /** The backend that new flows of these ends would get, where that follows from them alone. */
  expected(ends: Ends, number: u32): Backend | undefined {
    const service = this.services.get(number);
    if (!service || service.scheduler === Scheduler.RoundRobin) return undefined;
    return this.chosen(number, service, this.placeOf(service, ends, number));
  }

  private admits(ends: Ends, service: u32): boolean {
    if (ends.family === 4) return this.sources4.has({ length: 64, service, address: ends.source });
    return this.sources6.has({ length: 160, service, address: ends.source });
  }

  /** Where in its service's ring a new flow looks for its backend. */
  private placeOf(service: Service, ends: Ends, number: u32): u32 {
    if (this.turnsUsed && service.scheduler === Scheduler.RoundRobin) {
      const turn = this.turns.get(number);
      if (!turn) return 0;
      const place = turn.next % this.plan.ringSize;
      turn.next = place + 1;
      return place;
    }
    const byClient = this.clientsUsed && service.scheduler === Scheduler.SourceHash;
    const hash = byClient ? hashOfClient(ends, number) : hashOfFlow(ends, number, this.plan.bothEnds);
    return Math.trunc((hash * this.plan.ringSize) / 4_294_967_296);
  }

  /** The backend at a place of the ring, or at one of the next where that one takes no new flows. */
  private chosen(number: u32, service: Service, first: u32): Backend | undefined {
    if (service.places === 0) return undefined;
    let place = first;
    for (let i = 0; i < TRIES; i++) {
      const part = this.rings.get((number * 2 + (service.ring & 1)) * this.plan.parts + (place >>> 8));
      if (!part) return undefined;
      const backend = this.backends.at((part.backends[place & (PLACES - 1)] ?? 0) & this.lastBackend);
      if (backend.state === BackendState.Up) return backend;
      // Far from here: what a place's neighbours have says nothing of it, and each finds another one.
      place = (place + this.leap) % this.plan.ringSize;
    }
    return undefined;
  }

  private clientOf(ends: Ends, service: u32): { address: u128; service: u32; zero: u32 } {
    return { address: ends.family === 4 ? 0xffff_0000_0000n | u128(ends.source) : ends.source, service, zero: 0 };
  }

  /** Where a client's last new flow went, if that is not too long ago. */
  private lastOf(ends: Ends, service: u32): Backend | undefined {
    const last = this.clients.get(this.clientOf(ends, service));
    if (!last || !this.options.affinity) return undefined;
    const age = u32(u32(ticks()) - last.seen);
    if (age >= this.options.affinity.seconds * TICKS_PER_SECOND.value) return undefined;
    const tag = last.tag;
    const backend = this.backends.at(tag & this.lastBackend);
    return backend.tag === tag && backend.state === BackendState.Up ? backend : undefined;
  }

  /** Puts in the prefixes that the options give. */
  private open4(sources: LpmTrie<SourcePrefix4, u32>): LpmTrie<SourcePrefix4, u32> {
    for (const { service, prefix } of this.plan.sources) {
      const { length, address } = prefix;
      if (prefix.family === 4 && !sources.set({ length: 32 + length, service, address: Number(address) }, 1)) refuseSources(this.options);
    }
    return sources;
  }
  private open6(sources: LpmTrie<SourcePrefix6, u32>): LpmTrie<SourcePrefix6, u32> {
    for (const { service, prefix } of this.plan.sources) {
      const { length, address } = prefix;
      if (prefix.family === 6 && !sources.set({ length: 32 + length, service, address: BigInt(address) }, 1)) refuseSources(this.options);
    }
    return sources;
  }

  private liveSize(): { maxEntries: number } {
    return { maxEntries: this.options.liveServices?.maxEntries ?? 1 };
  }

  private checked(): Plan {
    checkOptions(this.options);
    return planOf(this.options);
  }
}

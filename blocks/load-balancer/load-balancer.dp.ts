import {
  arrayMap,
  Block,
  hashMap,
  type IpLayers,
  type LpmTrie,
  lpmTrie,
  lruHashMap,
  type Packet,
  perCpuArrayMap,
  struct,
  TICKS_PER_SECOND,
  ticks,
  u16,
  u32,
  u128,
  Verdict,
} from "datapath";
import { IpProtocol, type Tcp } from "datapath/headers";
import { deliveryOf } from "./delivery.js";
import { encapsulate } from "./encapsulate.dp.js";
import { type Ends, hashOfClient, hashOfFlow } from "./ends.dp.js";
import { FlowMemory } from "./flow-memory.dp.js";
import { Ports } from "./headers.js";
import { checkOptions, type LoadBalancerOptions, refuseSources } from "./options.js";
import { type Plan, planOf } from "./plan.js";
import { quicServer } from "./quic.dp.js";
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
import { TooBig } from "./too-big.dp.js";

/** No service. */
const NONE = 0x1_0000;
/** How many places of the ring are looked at for a backend that takes new flows. */
const TRIES = 2;

/** Whose turn it is, on this CPU. */
class Turn extends struct({ next: u32 }) {}

/**
 * Spreads the flows of virtual services over backends. A flow stays with its backend, whatever becomes of the others;
 * new ones go by Maglev's consistent hashing, by the client's address or in turns. The packets are sent as they are, in
 * an outer header, and backends answer clients directly.
 * @throws RangeError for options, with the option, its value and what is allowed
 * @example
 * readonly balancer = new LoadBalancer({
 *   services: [{ address: "192.0.2.10", port: 443, protocol: "tcp", backends: [{ address: "10.0.0.11" }, { address: "10.0.0.12" }] }],
 *   mode: { kind: "ipip", source: "10.0.0.1", nextHop: mac("02:00:00:00:00:01") },
 * });
 * // in a hook
 * const sent = this.balancer.balance(pkt);
 * if (sent) return sent;
 */
export class LoadBalancer extends Block<LoadBalancerOptions> {
  protected readonly plan: Plan = this.checked();
  private readonly delivery = deliveryOf(this.options.mode);

  /** Backends of all services, by number. */
  readonly backends = arrayMap(Backend, this.plan.maxBackends, this.plan.backends);
  /** Services, by number: first those that the program knows, then those added while running. */
  readonly services = arrayMap(Service, this.plan.maxServices, this.plan.services);
  /** Two rings a service, of which one counts. */
  readonly rings = arrayMap(RingPart, this.plan.rings.length, this.plan.rings);
  readonly flows = new FlowMemory({
    maxFlows: this.options.maxFlows ?? 65_536,
    table: this.options.table ?? "lruHash",
    bothEnds: this.plan.bothEnds,
  });
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
  readonly tooBig = new TooBig({ perSecond: this.options.tooBigPerSecond ?? 100, longest: this.delivery.longest });

  private readonly leap = Math.trunc(this.plan.ringSize * 0.618);
  private readonly lastBackend = this.plan.maxBackends - 1;
  private readonly restricts = this.options.liveServices !== undefined || this.plan.sources.length > 0;
  private readonly turnsUsed =
    this.options.liveServices !== undefined || this.plan.services.some(each => each.scheduler === Scheduler.RoundRobin);
  private readonly clientsUsed =
    this.options.liveServices !== undefined || this.plan.services.some(each => each.scheduler === Scheduler.SourceHash);

  /** Sends a packet of a service to its backend; undefined for every other packet. */
  balance(pkt: Packet): Verdict | undefined {
    const layers = pkt.layers(this.options);
    if (layers.family === 0) return undefined;
    // Read whatever the protocol: a service has told it before its port is looked at.
    const ports = pkt.at(layers.transportOffset, Ports);
    if (!ports) return undefined;
    const { sourcePort, destinationPort } = ports;
    const { protocol } = layers;
    if (layers.family === 4) {
      const { source, destination } = layers;
      return this.send(pkt, layers, { family: 4, source, sourcePort, destination, destinationPort, protocol });
    }
    const { source, destination } = layers;
    return this.send(pkt, layers, { family: 6, source, sourcePort, destination, destinationPort, protocol });
  }

  private send(pkt: Packet, layers: IpLayers, ends: Ends): Verdict | undefined {
    const service = this.serviceOf(ends);
    const backend =
      service !== NONE
        ? this.backendOf(pkt, layers, ends, service)
        : this.options.errors === false
          ? undefined
          : this.quotedBackend(layers);
    if (!backend) return undefined;
    if (backend instanceof Verdict) return backend;
    if (this.options.mode.kind === "l2") {
      layers.ethernet.src = layers.ethernet.dst;
      layers.ethernet.dst = backend.mac;
      return Verdict.Reflect;
    }
    if (pkt.wireLength - layers.networkOffset > this.delivery.longest) return this.tooBig.answer(pkt, layers);
    return encapsulate(this.delivery, pkt, layers, ends, backend);
  }

  /** The number of the service that a packet is sent to. */
  private serviceOf(ends: Ends): u32 {
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
    return this.options.liveServices ? this.liveService(ends) : NONE;
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
      if (!live?.prefixes) return NONE;
      const prefix = this.prefixes4.get({ length: 64, protocol, zero: 0, port, address });
      if (prefix !== undefined) return prefix;
      return (live.anyPort ? this.prefixes4.get({ length: 64, protocol, zero: 0, port: 0, address }) : undefined) ?? NONE;
    }
    const { destination: address } = ends;
    const exact = this.services6.get({ address, port, protocol, zero: 0, zero32: 0 });
    if (exact !== undefined) return exact;
    const any = live?.anyPort ? this.services6.get({ address, port: 0, protocol, zero: 0, zero32: 0 }) : undefined;
    if (any !== undefined) return any;
    if (!live?.prefixes) return NONE;
    const prefix = this.prefixes6.get({ length: 160, protocol, zero: 0, port, address });
    if (prefix !== undefined) return prefix;
    return (live.anyPort ? this.prefixes6.get({ length: 160, protocol, zero: 0, port: 0, address }) : undefined) ?? NONE;
  }

  /** The backend that gets a packet of a service: its flow's, or one that is chosen now. */
  private backendOf(pkt: Packet, layers: IpLayers, ends: Ends, service: u32): Backend | Verdict {
    if (this.options.quic && layers.udp) {
      const named = this.named(pkt, layers, service);
      if (named) return named;
    }
    return this.remembered(ends, service, layers.tcp) ?? this.begin(ends, service);
  }

  /** The backend whose flow an ICMP error is about. */
  private quotedBackend(layers: IpLayers): Backend | undefined {
    if (layers.family === 4) {
      const quoted = layers.quoted(this.options);
      if (!quoted) return undefined;
      // The quoted packet was the backend's: its destination is the client.
      const { source: destination, sourcePort: destinationPort, destination: source, destinationPort: sourcePort, protocol } = quoted;
      return this.answering({ family: 4, source, sourcePort, destination, destinationPort, protocol });
    }
    const quoted = layers.quoted(this.options);
    if (!quoted) return undefined;
    const { source: destination, sourcePort: destinationPort, destination: source, destinationPort: sourcePort, protocol } = quoted;
    return this.answering({ family: 6, source, sourcePort, destination, destinationPort, protocol });
  }

  private answering(ends: Ends): Backend | undefined {
    const service = this.serviceOf(ends);
    if (service === NONE) return undefined;
    const remembered = this.remembered(ends, service, undefined);
    if (remembered) return remembered;
    const found = this.services.get(service);
    // Another balancer may have chosen: where the choice follows from the packet, it is the same here.
    if (!found || found.scheduler === Scheduler.RoundRobin) return undefined;
    return this.chosen(service, found, this.placeOf(found, ends, service));
  }

  /** The backend that a flow remembers, if it may have this packet. */
  private remembered(ends: Ends, service: u32, tcp: Tcp | undefined): Backend | undefined {
    const tag = this.flows.get(ends, service);
    if (tag === undefined) return undefined;
    const backend = this.backends.at(tag & this.lastBackend);
    if (this.options.moveDatagrams && ends.protocol === IpProtocol.Udp) {
      if (backend.datagramTag !== tag) return undefined;
    } else if (backend.tag !== tag) return undefined;
    // A connection that begins anew is a new flow: a draining backend does not get it.
    if (tcp?.flags.syn && backend.state !== BackendState.Up) return undefined;
    return backend;
  }

  /** Chooses a backend for a new flow and remembers it. */
  private begin(ends: Ends, number: u32): Backend | Verdict {
    const service = this.services.get(number);
    if (!service) return Verdict.drop("no backend");
    if (this.restricts && service.restricted !== 0 && !this.admits(ends, number)) return Verdict.drop("source not allowed");
    const backend =
      (this.options.affinity && service.sticky !== 0 ? this.lastOf(ends, number) : undefined) ??
      this.chosen(number, service, this.placeOf(service, ends, number));
    if (!backend) return Verdict.drop("no backend");
    this.flows.set(ends, number, backend.tag);
    if (this.options.affinity && service.sticky !== 0) {
      this.clients.set(this.clientOf(ends, number), { tag: backend.tag, seen: u32(ticks()) });
    }
    return backend;
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

  /** The backend that a QUIC packet's connection identifier names. */
  private named(pkt: Packet, layers: IpLayers, service: u32): Backend | undefined {
    const server = quicServer(pkt, layers.payloadOffset, this.options.quic?.configuration ?? 0);
    if (server === undefined) return undefined;
    const backend = this.backends.get(server);
    return backend && backend.tag !== 0 && backend.service === service ? backend : undefined;
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

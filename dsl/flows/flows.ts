/** The one table of flows that the blocks of a pipeline share. Its methods are datapath code. */
import { Block } from "../block.js";
import { type u8, type u16, u32, u64 } from "../core/integers.js";
import { clear, copy, nested } from "../core/nested.js";
import type { Fields, Of, ViewClass } from "../core/schema.js";
import { struct } from "../core/struct.js";
import { random, SECOND, ticks } from "../core/world.js";
import { IpProtocol } from "../headers/ipv4.js";
import { FlowTable, flowTable } from "../maps/flow-table.js";
import { lruHashMap } from "../maps/hash.js";
import { scratch } from "../maps/scratch.js";
import type { IpLayers } from "../packet/layers.js";
import type { LayersOptions } from "../packet/layers-options.js";
import type { Packet } from "../packet/types.js";
import { type FlowEntry, type FlowEntry4, type FlowEntry6, FlowKey4, FlowKey6, openEntry, Translation4, Translation6 } from "./entry.js";
import {
  CopiedFlow4,
  CopiedFlow6,
  type Flow,
  type NewFlow,
  NewFlow4,
  NewFlow6,
  type StoredFlow,
  StoredFlow4,
  StoredFlow6,
} from "./flow.js";
import { checkFlowsOptions, type FlowsOptions } from "./options.js";
import { type PortChoice, Translating } from "./port-choice.js";
import type { Tuple4, Tuple6 } from "./tuple.js";

/** A block's own fields in every flow's entry, all zero in a new one. */
export class FlowPart<T extends object> {
  private readonly name: string;
  private readonly schema: ViewClass<T>;
  constructor(name: string, schema: ViewClass<T>) {
    this.name = name;
    this.schema = schema;
  }
  /** The fields of this flow, live. */
  of(flow: Flow): T {
    return nested(flow.entry, this.name, this.schema);
  }
  /** The fields of a companion that is being prepared. */
  in(entry: FlowEntry4 | FlowEntry6): T {
    return nested(entry, this.name, this.schema);
  }
}

/** A map of flows as user space sees it. */
export interface FlowMap<K, V> {
  readonly "~kv"?: [K, V];
}

/**
 * The table of flows: one entry a flow, found once for a packet, to which every block adds its fields. A flow's entry
 * is found by the packets of both directions. A flow whose packets are translated has a second entry, its companion,
 * under the tuple that replies have.
 * @throws RangeError for options out of range
 * @example
 * readonly flows = new Flows({ maxEntries: 262_144 });
 * readonly conntrack = new Conntrack({ flows: this.flows });
 */
export class Flows extends Block<FlowsOptions> {
  /** What `pkt.layers()` is called with by the blocks that use this table. */
  readonly layers: LayersOptions = layersOf(this.options);
  /** The map, for user space: `d.map(p => p.flows.flows4)`. Its path is this field's. */
  readonly flows4: FlowMap<FlowKey4, FlowEntry4>;
  /** The same for IPv6. */
  readonly flows6: FlowMap<FlowKey6, FlowEntry6>;
  private readonly open4 = openEntry<FlowEntry4>("FlowEntry4", this.options);
  private readonly open6 = openEntry<FlowEntry6>("FlowEntry6", this.options);
  /** nanoseconds; what tracks states says how long they last, before anything is stored */
  private readonly idle = { fresh: 60n * SECOND, established: 21_600n * SECOND };
  private readonly hash4 = this.isTable ? undefined : lruHashMap(FlowKey4, this.open4.type, { maxEntries: this.options.maxEntries });
  private readonly hash6 = this.isTable ? undefined : lruHashMap(FlowKey6, this.open6.type, { maxEntries: this.options.maxEntries });
  private readonly table4 = this.isTable
    ? flowTable(FlowKey4, this.open4.type, { maxEntries: this.options.maxEntries, idle: this.idle })
    : undefined;
  private readonly table6 = this.isTable
    ? flowTable(FlowKey6, this.open6.type, { maxEntries: this.options.maxEntries, idle: this.idle })
    : undefined;
  private readonly key4 = scratch(FlowKey4);
  private readonly key6 = scratch(FlowKey6);
  private readonly new4 = scratch(this.open4.type);
  private readonly new6 = scratch(this.open6.type);
  private readonly second4 = scratch(this.open4.type);
  private readonly second6 = scratch(this.open6.type);
  private translated = false;

  constructor(options: FlowsOptions) {
    super(options);
    this.flows4 = this.hash4 ?? this.table4 ?? {};
    this.flows6 = this.hash6 ?? this.table6 ?? {};
  }

  /** Build time: whether flows are in a flow table, which gives copies of them. */
  get isTable(): boolean {
    return this.options.table === "flowTable";
  }
  /**
   * Build time: how long the longest states last, in nanoseconds, for a flow table: those that give way to new flows, and
   * those that don't.
   */
  ages(fresh: bigint, established: bigint): void {
    this.idle.fresh = fresh;
    this.idle.established = established;
  }
  /** Build time: whether entries can be companions. */
  get isTranslated(): boolean {
    return this.translated;
  }

  /**
   * Build time: adds fields to every entry; all zero in a new one.
   * @param name one that no other part has
   * @throws RangeError where the name is taken
   * @example readonly part = this.options.flows.part("quota", { warned: u32 });
   */
  part<F extends Fields>(name: string, fields: F): FlowPart<Of<F>> {
    const schema = struct(fields);
    this.open4.add(name, schema);
    this.open6.add(name, schema);
    return new FlowPart(name, schema);
  }

  /** Build time: flows of this table may be translated, so that entries can be companions. */
  translates(): void {
    if (this.translated) return;
    this.translated = true;
    this.open4.add("becomes4", Translation4);
    this.open6.add("becomes6", Translation6);
  }

  /** The flow of a packet by its addresses and ports, where it is in the table; an expired one too. */
  find(_pkt: Packet, layers: IpLayers): StoredFlow | undefined {
    const { sourcePort, destinationPort, protocol } = layers;
    return layers.family === 4
      ? this.find4({ source: layers.source, destination: layers.destination, sourcePort, destinationPort, protocol })
      : this.find6({ source: layers.source, destination: layers.destination, sourcePort, destinationPort, protocol });
  }

  /** The flow with this tuple, in either direction; an expired one too. */
  find4(tuple: Tuple4): StoredFlow4 | undefined {
    const key = new FlowKey4();
    const fromLow = setKey4(key, tuple);
    return this.stored4(key, fromLow);
  }
  private stored4(key: FlowKey4, fromLow: boolean): StoredFlow4 | undefined {
    if (this.table4) {
      const copied = this.table4.get(key);
      return copied ? new CopiedFlow4(copied, fromLow) : undefined;
    }
    const entry = this.hash4?.get(key);
    return entry ? new StoredFlow4(entry, fromLow) : undefined;
  }
  /** The same for IPv6. */
  find6(tuple: Tuple6): StoredFlow6 | undefined {
    const key = new FlowKey6();
    const fromLow = setKey6(key, tuple);
    return this.stored6(key, fromLow);
  }
  private stored6(key: FlowKey6, fromLow: boolean): StoredFlow6 | undefined {
    if (this.table6) {
      const copied = this.table6.get(key);
      return copied ? new CopiedFlow6(copied, fromLow) : undefined;
    }
    const entry = this.hash6?.get(key);
    return entry ? new StoredFlow6(entry, fromLow) : undefined;
  }

  /** A flow that a packet with this tuple begins: what is written to it is stored by `store`. One at a time, and nothing is tracked meanwhile. */
  begin4(tuple: Tuple4): NewFlow4 {
    return this.beginSought4(this.seek4(tuple));
  }
  /** Makes this tuple's key, for `sought4` and `beginSought4`: whether the packet goes from its lower end to the higher one. */
  seek4(tuple: Tuple4): boolean {
    clear(this.key4);
    return setKey4(this.key4, tuple);
  }
  /** The flow that `seek4` was called for last, as `find4` gives it. */
  sought4(fromLow: boolean): StoredFlow4 | undefined {
    return this.stored4(this.key4, fromLow);
  }
  /** Begins it, as `begin4` does. */
  beginSought4(fromLow: boolean): NewFlow4 {
    clear(this.new4);
    this.new4.fromLow = fromLow;
    if (!this.isTable) this.new4.seen = u32(ticks());
    return new NewFlow4(this.new4, fromLow);
  }
  /** The same for IPv6. */
  begin6(tuple: Tuple6): NewFlow6 {
    return this.beginSought6(this.seek6(tuple));
  }
  /** Makes this tuple's key, for `sought6` and `beginSought6`: whether the packet goes from its lower end to the higher one. */
  seek6(tuple: Tuple6): boolean {
    clear(this.key6);
    return setKey6(this.key6, tuple);
  }
  /** The flow that `seek6` was called for last, as `find6` gives it. */
  sought6(fromLow: boolean): StoredFlow6 | undefined {
    return this.stored6(this.key6, fromLow);
  }
  /** Begins it, as `begin6` does. */
  beginSought6(fromLow: boolean): NewFlow6 {
    clear(this.new6);
    this.new6.fromLow = fromLow;
    if (!this.isTable) this.new6.seen = u32(ticks());
    return new NewFlow6(this.new6, fromLow);
  }

  /** Puts a new flow into the table; one that stands there under its key is replaced. False where the table is full. */
  store(flow: NewFlow4 | NewFlow6): boolean {
    return flow instanceof NewFlow4 ? this.store4() : this.store6();
  }
  private store4(): boolean {
    if (this.table4) return this.storeInTable4(this.table4);
    if (this.add4(this.key4, this.new4)) return true;
    const there = this.hash4?.get(this.key4);
    if (!there) return false;
    copy(there, this.new4);
    return true;
  }
  /** A translated flow is stored with its companion or not at all. */
  private storeInTable4(table: FlowTable<FlowKey4, FlowEntry4>): boolean {
    const added = table.add(this.key4, this.new4);
    const isNew = added.outcome === FlowTable.New;
    if (!this.translated || this.new4.becomes4.source === 0) return isNew;
    const { source, destination, sourcePort, destinationPort } = this.new4.becomes4;
    const { protocol } = this.key4;
    const key = new FlowKey4();
    void setKey4(key, { source, destination, sourcePort, destinationPort, protocol });
    const companion = table.get(key);
    // The last place that was free may have been the companion's, or is now the flow's in its stead.
    if (isNew && companion) return true;
    if (companion) void companion.delete();
    if (isNew) void added.entry.delete();
    return false;
  }
  /** Puts an entry in; whether there was none, and room for it. */
  private add4(key: FlowKey4, entry: FlowEntry4): boolean {
    if (!this.table4) return this.hash4?.add(key, entry) ?? false;
    const added = this.table4.add(key, entry);
    return added.outcome === FlowTable.New;
  }
  private has4(key: FlowKey4): boolean {
    if (!this.table4) return this.hash4?.has(key) ?? false;
    return this.table4.get(key) !== undefined;
  }
  private store6(): boolean {
    if (this.table6) return this.storeInTable6(this.table6);
    if (this.add6(this.key6, this.new6)) return true;
    const there = this.hash6?.get(this.key6);
    if (!there) return false;
    copy(there, this.new6);
    return true;
  }
  /** A translated flow is stored with its companion or not at all. */
  private storeInTable6(table: FlowTable<FlowKey6, FlowEntry6>): boolean {
    const added = table.add(this.key6, this.new6);
    const isNew = added.outcome === FlowTable.New;
    if (!this.translated || this.new6.becomes6.source === 0n) return isNew;
    const { source, destination, sourcePort, destinationPort } = this.new6.becomes6;
    const { protocol } = this.key6;
    const key = new FlowKey6();
    void setKey6(key, { source, destination, sourcePort, destinationPort, protocol });
    const companion = table.get(key);
    // The last place that was free may have been the companion's, or is now the flow's in its stead.
    if (isNew && companion) return true;
    if (companion) void companion.delete();
    if (isNew) void added.entry.delete();
    return false;
  }
  /** Puts an entry in; whether there was none, and room for it. */
  private add6(key: FlowKey6, entry: FlowEntry6): boolean {
    if (!this.table6) return this.hash6?.add(key, entry) ?? false;
    const added = this.table6.add(key, entry);
    return added.outcome === FlowTable.New;
  }
  private has6(key: FlowKey6): boolean {
    if (!this.table6) return this.hash6?.has(key) ?? false;
    return this.table6.get(key) !== undefined;
  }

  /**
   * The companion of the flow that was begun last, all zero: a block writes its part (how replies are translated back),
   * then calls `reserve4`.
   * @example const back = this.part.in(flows.companion4()); back.address = client;
   */
  companion4(): FlowEntry4 {
    clear(this.second4);
    return this.second4;
  }
  /** The same for IPv6. */
  companion6(): FlowEntry6 {
    clear(this.second6);
    return this.second6;
  }
  /**
   * Stores the companion under the tuple that the replies of a translated flow will have, before the flow itself is
   * stored. False where that tuple belongs to another flow (a masquerade takes the next port then), or the table is full.
   */
  reserve4(_flow: NewFlow4, reply: Tuple4): boolean {
    const key = new FlowKey4();
    const fromLow = setKey4(key, reply);
    this.second4.companion = true;
    this.second4.fromLow = !fromLow;
    if (!this.isTable) this.second4.seen = u32(ticks());
    const back = this.second4.becomes4;
    const { fromLow: began } = this.new4;
    back.source = began ? this.key4.high : this.key4.low;
    back.destination = began ? this.key4.low : this.key4.high;
    back.sourcePort = began ? this.key4.highPort : this.key4.lowPort;
    back.destinationPort = began ? this.key4.lowPort : this.key4.highPort;
    return this.add4(key, this.second4);
  }
  /** The same for IPv6. */
  reserve6(_flow: NewFlow6, reply: Tuple6): boolean {
    const key = new FlowKey6();
    const fromLow = setKey6(key, reply);
    this.second6.companion = true;
    this.second6.fromLow = !fromLow;
    if (!this.isTable) this.second6.seen = u32(ticks());
    const back = this.second6.becomes6;
    const { fromLow: began } = this.new6;
    back.source = began ? this.key6.high : this.key6.low;
    back.destination = began ? this.key6.low : this.key6.high;
    back.sourcePort = began ? this.key6.highPort : this.key6.lowPort;
    back.destinationPort = began ? this.key6.lowPort : this.key6.highPort;
    return this.add6(key, this.second6);
  }
  /** The flow itself, of a packet that found its companion; undefined where it is gone. */
  mainOf4(companion: StoredFlow4, protocol: u8): StoredFlow4 | undefined {
    const { source, destination, sourcePort, destinationPort } = companion.entry.becomes4;
    return this.find4({ source, destination, sourcePort, destinationPort, protocol });
  }
  /** The same for IPv6. */
  mainOf6(companion: StoredFlow6, protocol: u8): StoredFlow6 | undefined {
    const { source, destination, sourcePort, destinationPort } = companion.entry.becomes6;
    return this.find6({ source, destination, sourcePort, destinationPort, protocol });
  }

  /**
   * Gives the flow that was begun last its translation, and reserves the tuple that its replies will have.
   * @param to what its packets become
   * @param ports what its source port may be where replies to the wanted one are another flow's
   * @returns one of {@link Translating}
   * @example if (flows.translate4(flow, { ...tuple, source: outside }, ports) === Translating.NoPort) return Verdict.drop("no port left");
   */
  translate4(flow: NewFlow4, to: Tuple4, ports: PortChoice): u8 {
    const { source, destination, sourcePort, destinationPort, protocol } = to;
    // A host that talks to itself cannot be told from its answers.
    if (source === destination) return Translating.NoPort;
    const becomes = flow.entry.becomes4;
    becomes.source = source;
    becomes.destination = destination;
    becomes.sourcePort = sourcePort;
    becomes.destinationPort = destinationPort;
    const second = this.prepareCompanion4(flow);
    const key = new FlowKey4();
    const fromLow = setKey4(key, {
      source: destination,
      destination: source,
      sourcePort: destinationPort,
      destinationPort: sourcePort,
      protocol,
    });
    second.fromLow = !fromLow;
    if (this.add4(key, second) || this.renews4(key, second)) return Translating.Done;
    if (this.isTable && !this.has4(key)) return Translating.Full;
    // What has no ports has no choice.
    if (sourcePort === 0) return Translating.NoPort;
    const echo = protocol === IpProtocol.Icmp;
    let offset = random() % ports.count;
    let free = false;
    for (let i = 0; i < ports.tries; i++) {
      const port: u16 = ports.first + offset;
      if (echo || fromLow) key.highPort = port;
      if (echo || !fromLow) key.lowPort = port;
      if (!this.has4(key)) {
        free = true;
        break;
      }
      offset = offset + 1 < ports.count ? offset + 1 : 0;
    }
    if (!free) return Translating.NoPort;
    becomes.sourcePort = fromLow ? key.highPort : key.lowPort;
    becomes.destinationPort = fromLow ? key.lowPort : key.highPort;
    return this.add4(key, second) ? Translating.Done : Translating.Full;
  }
  /** The same for IPv6. */
  translate6(flow: NewFlow6, to: Tuple6, ports: PortChoice): u8 {
    const { source, destination, sourcePort, destinationPort, protocol } = to;
    // A host that talks to itself cannot be told from its answers.
    if (source === destination) return Translating.NoPort;
    const becomes = flow.entry.becomes6;
    becomes.source = source;
    becomes.destination = destination;
    becomes.sourcePort = sourcePort;
    becomes.destinationPort = destinationPort;
    const second = this.prepareCompanion6(flow);
    const key = new FlowKey6();
    const fromLow = setKey6(key, {
      source: destination,
      destination: source,
      sourcePort: destinationPort,
      destinationPort: sourcePort,
      protocol,
    });
    second.fromLow = !fromLow;
    if (this.add6(key, second) || this.renews6(key, second)) return Translating.Done;
    if (this.isTable && !this.has6(key)) return Translating.Full;
    // What has no ports has no choice.
    if (sourcePort === 0) return Translating.NoPort;
    const echo = protocol === IpProtocol.Icmpv6;
    let offset = random() % ports.count;
    let free = false;
    for (let i = 0; i < ports.tries; i++) {
      const port: u16 = ports.first + offset;
      if (echo || fromLow) key.highPort = port;
      if (echo || !fromLow) key.lowPort = port;
      if (!this.has6(key)) {
        free = true;
        break;
      }
      offset = offset + 1 < ports.count ? offset + 1 : 0;
    }
    if (!free) return Translating.NoPort;
    becomes.sourcePort = fromLow ? key.highPort : key.lowPort;
    becomes.destinationPort = fromLow ? key.lowPort : key.highPort;
    return this.add6(key, second) ? Translating.Done : Translating.Full;
  }
  /** Whether the replies are those of the same packets' flow before: its companion is taken over, which is not aged by itself. */
  private renews4(key: FlowKey4, second: FlowEntry4): boolean {
    const there = this.hash4?.get(key);
    if (!there?.companion) return false;
    const before = there.becomes4;
    const back = second.becomes4;
    if (before.source !== back.source || before.destination !== back.destination) return false;
    if (before.sourcePort !== back.sourcePort || before.destinationPort !== back.destinationPort) return false;
    copy(there, second);
    return true;
  }
  /** The same for IPv6. */
  private renews6(key: FlowKey6, second: FlowEntry6): boolean {
    const there = this.hash6?.get(key);
    if (!there?.companion) return false;
    const before = there.becomes6;
    const back = second.becomes6;
    if (before.source !== back.source || before.destination !== back.destination) return false;
    if (before.sourcePort !== back.sourcePort || before.destinationPort !== back.destinationPort) return false;
    copy(there, second);
    return true;
  }
  /** The companion of a new flow, but for its own direction. */
  private prepareCompanion4(flow: NewFlow4): FlowEntry4 {
    const second = this.companion4();
    second.companion = true;
    second.state = flow.entry.state;
    if (!this.isTable) second.seen = flow.entry.seen;
    const back = second.becomes4;
    const { fromLow } = flow;
    back.source = fromLow ? this.key4.high : this.key4.low;
    back.destination = fromLow ? this.key4.low : this.key4.high;
    back.sourcePort = fromLow ? this.key4.highPort : this.key4.lowPort;
    back.destinationPort = fromLow ? this.key4.lowPort : this.key4.highPort;
    return second;
  }
  /** The same for IPv6. */
  private prepareCompanion6(flow: NewFlow6): FlowEntry6 {
    const second = this.companion6();
    second.companion = true;
    second.state = flow.entry.state;
    if (!this.isTable) second.seen = flow.entry.seen;
    const back = second.becomes6;
    const { fromLow } = flow;
    back.source = fromLow ? this.key6.high : this.key6.low;
    back.destination = fromLow ? this.key6.low : this.key6.high;
    back.sourcePort = fromLow ? this.key6.highPort : this.key6.lowPort;
    back.destinationPort = fromLow ? this.key6.lowPort : this.key6.highPort;
    return second;
  }

  /** Counts the packet and notes the time. */
  touch(pkt: Packet, flow: StoredFlow): void {
    const now = u32(ticks());
    if (flow.seen !== now) flow.touch(now);
    this.count(pkt, flow.entry, flow.reply);
  }
  /** Counts the packet that begins a flow. */
  countFirst(pkt: Packet, flow: NewFlow): void {
    if (this.options.counters === false) return;
    flow.entry.packets.store(1n);
    flow.entry.bytes.store(BigInt(pkt.length));
  }
  /** Counts the packet for one direction of a flow that is in the table. */
  count(pkt: Packet, entry: FlowEntry, reply: boolean): void {
    if (this.options.counters === false) return;
    if (reply) {
      entry.replyPackets.add(1n);
      entry.replyBytes.add(BigInt(pkt.length));
    } else {
      entry.packets.add(1n);
      entry.bytes.add(BigInt(pkt.length));
    }
  }
}

function layersOf(options: FlowsOptions): LayersOptions {
  checkFlowsOptions(options);
  const { families, vlan, fragments, extensions } = options;
  return { families, vlan, fragments, extensions };
}

/** Whether a packet goes from the lower end of its flow's key to the higher one. */
function isFromLow4(tuple: Tuple4): boolean {
  return tuple.source < tuple.destination || (tuple.source === tuple.destination && tuple.sourcePort < tuple.destinationPort);
}
function isFromLow6(tuple: Tuple6): boolean {
  const sourceHigh = u64(tuple.source >> 64n);
  const destinationHigh = u64(tuple.destination >> 64n);
  if (sourceHigh !== destinationHigh) return sourceHigh < destinationHigh;
  const sourceLow = u64(tuple.source);
  const destinationLow = u64(tuple.destination);
  if (sourceLow !== destinationLow) return sourceLow < destinationLow;
  return tuple.sourcePort < tuple.destinationPort;
}
/** Fills a zeroed key; whether the packet goes from its lower end to the higher one. */
function setKey4(key: FlowKey4, tuple: Tuple4): boolean {
  key.protocol = tuple.protocol;
  if (isFromLow4(tuple)) {
    key.low = tuple.source;
    key.high = tuple.destination;
    key.lowPort = tuple.sourcePort;
    key.highPort = tuple.destinationPort;
    return true;
  }
  key.low = tuple.destination;
  key.high = tuple.source;
  key.lowPort = tuple.destinationPort;
  key.highPort = tuple.sourcePort;
  return false;
}
function setKey6(key: FlowKey6, tuple: Tuple6): boolean {
  key.protocol = tuple.protocol;
  if (isFromLow6(tuple)) {
    key.low = tuple.source;
    key.high = tuple.destination;
    key.lowPort = tuple.sourcePort;
    key.highPort = tuple.destinationPort;
    return true;
  }
  key.low = tuple.destination;
  key.high = tuple.source;
  key.lowPort = tuple.destinationPort;
  key.highPort = tuple.sourcePort;
  return false;
}

/** What a packet's flow is to blocks: datapath code. */
import { type u8, type u32, u64 } from "../core/integers.js";
import type { FlowCopy } from "../maps/flow-table.js";
import type { FlowEntry, FlowEntry4, FlowEntry6 } from "./entry.js";

/** The flow of a packet. Its entry is in the table, or (for a `NewFlow`) what will be put there. It stays good when the packet moves. */
export abstract class FlowBase {
  /** whether the packet goes from the key's lower address to the higher one */
  readonly fromLow: boolean;

  constructor(fromLow: boolean) {
    this.fromLow = fromLow;
  }
  abstract readonly entry: FlowEntry;

  /** whether this packet goes against the direction that began the flow */
  get reply(): boolean {
    return this.entry.fromLow !== this.fromLow;
  }
  /** what Conntrack makes of the flow */
  get state(): u8 {
    return this.entry.state;
  }
  /** whether packets went both ways */
  get replied(): boolean {
    return this.entry.replied;
  }
  /** packets of both directions up to this one; not there with `counters: false` */
  get packets(): u64 {
    return u64(this.entry.packets.load() + this.entry.replyPackets.load());
  }
  /** bytes of both directions up to this packet's; not there with `counters: false` */
  get bytes(): u64 {
    return u64(this.entry.bytes.load() + this.entry.replyBytes.load());
  }
  get mark(): u32 {
    return this.entry.mark;
  }
  set mark(value: u32) {
    this.entry.mark = value;
  }
}

/** A flow of IPv4 that is in the table. */
export class StoredFlow4 extends FlowBase {
  override readonly entry: FlowEntry4;
  constructor(entry: FlowEntry4, fromLow: boolean) {
    super(fromLow);
    this.entry = entry;
  }
  /** when its last packet came, in ticks (the low half of `ticks()`) */
  get seen(): u32 {
    return this.entry.seen;
  }
  /** Notes the time of a packet. */
  touch(now: u32): void {
    this.entry.seen = now;
  }
  /**
   * Takes the flow on to another state.
   * @param keeps whether a flow table is to keep it where others give way: a build-time value, or told by the caller
   */
  become(state: u8, replied: boolean, _keeps: boolean): void {
    if (this.entry.state !== state) this.entry.state = state;
    if (this.entry.replied !== replied) this.entry.replied = replied;
  }
  /** The flow is over, and another one begins under its key. */
  forget(): void {}
}
/** The same of a flow table: a copy, whose changes are written through. */
export class CopiedFlow4 extends StoredFlow4 {
  private readonly copy: FlowCopy<FlowEntry4>;
  constructor(copy: FlowCopy<FlowEntry4>, fromLow: boolean) {
    super(copy.value, fromLow);
    this.copy = copy;
  }
  override get seen(): u32 {
    return this.copy.seen;
  }
  override touch(_now: u32): void {
    this.copy.touch();
  }
  override become(state: u8, replied: boolean, keeps: boolean): void {
    if (this.entry.state === state && this.entry.replied === replied && this.copy.established === keeps) return;
    if (keeps) void this.copy.update({ state, replied }, { established: true });
    else void this.copy.update({ state, replied }, { established: false });
  }
  override forget(): void {
    void this.copy.delete();
  }
}
/** A flow of IPv6 that is in the table. */
export class StoredFlow6 extends FlowBase {
  override readonly entry: FlowEntry6;
  constructor(entry: FlowEntry6, fromLow: boolean) {
    super(fromLow);
    this.entry = entry;
  }
  /** when its last packet came, in ticks (the low half of `ticks()`) */
  get seen(): u32 {
    return this.entry.seen;
  }
  /** Notes the time of a packet. */
  touch(now: u32): void {
    this.entry.seen = now;
  }
  /**
   * Takes the flow on to another state.
   * @param keeps whether a flow table is to keep it where others give way: a build-time value, or told by the caller
   */
  become(state: u8, replied: boolean, _keeps: boolean): void {
    if (this.entry.state !== state) this.entry.state = state;
    if (this.entry.replied !== replied) this.entry.replied = replied;
  }
  /** The flow is over, and another one begins under its key. */
  forget(): void {}
}
/** The same of a flow table: a copy, whose changes are written through. */
export class CopiedFlow6 extends StoredFlow6 {
  private readonly copy: FlowCopy<FlowEntry6>;
  constructor(copy: FlowCopy<FlowEntry6>, fromLow: boolean) {
    super(copy.value, fromLow);
    this.copy = copy;
  }
  override get seen(): u32 {
    return this.copy.seen;
  }
  override touch(_now: u32): void {
    this.copy.touch();
  }
  override become(state: u8, replied: boolean, keeps: boolean): void {
    if (this.entry.state === state && this.entry.replied === replied && this.copy.established === keeps) return;
    if (keeps) void this.copy.update({ state, replied }, { established: true });
    else void this.copy.update({ state, replied }, { established: false });
  }
  override forget(): void {
    void this.copy.delete();
  }
}
/** A flow of IPv4 that is not in the table yet: what is written to its entry is stored with it. */
export class NewFlow4 extends FlowBase {
  override readonly entry: FlowEntry4;
  constructor(entry: FlowEntry4, fromLow: boolean) {
    super(fromLow);
    this.entry = entry;
  }
}
/** A flow of IPv6 that is not in the table yet. */
export class NewFlow6 extends FlowBase {
  override readonly entry: FlowEntry6;
  constructor(entry: FlowEntry6, fromLow: boolean) {
    super(fromLow);
    this.entry = entry;
  }
}
export type StoredFlow = StoredFlow4 | StoredFlow6;
export type NewFlow = NewFlow4 | NewFlow6;
export type Flow = StoredFlow | NewFlow;

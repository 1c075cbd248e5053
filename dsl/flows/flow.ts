/** What a packet's flow is to blocks: datapath code. */
import type { u8, u32, u64 } from "../core/integers.js";
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
  /** packets of both directions up to this one; 0 with `counters: false` */
  get packets(): u64 {
    return this.entry.packets + this.entry.replyPackets;
  }
  /** bytes of both directions up to this packet's; 0 with `counters: false` */
  get bytes(): u64 {
    return this.entry.bytes + this.entry.replyBytes;
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
}
/** A flow of IPv6 that is in the table. */
export class StoredFlow6 extends FlowBase {
  override readonly entry: FlowEntry6;
  constructor(entry: FlowEntry6, fromLow: boolean) {
    super(fromLow);
    this.entry = entry;
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

/** What a table of flows keeps. */
import { atomic, bool } from "../core/fields.js";
import { net, u8, u16, u32, u64, u128 } from "../core/integers.js";
import { type OpenStruct, openStruct } from "../core/open-struct.js";
import type { Atomic } from "../core/schema.js";
import { struct } from "../core/struct.js";
import type { FlowsOptions } from "./options.js";

/**
 * The key of an IPv4 flow, the same for both directions: the smaller address (and its port) first; where the addresses
 * are equal, the smaller port.
 */
export class FlowKey4 extends struct({
  low: net(u32),
  high: net(u32),
  lowPort: net(u16),
  highPort: net(u16),
  protocol: u8,
  zero: u8,
  zeros: u16,
}) {}

/** The key of an IPv6 flow, ordered alike. */
export class FlowKey6 extends struct({
  low: net(u128),
  high: net(u128),
  lowPort: net(u16),
  highPort: net(u16),
  protocol: u8,
  zero: u8,
  zeros: u16,
}) {}

/** What a packet of IPv4 becomes that goes in its entry's own direction; all zero where it stays as it is. */
export class Translation4 extends struct({ source: net(u32), destination: net(u32), sourcePort: net(u16), destinationPort: net(u16) }) {}
/** The same of IPv6. */
export class Translation6 extends struct({ source: net(u128), destination: net(u128), sourcePort: net(u16), destinationPort: net(u16) }) {}

/** What every entry has. The parts of blocks follow it. */
export interface FlowEntry {
  /** when the last packet came, in ticks: the low half of `ticks()`; a flow table has a time of its own */
  seen: u32;
  /** what Conntrack makes of the flow; 0 where nobody tracks states */
  state: u8;
  /** whether the lower address of the key began the flow */
  fromLow: boolean;
  /** whether packets went both ways */
  replied: boolean;
  /** whether this is the entry of a translated flow's replies: what they become names the flow's own entry */
  companion: boolean;
  /** for other blocks and user space */
  mark: u32;
  /** for other blocks and user space */
  user: u32;
  /** of the direction that began the flow */
  readonly packets: Atomic<u64>;
  readonly bytes: Atomic<u64>;
  readonly replyPackets: Atomic<u64>;
  readonly replyBytes: Atomic<u64>;
}
export interface FlowEntry4 extends FlowEntry {
  /** only with `translates()` */
  readonly becomes4: Translation4;
}
export interface FlowEntry6 extends FlowEntry {
  /** only with `translates()` */
  readonly becomes6: Translation6;
}

/** The entry before any block has put its part into it. */
export function openEntry<V extends FlowEntry>(name: string, options: FlowsOptions): OpenStruct<V> {
  return openStruct<V>(name, {
    ...(options.table !== "flowTable" && { seen: u32 }),
    state: u8,
    fromLow: bool,
    replied: bool,
    companion: bool,
    ...(options.mark !== false && { mark: u32, user: u32 }),
    ...(options.counters !== false && { packets: atomic(u64), bytes: atomic(u64), replyPackets: atomic(u64), replyBytes: atomic(u64) }),
  });
}

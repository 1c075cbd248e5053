/** What a program sees of a packet. */
import type { u8, u16, u32, u64 } from "../core/integers.js";
import type { FixedArray, IntSchema, ViewClass } from "../core/schema.js";
import type { Device } from "../maps/device.js";
import type { Encap } from "./encap.js";
import type { Layers } from "./layers.js";
import type { LayersOptions } from "./layers-options.js";

/** A VLAN tag (IEEE 802.1Q). */
export interface VlanTag {
  /** 0 … 4095 */
  readonly id: u16;
  /** priority code point, 0 … 7 */
  readonly priority: u8;
  /** the next tag inside (802.1ad), where there is one */
  readonly inner: { readonly id: u16 } | undefined;
}

/** A packet at a hook. Offsets count from the Ethernet header's first byte and never count the outermost VLAN tag. */
export interface Packet {
  /** What the hook sees, in bytes: a GSO packet whole; no tag counted. */
  readonly length: u32;
  /** The largest frame that will leave, in bytes: less than `length` for a GSO packet, and no tag counted either. */
  readonly wireLength: u32;
  /** A live view of a header at `offset`, or undefined where the packet ends before it does. */
  at<V extends object>(offset: number, header: ViewClass<V>): V | undefined;
  /** A live view of the header behind `previous`, whose own run-time length counts (and must not be below its fixed part). */
  after<V extends object>(previous: object, header: ViewClass<V>): V | undefined;
  /** One integer in network order, not live; undefined where the packet ends before it does. */
  read<T extends number | bigint>(offset: number, schema: IntSchema<T>): T | undefined;
  /** Stores one integer in network order; false where the packet ends before it does. */
  write<T extends number | bigint>(offset: number, schema: IntSchema<T>, value: T): boolean;
  /** `count` bytes (a build-time constant) as a live view. */
  bytes<const N extends number>(offset: number, count: N): FixedArray<u8, N> | undefined;
  /** Copies `count` bytes, at most `max` (build-time, up to 511), inside the packet; false where either end is outside. */
  copy(to: number, from: number, count: number, limit: { max: number }): boolean;
  /** Where a view starts. */
  offsetOf(view: object): number;
  /** Where a view's header ends, by its run-time length. */
  endOf(view: object): number;
  /**
   * The packet's headers, found once for each state of the packet. What build-time options leave out comes back with
   * `family` 0, and is not in the program.
   * @example const layers = pkt.layers({ families: [4], extensions: false });
   */
  layers(options?: LayersOptions): Layers;
  /** The outermost tag; assign to push or change, assign undefined to pop. */
  get vlan(): VlanTag | undefined;
  set vlan(tag: { id: number; priority?: number } | undefined);
  /** Makes room for `bytes` at the very front, zero; false where there is none (128 bytes are sure in all). Ends every view. */
  grow(bytes: number): boolean;
  /** Cuts `bytes` off the very front; false where less than an Ethernet header would stay. Ends every view. */
  shrink(bytes: number): boolean;
  /** Brings the first `bytes` bytes into tc's linear part; false where the packet is shorter. Ends every view. */
  pull(bytes: number): boolean;
  /** Opens a gap of zero bytes at `offset`, 0 … 256, moving what is in front of it; false where there is no room. Ends every view. */
  insert(offset: number, bytes: number, encap?: Encap): boolean;
  /**
   * Closes a gap at `offset`, 0 … 256, moving what is in front of it; false where less than an Ethernet header would
   * stay, and on tc for what is not IP. Ends every view.
   */
  remove(offset: number, bytes: number): boolean;
  /** Cuts the tail, so that `length` bytes stay. Ends every view. */
  trim(length: number): boolean;
  /**
   * Internet checksum (RFC 1071) of `length` bytes, at most `max` (build-time, up to 2032), beginning with the sum
   * `initial`. A run that is longer, or not all there, aborts the packet.
   */
  checksum(offset: number, length: number, options: { max: number; initial?: number }): u16;
  /** The flow hash that the device or the kernel made, 0 in Node. */
  readonly hash: u32;
  /** The device that the packet came by. */
  readonly device: Device;
}

/** What only tc can do; `ingress` and `egress` take it. */
export interface TcPacket extends Packet {
  /** the packet's mark, as `ip rule` and nftables see it */
  mark: u32;
  /** the queueing priority */
  priority: u32;
  /** earliest departure, nanoseconds of CLOCK_MONOTONIC; kept by the fq queueing discipline */
  departure: u64;
  /** Sends a copy out of `to`, as the packet is now; whether it could. Views stay good. */
  mirror(to: Device): boolean;
}
/** A packet in the driver; `xdp` takes it. */
export interface XdpPacket extends Packet {
  readonly "~xdp"?: true;
}

/** A packet in Node: a frame's bytes, its tag, and the hook that it is at. */
import { ArrayView, IndexError } from "../core/array.js";
import type { u8, u16, u32, u64 } from "../core/integers.js";
import { type Memory, readScalar, StaleViewError, writeScalar } from "../core/memory.js";
import type { FixedArray, IntSchema, ViewClass } from "../core/schema.js";
import type { Scalar } from "../core/shape.js";
import { shapeOf } from "../core/spec.js";
import { bind, scalarOf, unsigned, View } from "../core/view.js";
import { Ethernet } from "../headers/ethernet.js";
import { checksumAfter, fold16 } from "../helpers/fold.js";
import { type Device, deviceOf } from "../maps/device.js";
import { checksumOf } from "./checksum.js";
import { type Encap, encapName } from "./encap.js";
import { type Frame, joinFrame, MINIMUM_FRAME, splitFrame, type Tag, VLAN_PROTOCOL } from "./frame.js";
import { type Layers, parseLayers } from "./layers.js";
import { type LayersOptions, layersKey } from "./layers-options.js";
import { limitRefused } from "./limits.js";
import type { PacketPrimitives } from "./primitives.js";
import { type HookKind, Room } from "./room.js";
import type { TcPacket, VlanTag, XdpPacket } from "./types.js";

/** Views end within this many bytes: an offset in the kernel is a bounded 16-bit number. */
const VIEW_LIMIT = 65_535;

/** What a packet brings beside its bytes. */
export interface PacketContext {
  readonly kind: HookKind;
  /** interface index of the device that it came by */
  readonly device: number;
  readonly mark?: number;
  readonly priority?: number;
  readonly departure?: bigint;
}

export class NodePacket implements TcPacket, XdpPacket, PacketPrimitives {
  #bytes: Uint8Array;
  #tag: Tag | undefined;
  #memory: PacketMemory;
  readonly #layers = new Map<number, { readonly layers: Layers; readonly written: number }>();
  #mark: number;
  #priority: number;
  #departure: bigint;
  readonly #room: Room;
  readonly device: Device;
  /** copies that were sent elsewhere, with the device's index */
  readonly mirrored: { readonly device: number; readonly bytes: Uint8Array }[] = [];

  /**
   * @param wire the frame as it is on the wire, its tag included
   * @throws RangeError for a frame without a whole Ethernet header.
   */
  constructor(wire: Uint8Array, context: PacketContext) {
    if (wire.length < MINIMUM_FRAME)
      throw new RangeError(`a frame of ${wire.length} bytes: the kernel hands over none below ${MINIMUM_FRAME}, an Ethernet header`);
    const frame = splitFrame(wire);
    this.#bytes = frame.bytes;
    this.#tag = frame.tag;
    this.#memory = new PacketMemory(this.#bytes);
    this.#room = new Room(context.kind, typeOf(frame.bytes));
    this.device = deviceOf(context.device);
    this.#mark = context.mark ?? 0;
    this.#priority = context.priority ?? 0;
    this.#departure = context.departure ?? 0n;
  }

  /** The frame as it would be on the wire now. */
  toBytes(): Uint8Array {
    return joinFrame(this.#frame());
  }
  /** What the program sees: without the outermost tag. */
  frameBytes(): Uint8Array {
    return this.#bytes.slice();
  }
  #frame(): Frame {
    return { bytes: this.#bytes, tag: this.#tag };
  }

  get length(): u32 {
    return this.#bytes.length;
  }
  get wireLength(): u32 {
    return this.#bytes.length;
  }
  get hash(): u32 {
    return 0;
  }
  get mark(): u32 {
    return this.#mark;
  }
  set mark(value: u32) {
    this.#mark = Number(unsigned(value, 32, "mark", false));
  }
  get priority(): u32 {
    return this.#priority;
  }
  set priority(value: u32) {
    this.#priority = Number(unsigned(value, 32, "priority", false));
  }
  get departure(): u64 {
    return this.#departure;
  }
  set departure(value: u64) {
    this.#departure = unsigned(value, 64, "departure", false);
  }
  mirror(to: Device): boolean {
    this.mirrored.push({ device: to.index, bytes: this.toBytes() });
    return true;
  }

  // ------------------------------------------------------------------ reading and writing

  #reaches(offset: number, count: number): boolean {
    natural(offset, "an offset");
    natural(count, "a length");
    return offset + count <= this.#bytes.length && offset + count <= VIEW_LIMIT;
  }
  at<V extends object>(offset: number, header: ViewClass<V>): V | undefined {
    return this.#reaches(offset, header.size) ? bind(header, this.#memory, offset) : undefined;
  }
  after<V extends object>(previous: object, header: ViewClass<V>): V | undefined {
    const { offset, length, fixed } = this.#extent(previous);
    return length < fixed ? undefined : this.at(offset + length, header);
  }
  frame(): Ethernet {
    return bind(Ethernet, this.#memory, 0);
  }
  read<T extends number | bigint>(offset: number, schema: IntSchema<T>): T | undefined {
    if (!this.#reaches(offset, schema.size)) return undefined;
    return schema(this.#memory.read(offset, networkScalar(schema)));
  }
  write<T extends number | bigint>(offset: number, schema: IntSchema<T>, value: T): boolean {
    const stored = unsigned(value, schema.size * 8, "write(…)", false);
    if (!this.#reaches(offset, schema.size)) return false;
    this.#memory.write(offset, networkScalar(schema), stored);
    return true;
  }
  bytes<const N extends number>(offset: number, count: N): FixedArray<u8, N> | undefined;
  bytes(offset: number, count: number): unknown {
    if (!this.#reaches(offset, count)) return undefined;
    const memory = this.#memory;
    return new ArrayView(
      count,
      index => Number(memory.read(offset + index, byte)),
      (index, value) => memory.write(offset + index, byte, unsigned(value, 8, `bytes(…)[${index}]`, false)),
    ).indexed();
  }
  copy(to: number, from: number, count: number, limit: { max: number }): boolean {
    const refused = limitRefused("copy", limit.max);
    if (refused !== undefined) throw new RangeError(refused);
    if (!this.#reaches(to, count) || !this.#reaches(from, count) || count > limit.max) return false;
    this.#bytes.copyWithin(to, from, from + count);
    this.#memory.wrote();
    return true;
  }
  checksum(offset: number, length: number, options: { max: number; initial?: number }): u16 {
    const refused = limitRefused("checksum", options.max);
    if (refused !== undefined) throw new RangeError(refused);
    if (length > options.max) throw new IndexError(`checksum of ${length} bytes, but at most ${options.max} were promised`);
    if (!this.#reaches(offset, length))
      throw new IndexError(`checksum of ${length} bytes at ${offset} of a packet of ${this.#bytes.length}`);
    return checksumOf(this.#bytes.subarray(offset, offset + length), fold16(options.initial ?? 0));
  }

  offsetOf(view: object): number {
    return this.#extent(view).offset;
  }
  endOf(view: object): number {
    const { offset, length } = this.#extent(view);
    return offset + length;
  }
  #extent(view: object): { readonly offset: number; readonly length: number; readonly fixed: number } {
    const place = View.placeOf(view);
    if (!(place?.memory instanceof PacketMemory)) throw new TypeError("not a view of a packet");
    if (place.memory !== this.#memory) throw stale();
    const shape = shapeOf(view.constructor);
    if (shape?.kind !== "header" && shape?.kind !== "struct") throw new TypeError("not a view of a header");
    return { offset: place.base, length: this.#headerLength(view) ?? shape.size, fixed: shape.size };
  }
  #headerLength(view: object): number | undefined {
    const shape = shapeOf(view.constructor);
    const length: ((view: never) => number) | undefined = shape?.kind === "header" ? shape.length : undefined;
    return length && Reflect.apply(length, undefined, [view]);
  }

  /** Until the packet moves or its headers are written, the same object; when it has moved, that answers nothing. */
  layers(options: LayersOptions = {}): Layers {
    const key = layersKey(options);
    const memory = this.#memory;
    const before = this.#layers.get(key);
    if (before && before.written === memory.written) return before.layers;
    const layers = new Proxy(parseLayers(this, options), {
      get(target, key, receiver): unknown {
        if (memory.ended) throw stale();
        return Reflect.get(target, key, receiver);
      },
    });
    this.#layers.set(key, { layers, written: memory.written });
    return layers;
  }
  written(): number {
    return this.#memory.written;
  }
  keepLayers(before: number): void {
    this.#memory.written = before;
  }

  // ------------------------------------------------------------------ checksums

  replaceChecksum(offset: number, addresses: number, others: number, udp: boolean): void {
    if (!this.#reaches(offset, 2)) return;
    const before = Number(this.#memory.read(offset, word));
    if (udp && before === 0) return;
    const after = checksumAfter(before, fold16(addresses) + fold16(others));
    this.#memory.write(offset, word, BigInt(udp && after === 0 ? 0xffff : after));
  }
  noteChange(_difference: number): void {
    // Only a packet whose device summed it has something to update.
  }

  // ------------------------------------------------------------------ moving

  get vlan(): VlanTag | undefined {
    const tag = this.#tag;
    if (!tag) return undefined;
    const [high = 0, low = 0, first = 0, second = 0] = this.#bytes.subarray(12, 16);
    const type = (high << 8) | low;
    const hasInner = type === VLAN_PROTOCOL && this.#bytes.length >= 18;
    return Object.freeze({
      id: tag.id,
      priority: tag.priority,
      inner: hasInner ? Object.freeze({ id: ((first << 8) | second) & 0xfff }) : undefined,
    });
  }
  set vlan(tag: { id: number; priority?: number } | undefined) {
    this.#moved(this.#bytes);
    if (!tag) {
      // What was the next tag inside is the outermost now.
      const inner = splitFrame(this.#bytes);
      if (!this.#tag) return;
      this.#room.popTag(inner.tag !== undefined, typeOf(this.#bytes), typeOf(inner.bytes));
      this.#tag = inner.tag;
      if (inner.tag) this.#moved(inner.bytes);
      return;
    }
    const id = Number(unsigned(tag.id, 12, "vlan.id", false));
    const priority = Number(unsigned(tag.priority ?? 0, 3, "vlan.priority", false));
    if (this.#tag) this.#room.changeTag(typeOf(this.#bytes));
    else if (!this.#room.pushTag()) throw new IndexError("no room for a VLAN tag in front of the packet");
    this.#tag = { tpid: this.#tag?.tpid ?? VLAN_PROTOCOL, id, priority, dropEligible: false };
  }
  grow(bytes: number): boolean {
    return this.#insert(0, bytes);
  }
  shrink(bytes: number): boolean {
    return this.#remove(0, bytes);
  }
  insert(offset: number, bytes: number, encap?: Encap): boolean {
    return this.#insert(offset, bytes, encap && outerFamily(encap));
  }
  remove(offset: number, bytes: number): boolean {
    return this.#remove(offset, bytes);
  }
  trim(length: number): boolean {
    natural(length, "a length");
    const cut = this.#room.trim(length, this.#bytes.length);
    this.#moved(cut ? this.#bytes.slice(0, length) : this.#bytes);
    return cut;
  }
  pull(bytes: number): boolean {
    natural(bytes, "a length");
    this.#moved(this.#bytes);
    return bytes <= this.#bytes.length;
  }

  #insert(offset: number, count: number, outer?: "ip4" | "ip6"): boolean {
    natural(offset, "an offset");
    natural(count, "a length");
    const before = this.#bytes;
    const possible = offset <= before.length && this.#room.grow(offset, count, outer);
    if (!possible) {
      this.#moved(before);
      return false;
    }
    const after = new Uint8Array(before.length + count);
    after.set(before.subarray(0, offset));
    after.set(before.subarray(offset), offset + count);
    this.#moved(after);
    return true;
  }
  #remove(offset: number, count: number): boolean {
    natural(offset, "an offset");
    natural(count, "a length");
    const before = this.#bytes;
    const possible = offset + count <= before.length && this.#room.shrink(offset, count, before.length);
    if (!possible) {
      this.#moved(before);
      return false;
    }
    const after = new Uint8Array(before.length - count);
    after.set(before.subarray(0, offset));
    after.set(before.subarray(offset + count), offset);
    this.#moved(after);
    return true;
  }
  /** Ends every view and the layers, also where the move failed: the kernel's helpers do so too. */
  #moved(bytes: Uint8Array): void {
    this.#memory.ended = true;
    this.#bytes = bytes;
    this.#memory = new PacketMemory(bytes);
    this.#layers.clear();
  }
}

const byte: Scalar = { bytes: 1, order: "network", shift: 0, width: 8 };
const word: Scalar = { bytes: 2, order: "network", shift: 0, width: 16 };

/** The packet's bytes between two moves. */
class PacketMemory implements Memory {
  readonly #bytes: Uint8Array;
  ended = false;
  /** which write was the last that `layers()` may go by */
  written = 0;
  #writes = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }
  read(offset: number, scalar: Scalar): bigint {
    if (this.ended) throw stale();
    return readScalar(this.#bytes, offset, scalar);
  }
  write(offset: number, scalar: Scalar, value: bigint): void {
    if (this.ended) throw stale();
    writeScalar(this.#bytes, offset, scalar, value);
    // The addresses of Ethernet say nothing of what follows.
    if (offset + scalar.bytes > 12) this.wrote();
  }
  wrote(): void {
    this.written = ++this.#writes;
  }
}

function stale(): StaleViewError {
  return new StaleViewError(
    "this view is of the packet as it was before it moved; take it again with pkt.at() or pkt.layers() after the move",
  );
}
function natural(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${what} is ${value}: must be an integer, 0 or more`);
}
function networkScalar(schema: object): Scalar {
  const shape = shapeOf(schema);
  if (shape?.kind !== "int") throw new TypeError("read(…) and write(…) take an integer schema: u8 … u128");
  return scalarOf({ ...shape, order: "network" });
}
/** A frame's EtherType, behind no tag. */
function typeOf(frame: Uint8Array): number {
  return ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
}
function outerFamily(encap: Encap): "ip4" | "ip6" | undefined {
  const name = encapName(encap);
  if (name === "none") return undefined;
  return name.endsWith("6") ? "ip6" : "ip4";
}

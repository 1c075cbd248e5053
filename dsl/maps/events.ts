import { shapeOfSchema } from "../core/fields.js";
import type { Init, Storable } from "../core/schema.js";
import { sizeOf } from "../core/shape.js";
import { describe } from "../core/spec.js";
import { encode } from "../core/view.js";
import { capturing } from "../core/world.js";
import { detached } from "./hash.js";

/** An event as user space and tests get it. */
export interface Emitted<E> {
  readonly event: E;
  /** the packet's first bytes, as many as `emit` asked for and there were */
  readonly packet: Uint8Array;
}
/** Typed events to user space, through a ring buffer. */
export interface Events<E> {
  readonly "~event"?: E;
  /**
   * Sends one event, with the packet's first `bytes` bytes where asked; false where the ring is full (the event is
   * lost and counted).
   */
  emit(event: Init<E>, capture?: { bytes: number }): boolean;
  /** Tests: takes out what was emitted and not taken yet. */
  take(): Emitted<E>[];
}
export interface EventsOptions {
  /** the most bytes of a packet that an event may carry; none where left out */
  bytes?: number;
  /** the ring's size in bytes: a power of two, 4096 or more; 256 KiB where left out */
  size?: number;
}

const RING_RECORD_HEADER = 8;

class NodeEvents<E> implements Events<E> {
  readonly #schema: Storable<E>;
  readonly #size: number;
  readonly #capture: number;
  #records: { readonly event: Uint8Array; readonly packet: Uint8Array }[] = [];
  #used = 0;

  constructor(schema: Storable<E>, size: number, capture: number) {
    this.#schema = schema;
    this.#size = size;
    this.#capture = capture;
  }
  emit(event: Init<E>, capture?: { bytes: number }): boolean {
    const count = capture?.bytes ?? 0;
    if (count > this.#capture)
      throw new RangeError(`emit: ${count} bytes of packet, but events(…) allows ${this.#capture}; give it { bytes: ${count} }`);
    const bytes = encode(shapeOfSchema(this.#schema, "event"), event, "event");
    const packet = count > 0 ? capturing(count) : new Uint8Array(0);
    const record = bytes.length + (this.#capture > 0 ? 4 + this.#capture : 0);
    const used = this.#used + RING_RECORD_HEADER + Math.ceil(record / 8) * 8;
    // The kernel keeps the writer from meeting the reader: a ring is full one byte early.
    if (used > this.#size - 1) return false;
    this.#used = used;
    this.#records.push({ event: bytes, packet });
    return true;
  }
  /** The records as they would lie in the kernel's ring. */
  records(): Uint8Array[] {
    return this.#records.map(({ event, packet }) => {
      if (this.#capture === 0) return event;
      const record = new Uint8Array(event.length + 4 + this.#capture);
      record.set(event);
      new DataView(record.buffer).setUint32(event.length, packet.length, true);
      record.set(packet, event.length + 4);
      return record;
    });
  }
  take(): Emitted<E>[] {
    const taken = this.#records.map(record => ({ event: detached(this.#schema, record.event), packet: record.packet }));
    this.#records = [];
    this.#used = 0;
    return taken;
  }
}

/** What a live ring holds that `take` has not taken. */
export function recordsOf(live: object): Uint8Array[] {
  return live instanceof NodeEvents ? live.records() : [];
}

/**
 * Events of one struct. In the ring each record is the struct, then, where `bytes` was given, a u32 of how many bytes
 * of packet follow and room for that many.
 * @example readonly hits = events(Hit, { bytes: 64 });
 */
export function events<E>(schema: Storable<E>, options: EventsOptions = {}): Events<E> {
  const { bytes = 0, size = 262_144 } = options;
  if (!Number.isInteger(bytes) || bytes < 0 || bytes > 65_535) throw new RangeError(`events(…): bytes is ${bytes}, must be 0 … 65535`);
  if (!Number.isInteger(Math.log2(size)) || size < 4096)
    throw new RangeError(`events(…): size is ${size}, must be a power of two, 4096 or more`);
  const shape = shapeOfSchema(schema, "the event");
  if (sizeOf(shape) + bytes + 16 > size)
    throw new RangeError(`events(…): one event of ${sizeOf(shape) + bytes} bytes does not fit into a ring of ${size}`);
  return describe(new NodeEvents(schema, size, bytes), {
    what: "map",
    kind: "ring",
    key: undefined,
    value: shape,
    maxEntries: size,
    scope: "pipeline",
    shared: undefined,
    expires: undefined,
    capture: bytes,
    entries: () => [],
  });
}

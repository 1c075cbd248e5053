/** A pipeline's events, as an async iterable over its ring buffer. */
import type { MapEntry } from "../../codegen/bundle/manifest.js";
import { type KernelMap, native, type Ring } from "../native/index.js";
import { decode, sizeOf } from "./codec.js";

/** An event, and the packet's first bytes that came with it. */
export interface Emitted<E> {
  readonly event: E;
  readonly packet: Uint8Array;
}

/** So many events wait here; while there are more, the ring is left alone and the kernel counts what it drops. */
const WAITING = 16_384;

/**
 * Events in order. One loop may run over it; leaving the loop closes it.
 */
export class EventStream<E> implements AsyncIterableIterator<E> {
  readonly #map: KernelMap;
  readonly #ring: Ring;
  readonly #entry: MapEntry;
  readonly #queue: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #failure: unknown;
  #closed = false;
  #running = false;

  /** Takes the map over. */
  constructor(map: KernelMap, entry: MapEntry) {
    this.#map = map;
    this.#entry = entry;
    this.#ring = new (native().Ring)(map.fd);
    this.#run();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<E>> {
    const bytes = await this.#record();
    return bytes ? { done: false, value: this.#decode(bytes) } : { done: true, value: undefined };
  }

  /** The next record; undefined once the stream is closed. */
  async #record(): Promise<Uint8Array | undefined> {
    for (;;) {
      const bytes = this.#queue.shift();
      if (bytes) {
        if (this.#queue.length === 0) this.#run();
        return bytes;
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#closed) return undefined;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  /**
   * Events with the packet's first bytes that were emitted with them (`emit(event, { bytes })`), empty without.
   * @example
   * for await (const { event, packet } of deployment.events(p => p.hits).emitted()) console.log(event, packet.length);
   */
  async *emitted(): AsyncGenerator<Emitted<E>> {
    try {
      for (;;) {
        const bytes = await this.#record();
        if (!bytes) return;
        yield { event: this.#decode(bytes), packet: this.#packet(bytes) };
      }
    } finally {
      this.close();
    }
  }

  async return(): Promise<IteratorResult<E>> {
    this.close();
    return { done: true, value: undefined };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ring.close();
    this.#map.close();
    this.#queue.length = 0;
    this.#wake?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #run(): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    this.#ring.start(() => this.#take());
  }

  #take(): void {
    try {
      this.#queue.push(...this.#ring.read());
    } catch (error) {
      this.#failure = error;
      this.#pause();
    }
    if (this.#queue.length >= WAITING) this.#pause();
    this.#wake?.();
  }

  #pause(): void {
    this.#ring.stop();
    this.#running = false;
  }

  /** Behind the event: how many bytes of the packet follow, and these. */
  #packet(bytes: Uint8Array): Uint8Array {
    const { value } = this.#entry;
    const at = value ? sizeOf(value) : bytes.length;
    if (bytes.length < at + 4) return new Uint8Array();
    const count = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
    return bytes.subarray(at + 4, at + 4 + count);
  }

  #decode(bytes: Uint8Array): E {
    const { value } = this.#entry;
    if (!value) return bytes as E;
    return decode(value, bytes.subarray(0, sizeOf(value))) as E;
  }
}

/** A pipeline's events, as an async iterable over its ring buffer. */
import type { MapEntry } from "../../codegen/bundle/manifest.js";
import { type KernelMap, native, type Ring } from "../native/index.js";
import { decode, sizeOf } from "./codec.js";

/** So many events wait here; while there are more, the ring is left alone and the kernel counts what it drops. */
const WAITING = 16_384;

/**
 * Events in order. One loop may run over it; leaving the loop closes it. An event that was emitted with a capture has
 * the packet's first bytes behind it, see `captured`.
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
    for (;;) {
      const bytes = this.#queue.shift();
      if (bytes) {
        if (this.#queue.length === 0) this.#run();
        return { done: false, value: this.#decode(bytes) };
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#closed) return { done: true, value: undefined };
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
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

  #decode(bytes: Uint8Array): E {
    const { value } = this.#entry;
    if (!value) return bytes as E;
    return decode(value, bytes.subarray(0, sizeOf(value))) as E;
  }
}

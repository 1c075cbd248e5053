import type { u32 } from "../core/integers.js";
import type { Shape } from "../core/shape.js";
import { describe } from "../core/spec.js";
import { encode } from "../core/view.js";

/** A network device of the target's namespace. */
export interface Device {
  readonly "~device": true;
  /** its interface index */
  readonly index: u32;
}
/** Devices by number, filled from user space. */
export interface DevMap {
  /** The device at `key`, or undefined where there is none. */
  get(key: number): Device | undefined;
  /** Build time and tests: puts the device of this interface index at `key`. */
  set(key: number, device: number | Device): void;
  /** Build time and tests: takes the device at `key` out; whether there was one. */
  delete(key: number): boolean;
}

/** A device by its interface index. */
export function deviceOf(index: number): Device {
  return Object.freeze({ "~device": true, index });
}

const index32: Shape = { kind: "int", bits: 32, order: "host" };

/** The interface indices of a map, in order of their keys. */
export function devicesOf(map: DevMap): number[] {
  return map instanceof NodeDevMap ? map.indices() : [];
}

class NodeDevMap implements DevMap {
  readonly #maxEntries: number;
  readonly #devices = new Map<number, Device>();

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }
  get(key: number): Device | undefined {
    return this.#devices.get(key);
  }
  set(key: number, device: number | Device): void {
    if (!Number.isInteger(key) || key < 0 || key >= this.#maxEntries)
      throw new RangeError(`devMap: key ${key} is outside 0 … ${this.#maxEntries - 1}`);
    this.#devices.set(key, typeof device === "number" ? deviceOf(device) : device);
  }
  delete(key: number): boolean {
    return this.#devices.delete(key);
  }
  indices(): number[] {
    return [...this.#devices].sort(([a], [b]) => a - b).map(([, device]) => device.index);
  }
  *entries(): Iterable<readonly [Uint8Array, Uint8Array]> {
    for (const [key, device] of this.#devices) yield [encode(index32, key, "key"), encode(index32, device.index, "index")];
  }
}

/**
 * A map of devices, for `Verdict.redirect` and `Verdict.flood`. Keys are 0 … maxEntries − 1.
 * @example readonly ports = devMap({ maxEntries: 64 });
 */
export function devMap(options: { maxEntries: number }): DevMap {
  const map = new NodeDevMap(options.maxEntries);
  return describe(map, {
    what: "map",
    kind: "devMap",
    key: index32,
    value: index32,
    maxEntries: options.maxEntries,
    scope: "pipeline",
    shared: undefined,
    expires: undefined,
    capture: 0,
    entries: () => map.entries(),
  });
}

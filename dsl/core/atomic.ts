/** A live atomic field. Node runs one packet at a time, so that each method is one step. */
import type { Memory } from "./memory.js";
import type { AtomicShape, Scalar } from "./shape.js";

export class AtomicView {
  readonly #memory: Memory;
  readonly #offset: number;
  readonly #bits: 32 | 64;
  readonly #scalar: Scalar;

  constructor(memory: Memory, offset: number, shape: AtomicShape) {
    this.#memory = memory;
    this.#offset = offset;
    this.#bits = shape.bits;
    this.#scalar = { bytes: shape.bits === 32 ? 4 : 8, order: "host", shift: 0, width: shape.bits };
  }
  load(): number | bigint {
    const stored = this.#memory.read(this.#offset, this.#scalar);
    return this.#bits === 64 ? stored : Number(stored);
  }
  store(value: number | bigint): void {
    this.#memory.write(this.#offset, this.#scalar, this.#fitting(value));
  }
  add(value: number | bigint): number | bigint {
    const before = this.load();
    this.#memory.write(this.#offset, this.#scalar, BigInt.asUintN(this.#bits, BigInt(before) + this.#fitting(value)));
    return before;
  }
  compareExchange(expected: number | bigint, desired: number | bigint): boolean {
    const next = this.#fitting(desired);
    if (this.load() !== expected) return false;
    this.#memory.write(this.#offset, this.#scalar, next);
    return true;
  }
  #fitting(value: number | bigint): bigint {
    if (typeof value === "number" && !Number.isInteger(value)) throw new RangeError(`atomic: ${value} is not an integer`);
    const whole = BigInt(value);
    if (whole < 0n || whole >= 1n << BigInt(this.#bits))
      throw new RangeError(`atomic: ${value} is outside 0 … 2^${this.#bits} − 1; wrap it or test it first`);
    return whole;
  }
}

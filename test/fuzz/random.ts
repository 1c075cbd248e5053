/** Numbers that a seed decides: the same seed gives the same programs and packets on every machine. */

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0…2^32-1 (splitmix32) */
  word(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** An independent stream: what it is used for does not move the numbers of this one. */
  fork(): Random {
    return new Random(this.word());
  }

  /** 0…count-1 */
  below(count: number): number {
    return Math.floor((this.word() / 2 ** 32) * count);
  }

  /** both ends included */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  chance(probability: number): boolean {
    return this.word() < probability * 2 ** 32;
  }

  pick<T>(list: readonly T[]): T {
    const chosen = list[this.below(list.length)];
    if (chosen === undefined && list.length === 0) throw new RangeError("nothing to pick from");
    return chosen as T;
  }

  /** Picks by weight. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let total = 0;
    for (const [weight] of choices) total += weight;
    let at = (this.word() / 2 ** 32) * total;
    for (const [weight, value] of choices) {
      at -= weight;
      if (at < 0) return value;
    }
    return this.pick(choices)[1];
  }

  /** Uniform, both ends included. */
  bigBetween(min: bigint, max: bigint): bigint {
    let wide = 0n;
    for (let i = 0; i < 5; i++) wide = (wide << 32n) | BigInt(this.word());
    return min + (wide % (max - min + 1n));
  }

  /** Between the ends, with a liking for the ends themselves and for powers of two and their neighbours. */
  edge(min: bigint, max: bigint): bigint {
    if (this.chance(0.4)) return this.bigBetween(min, max);
    const candidates = [min, max, min + 1n, max - 1n, 0n, 1n];
    for (const power of [7n, 8n, 15n, 16n, 31n, 32n, 47n, 48n, 63n, 64n]) {
      candidates.push((1n << power) - 1n, 1n << power, (1n << power) + 1n);
    }
    return this.pick(candidates.filter(value => value >= min && value <= max));
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}

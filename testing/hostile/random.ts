/** Numbers that a seed decides, so that hostile packets can be made again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** 32 random bits (splitmix32). */
  word(): number {
    this.#state = (this.#state + 0x9e37_79b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }
  /** 0 … count − 1 */
  below(count: number): number {
    return Math.floor((this.word() / 2 ** 32) * count);
  }
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }
  chance(probability: number): boolean {
    return this.word() < probability * 2 ** 32;
  }
  /** @throws RangeError for an empty list */
  pick<T>(list: readonly T[]): T {
    for (const [i, item] of list.entries()) if (i === list.length - 1 || this.chance(1 / (list.length - i))) return item;
    throw new RangeError("nothing to pick from");
  }
  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}

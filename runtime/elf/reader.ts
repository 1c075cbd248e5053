/** A part of a file, read little-endian; every read is held to its bounds. */

/** What is wrong with an object, and where in it. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
}

export class Reader {
  readonly #view: DataView;
  /** what errors call this part */
  readonly what: string;

  constructor(bytes: Uint8Array, what: string) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.what = what;
  }

  get size(): number {
    return this.#view.byteLength;
  }

  u8(at: number): number {
    return this.#view.getUint8(this.#held(at, 1));
  }

  u16(at: number): number {
    return this.#view.getUint16(this.#held(at, 2), true);
  }

  u32(at: number): number {
    return this.#view.getUint32(this.#held(at, 4), true);
  }

  s32(at: number): number {
    return this.#view.getInt32(this.#held(at, 4), true);
  }

  /** A 64-bit size or offset; what no file can hold is refused. */
  offset(at: number): number {
    const value = this.#view.getBigUint64(this.#held(at, 8), true);
    if (value > 0xffff_ffffn) throw this.error(`has ${value} as a size or offset at ${at}`);
    return Number(value);
  }

  u64(at: number): bigint {
    return this.#view.getBigUint64(this.#held(at, 8), true);
  }

  part(start: number, size: number, what: string): Reader {
    if (start > this.size || size > this.size - start) throw this.error(`ends before ${what} (${size} bytes at ${start} of ${this.size})`);
    return new Reader(new Uint8Array(this.#view.buffer, this.#view.byteOffset + start, size), what);
  }

  /** The text at `at`, which must end with a zero byte inside this part. */
  text(at: number): string {
    const bytes = new Uint8Array(this.#view.buffer, this.#view.byteOffset, this.size);
    const end = at < this.size ? bytes.indexOf(0, at) : -1;
    if (end < 0) throw this.error(`has no text at ${at}`);
    return Buffer.from(bytes.subarray(at, end)).toString("latin1");
  }

  error(problem: string): MalformedError {
    return new MalformedError(`${this.what} ${problem}`);
  }

  #held(at: number, size: number): number {
    if (at < 0 || at + size > this.size) throw this.error(`ends before its byte ${at + size}`);
    return at;
  }
}

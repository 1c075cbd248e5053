/**
 * What a view in Node reads and writes: a packet of one generation, a map's entry, scratch memory. Values are always
 * the unsigned integer that is stored; the view turns them into number, bigint or boolean.
 */
import type { Scalar } from "./shape.js";

export interface Memory {
  /** memory that CPUs share: a sum that leaves the width of a u32 or u64 wraps, as the atomic add does */
  readonly wraps?: boolean;
  /** Throws `StaleViewError` where the view's time is over (the packet moved, the map's entry may have gone). */
  read(offset: number, scalar: Scalar): bigint;
  write(offset: number, scalar: Scalar, value: bigint): void;
}

/** A view, or an offset's owner, that was used after its packet moved or its map changed. */
export class StaleViewError extends Error {
  override readonly name = "StaleViewError";
}

/** The value of a scalar in plain bytes. */
export function readScalar(bytes: Uint8Array, offset: number, scalar: Scalar): bigint {
  let value = 0n;
  for (let i = 0; i < scalar.bytes; i++) {
    const at = scalar.order === "network" ? i : scalar.bytes - 1 - i;
    value = (value << 8n) | BigInt(bytes[offset + at] ?? 0);
  }
  return (value >> BigInt(scalar.shift)) & ((1n << BigInt(scalar.width)) - 1n);
}

/** Stores a scalar and leaves the neighbouring bits of its container alone. */
export function writeScalar(bytes: Uint8Array, offset: number, scalar: Scalar, value: bigint): void {
  const mask = ((1n << BigInt(scalar.width)) - 1n) << BigInt(scalar.shift);
  const whole = readScalar(bytes, offset, { ...scalar, shift: 0, width: scalar.bytes * 8 });
  let next = (whole & ~mask) | ((value << BigInt(scalar.shift)) & mask);
  for (let i = 0; i < scalar.bytes; i++) {
    const at = scalar.order === "network" ? scalar.bytes - 1 - i : i;
    bytes[offset + at] = Number(next & 0xffn);
    next >>= 8n;
  }
}

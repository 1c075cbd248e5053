/** A scalar's bytes as they lie in memory. */
import type { Scalar } from "../../dsl/core/shape.js";

/** Byte `i` of the container, counted from its lowest address, when the container holds `word`. */
export function byteOf(scalar: Scalar, word: bigint, i: number): number {
  const place = scalar.order === "network" ? scalar.bytes - 1 - i : i;
  return Number((word >> BigInt(8 * place)) & 0xffn);
}

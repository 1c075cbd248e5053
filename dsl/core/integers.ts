/**
 * The integers of the language. A value is an ordinary `number` (up to 48 bits) or `bigint` (64 and 128), in host
 * order; the function of the same name wraps, and is the schema of a field.
 */
import { intrinsic } from "./intrinsic.js";
import type { IntSchema } from "./schema.js";
import type { IntShape, Order } from "./shape.js";
import { shaped, shapeOf } from "./spec.js";

/** An unsigned integer of 8 bits: 0 … 255. */
export type u8 = number & { readonly "~bits"?: 8 };
/** An unsigned integer of 16 bits: 0 … 65,535. */
export type u16 = number & { readonly "~bits"?: 8 | 16 };
/** An unsigned integer of 32 bits; an IPv4 address is one. */
export type u32 = number & { readonly "~bits"?: 8 | 16 | 32 };
/** An unsigned integer of 48 bits; a MAC address is one. */
export type u48 = number & { readonly "~bits"?: 8 | 16 | 32 | 48 };
/** An unsigned integer of 64 bits. */
export type u64 = bigint & { readonly "~bits"?: 64 };
/** An unsigned integer of 128 bits; an IPv6 address is one. */
export type u128 = bigint & { readonly "~bits"?: 64 | 128 };

type Wrap<T> = (value: number | bigint) => T;

/** The integer that `value` is, as a bigint; what is no integer has no wrapped value. */
function integer(value: number | bigint, name: string): bigint {
  if (typeof value === "bigint") return value;
  if (!Number.isInteger(value)) throw new RangeError(`${name}(${value}): not an integer; round it first, for example with Math.trunc`);
  return BigInt(value);
}

function schema<T>(
  name: IntShape["bits"] extends infer B extends number ? `u${B}` : never,
  bits: IntShape["bits"],
  order: Order,
  wrap: Wrap<T>,
): IntSchema<T> {
  const made = Object.assign((value: number | bigint) => wrap(value), { size: bits / 8 });
  Object.defineProperty(made, "name", { value: name });
  shaped(made, { kind: "int", bits, order });
  return intrinsic(name, made);
}

/**
 * A byte. As a function it wraps: the value modulo 2^8.
 * @throws RangeError for a number that is no integer.
 * @example u8(257) === 1
 */
export const u8: IntSchema<u8> = schema("u8", 8, "host", value => Number(BigInt.asUintN(8, integer(value, "u8"))));
/**
 * 16 bits; wraps modulo 2^16.
 * @throws RangeError for a number that is no integer.
 * @example class Key extends struct({ port: u16 }) {}
 */
export const u16: IntSchema<u16> = schema("u16", 16, "host", value => Number(BigInt.asUintN(16, integer(value, "u16"))));
/**
 * 32 bits; wraps modulo 2^32.
 * @throws RangeError for a number that is no integer.
 * @example u32(-1) === 0xffff_ffff
 */
export const u32: IntSchema<u32> = schema("u32", 32, "host", value => Number(BigInt.asUintN(32, integer(value, "u32"))));
/**
 * 48 bits, a MAC address; wraps modulo 2^48.
 * @throws RangeError for a number that is no integer.
 * @example u48(0x0200_0000_0001)
 */
export const u48: IntSchema<u48> = schema("u48", 48, "host", value => Number(BigInt.asUintN(48, integer(value, "u48"))));
/**
 * 64 bits; wraps modulo 2^64.
 * @throws RangeError for a number that is no integer.
 * @example u64(-1n) === 0xffff_ffff_ffff_ffffn
 */
export const u64: IntSchema<u64> = schema("u64", 64, "host", value => BigInt.asUintN(64, integer(value, "u64")));
/**
 * 128 bits, an IPv6 address; wraps modulo 2^128.
 * @throws RangeError for a number that is no integer.
 * @example 0xffff_0000_0000n | u128(ipv4Address)
 */
export const u128: IntSchema<u128> = schema("u128", 128, "host", value => BigInt.asUintN(128, integer(value, "u128")));

/**
 * Network byte order for one field of a struct, which saves the swap for keys that are copied from packets. The value
 * that a program sees is the same.
 * @example class Peer extends struct({ address: net(u32), port: net(u16) }) {}
 */
export function net<T>(of: IntSchema<T>): IntSchema<T> {
  const shape = shapeOf(of);
  if (shape?.kind !== "int") throw new TypeError("net(…) takes an integer schema: u8, u16, u32, u48, u64 or u128");
  return schema(`u${shape.bits}`, shape.bits, "network", value => of(value));
}

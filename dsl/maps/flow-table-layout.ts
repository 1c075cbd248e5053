/** Where the parts of a flow table lie, for Node, the compiler and the runtime alike. */

import { HEAD, LOCK_BYTES, WAYS } from "../core/flow-slots.js";
import { type Shape, type StructShape, sizeOf } from "../core/shape.js";
import type { FlowGeometry } from "../core/spec.js";

const LARGEST_KEY = 40;
const LARGEST_SLOT = 256;
/** 1,024 slots share a lock. */
const REGION_BITS = 7;
const LEAST_SET_BITS = 1;
const LARGEST = 4_194_304;
const MILLISECOND = 1_000_000n;
/** Ages are signed 32-bit differences of ticks, of which there are up to 1,000 a second. */
const LONGEST = 24n * 86_400_000n * MILLISECOND;

export interface GeometryOptions {
  readonly maxEntries: number;
  readonly perCpu?: boolean;
  readonly idle: { readonly fresh: bigint; readonly established: bigint };
  readonly evictEstablished?: boolean;
}

/** @throws TypeError, RangeError that name what is wrong with the key, the value or an option */
export function geometryOf(key: Shape, value: Shape, options: GeometryOptions): FlowGeometry {
  if (key.kind !== "struct") throw new TypeError("flowTable: the key must be a class made by struct(…)");
  if (value.kind !== "struct") throw new TypeError("flowTable: the value must be a class made by struct(…)");
  if (key.size > LARGEST_KEY) throw new RangeError(`flowTable: the key ${key.name} has ${key.size} bytes, must have 1 … ${LARGEST_KEY}`);
  const { maxEntries } = options;
  if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > LARGEST)
    throw new RangeError(`flowTable: maxEntries is ${maxEntries}, must be 1 … ${LARGEST}`);
  const keyWords = Math.ceil(key.size / 8);
  const control = keyWords * 8;
  const { seen, value: at } = placeValue(value, control + 8);
  const needed = at + value.size;
  const slotBytes = [32, 64, 128, LARGEST_SLOT].find(bytes => bytes >= needed);
  if (slotBytes === undefined)
    throw new RangeError(`flowTable: an entry of ${key.name} and ${value.name} has ${needed} bytes, must have at most ${LARGEST_SLOT}`);
  // Half of the slots stay free: at that load both sets of a key are never full of established flows.
  const setBits = Math.max(LEAST_SET_BITS, Math.ceil(Math.log2((maxEntries * 2) / WAYS)));
  const regionBits = Math.min(REGION_BITS, setBits);
  const locksAt = HEAD.bytes;
  const hintsAt = locksAt + LOCK_BYTES * 2 ** (setBits - regionBits);
  const slotsAt = Math.ceil((hintsAt + 2 * WAYS * 2 ** setBits) / 64) * 64;
  return {
    setBits,
    regionBits,
    keyWords,
    control,
    seen,
    value: at,
    slotBytes,
    locksAt,
    hintsAt,
    slotsAt,
    size: slotsAt + slotBytes * WAYS * 2 ** setBits,
    perCpu: options.perCpu ?? false,
    evictEstablished: options.evictEstablished ?? false,
    idle: [idleTime("fresh", options.idle.fresh), idleTime("established", options.idle.established)],
  };
}

function idleTime(name: string, nanoseconds: bigint): string {
  if (typeof nanoseconds !== "bigint" || nanoseconds < MILLISECOND || nanoseconds > LONGEST)
    throw new RangeError(`flowTable: idle.${name} is ${nanoseconds}, must be ${MILLISECOND}n … ${LONGEST}n nanoseconds (1 ms … 24 days)`);
  return nanoseconds.toString();
}

/** The time takes four bytes that the value leaves between its fields, where there are some: a line holds so much. */
function placeValue(value: StructShape, from: number): { seen: number; value: number } {
  const hole = holeOf(value);
  if (hole !== undefined) return { seen: from + hole, value: from };
  const align = Math.max(4, value.align);
  return { seen: from, value: Math.ceil((from + 4) / align) * align };
}

/** Four aligned bytes of padding in a struct; undefined where it has none. */
export function holeOf(shape: StructShape): number | undefined {
  let end = 0;
  for (const start of [...shape.fields.map(field => field.offset), shape.size]) {
    const at = Math.ceil(end / 4) * 4;
    if (at + 4 <= start) return at;
    const field = shape.fields.find(each => each.offset === start);
    if (field) end = Math.max(end, start + sizeOf(field.shape));
  }
  return undefined;
}

/** Idle nanoseconds in ticks, rounded up. */
export function idleTicks(nanoseconds: string, ticksPerSecond: number): number {
  return Number((BigInt(nanoseconds) * BigInt(ticksPerSecond) + 999_999_999n) / 1_000_000_000n);
}

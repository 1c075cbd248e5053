/** What the verifier knows of a register or a stack slot, as far as that decides which way it goes and when it stops. */

/**
 * A number, by its interval: `max` is Infinity for what is not bounded below 2^53. Copies are the same object, so that what
 * a branch tells of one it tells of all.
 */
export interface Scalar {
  readonly kind: "scalar";
  readonly min: number;
  readonly max: number;
  /** of the low 32 bits those that are known, and those that are not */
  readonly bits: number;
  readonly unknown: number;
  /**
   * Not 0 where the kernel may know more than the interval and the bits say: the same only where it was made alike from
   * what was the same. Two numbers with different ones are told apart wherever that counts.
   */
  readonly mark: number;
  /** all bits are set or none is: where it is combined with a constant, newer kernels walk both */
  readonly signs?: true;
  /** a decided branch, an address or a helper's size came from it: states differ where it does */
  precise: boolean;
  /** what it was computed from, which is precise where it is */
  readonly from: readonly Scalar[];
}
/** Into the packet: a constant beside a variable part, and how far checks have come from there. */
export interface PacketPointer {
  readonly kind: "packet";
  /** the same for pointers that differ by a constant */
  readonly id: number;
  readonly offset: number;
  /** what was added that is not a constant */
  readonly part: Scalar;
  /** bytes from `offset` 0 that are in the packet; BEYOND where it is known to lie behind the end */
  readonly range: number;
}
/** Into a map's value or other memory that a helper gave, by where it came from. */
export interface MemoryPointer {
  readonly kind: "memory";
  readonly source: number;
  /** of those that may be NULL: one check tells of all with the same */
  readonly id: number;
  readonly nullable: boolean;
  /** looked up by a key that is known: of an array the kernel then knows that it is there (6.14) */
  readonly found: boolean;
  readonly offset: number;
  /** what was added that is not a constant */
  readonly part: Scalar;
}
export interface StackPointer {
  readonly kind: "stack";
  readonly offset: number;
}
export interface Fixed {
  readonly kind: "context" | "end" | "invalid";
}
export type Value = Scalar | PacketPointer | MemoryPointer | StackPointer | Fixed;

export const CONTEXT: Fixed = { kind: "context" };
export const PACKET_END: Fixed = { kind: "end" };
/** a packet pointer after the packet has moved */
export const INVALID: Fixed = { kind: "invalid" };
export const BEYOND = -2;

const WORD = 2 ** 32 - 1;

/** @param bits known bits of the low 32, `unknown` those that may be either: as unsigned numbers, like the interval's ends */
export function scalar(min: number, max: number, from: readonly Scalar[] = [], bits = 0, unknown = WORD, mark = 0): Scalar {
  if (max > Number.MAX_SAFE_INTEGER || min < 0 || min > max) {
    return { kind: "scalar", min: 0, max: Number.POSITIVE_INFINITY, bits, unknown, mark, precise: false, from };
  }
  if (max > WORD) return { kind: "scalar", min, max, bits, unknown, mark: min === max ? 0 : mark, precise: false, from };
  // an interval's ends have the bits above the first that differs in common
  const open = min === max ? 0 : 2 ** (32 - Math.clz32((min ^ max) >>> 0)) - 1;
  const both = (unknown & open) >>> 0;
  const known = ((min & ~open) | (bits & ~unknown)) >>> 0;
  const value = (known & ~both) >>> 0;
  return {
    kind: "scalar",
    min: Math.max(min, value),
    max: Math.min(max, (value | both) >>> 0),
    bits: value,
    unknown: both,
    mark: min === max ? 0 : mark,
    precise: false,
    from,
  };
}
export function anything(bytes: number, from: readonly Scalar[] = []): Scalar {
  return scalar(0, bytes >= 8 ? Number.POSITIVE_INFINITY : 2 ** (8 * bytes) - 1, from);
}
/** An immediate: negative ones are large words of 64 bits, of which the low half is known. */
export function constant(value: number): Scalar {
  return value >= 0 ? scalar(value, value) : marked(value);
}
/** A number of 64 bits, by its halves. */
export function wide(upper: number, lower: number): Scalar {
  const high = upper >>> 0;
  return high < 2 ** 21 ? constant(high * 2 ** 32 + (lower >>> 0)) : marked(upper | 0, lower);
}
function marked(...parts: readonly [number] | readonly [number, number]): Scalar {
  return scalar(0, Number.POSITIVE_INFINITY, [], (parts[1] ?? parts[0]) >>> 0, 0, markOf(...(parts.length === 1 ? [-1, parts[0]] : parts)));
}
/** A mark of what numbers stand for; never 0. Two are alike by accident once in 2^52. */
export function markOf(...parts: readonly number[]): number {
  let [a, b] = [0x811c_9dc5, 0x1234_5678];
  for (const part of parts) {
    const high = part === Number.POSITIVE_INFINITY ? 0xffff_ffff : Math.floor(part / 2 ** 32);
    a = Math.imul(a ^ (part >>> 0), 0x0100_0193) ^ high;
    b = Math.imul(b ^ a ^ (b >>> 15), 0x85eb_ca6b);
  }
  return (a >>> 0) * 2 ** 20 + (b >>> 12) + 1;
}
export function constantOf(value: Value | undefined): number | undefined {
  return value?.kind === "scalar" && value.min === value.max ? value.min : undefined;
}

/** The verifier depends on a number, and so on what it came from. */
export function markPrecise(value: Value | undefined): void {
  if (value?.kind !== "scalar" || value.precise) return;
  const waiting = [value];
  for (let one = waiting.pop(); one; one = waiting.pop()) {
    if (one.precise) continue;
    one.precise = true;
    for (const source of one.from) if (!source.precise) waiting.push(source);
  }
}

const ADD = 0x00;
const SUB = 0x10;
const MUL = 0x20;
const DIV = 0x30;
const OR = 0x40;
const AND = 0x50;
const LSH = 0x60;
const RSH = 0x70;
const MOD = 0x90;
const XOR = 0xa0;
const MOV = 0xb0;
const ARSH = 0xc0;

/** Arithmetic of intervals, and of the bits that are known: whatever the instruction can give for such operands. */
export function compute(operation: number, wide: boolean, left: Scalar, right: Scalar): Scalar {
  const from = operation === MOV ? [right] : [left, right];
  const [a, b] = wide ? [left, right] : [word(left), word(right)];
  const [bits, unknown] = knownBits(operation, a, b);
  const range = interval(operation, wide, a, b);
  const most = wide ? Number.MAX_SAFE_INTEGER : WORD;
  const given = [operation, wide ? 1 : 0, a.min, a.max, a.bits, a.unknown, a.mark, b.min, b.max, b.bits, b.unknown, b.mark];
  if (range && range[0] >= 0 && range[1] <= most) {
    const mark = operation === MOV ? b.mark : a.mark === 0 && b.mark === 0 ? 0 : markOf(...given);
    return scalar(range[0], range[1], from, bits, unknown, mark);
  }
  // below zero or beyond what an interval has here: the kernel has signed ones, and 64 bits
  return wide
    ? scalar(0, Number.POSITIVE_INFINITY, from, bits, unknown, markOf(...given))
    : scalar(0, WORD, from, bits, unknown, markOf(...given));
}

function interval(operation: number, wide: boolean, a: Scalar, b: Scalar): readonly [number, number] | undefined {
  switch (operation) {
    case MOV:
      return [b.min, b.max];
    case ADD:
      return [a.min + b.min, a.max + b.max];
    case SUB:
      return [a.min - b.max, a.max - b.min];
    case MUL:
      return b.max === 0 || a.max === 0 ? [0, 0] : [a.min * b.min, a.max * b.max];
    case DIV:
      return b.min > 0 ? [Math.floor(a.min / b.max), Math.floor(a.max / b.min)] : undefined;
    case MOD:
      return b.min > 0 && b.min === b.max ? [0, Math.min(a.max, b.max - 1)] : undefined;
    case AND:
      return [0, Math.min(a.max, b.max)];
    case OR:
      return [Math.max(a.min, b.min), allBits(a.max, b.max)];
    case XOR:
      return [0, allBits(a.max, b.max)];
    case LSH:
      return b.min === b.max && b.min < 64 && a.max !== Number.POSITIVE_INFINITY ? [a.min * 2 ** b.min, a.max * 2 ** b.min] : undefined;
    case RSH:
      return b.min === b.max && b.min < 64 ? [Math.floor(a.min / 2 ** b.min), Math.floor(a.max / 2 ** b.min)] : undefined;
    case ARSH:
      // of what is not negative
      if (b.min !== b.max || b.min >= 32 || a.max > 2 ** (wide ? 52 : 31) - 1) return undefined;
      return [Math.floor(a.min / 2 ** b.min), Math.floor(a.max / 2 ** b.min)];
    default:
      return undefined;
  }
}

/** Of the low 32 bits of a result: those that are known, and those that are not. */
function knownBits(operation: number, a: Scalar, b: Scalar): readonly [number, number] {
  switch (operation) {
    case MOV:
      return [b.bits, b.unknown];
    case ADD:
    case SUB: {
      // what is not known spreads as far as a carry may go
      const adds = operation === ADD;
      const base = adds ? a.bits + b.bits : a.bits - b.bits;
      const [high, low] = adds ? [base + a.unknown + b.unknown, base] : [base + a.unknown, base - b.unknown];
      const unknown = (((high % 2 ** 32) ^ (low % 2 ** 32)) | a.unknown | b.unknown) >>> 0;
      return [((base % 2 ** 32) & ~unknown) >>> 0, unknown];
    }
    case AND: {
      const may = ((a.bits | a.unknown) & (b.bits | b.unknown)) >>> 0;
      const bits = (a.bits & b.bits) >>> 0;
      return [bits, (may & ~bits) >>> 0];
    }
    case OR: {
      const bits = (a.bits | b.bits) >>> 0;
      return [bits, ((a.unknown | b.unknown) & ~bits) >>> 0];
    }
    case XOR: {
      const unknown = (a.unknown | b.unknown) >>> 0;
      return [((a.bits ^ b.bits) & ~unknown) >>> 0, unknown];
    }
    case LSH:
      if (b.min !== b.max || b.min >= 32) return [0, WORD];
      return [(a.bits << b.min) >>> 0, (a.unknown << b.min) >>> 0];
    case RSH:
      // the bits above the word come into it
      if (b.min !== b.max || b.min >= 32 || a.max > WORD) return [0, WORD];
      return [a.bits >>> b.min, a.unknown >>> b.min];
    case MUL:
      if (a.unknown !== 0 || b.unknown !== 0) return [0, WORD];
      return [Math.imul(a.bits, b.bits) >>> 0, 0];
    default:
      return [0, WORD];
  }
}

/** Minus one or nothing: what a negated truth is. */
export function signs(wide: boolean, from: readonly Scalar[]): Scalar {
  return { ...anything(wide ? 8 : 4, from), signs: true };
}

/** The low 32 bits. */
export function word(value: Scalar): Scalar {
  return value.max <= WORD ? value : scalar(0, WORD, [value], value.bits, value.unknown, value.mark === 0 ? 0 : markOf(-2, value.mark));
}

/** All bits up to the highest that either may have. */
function allBits(a: number, b: number): number {
  const most = Math.max(a, b);
  return most > 2 ** 52 ? Number.POSITIVE_INFINITY : 2 ** Math.ceil(Math.log2(most + 1)) - 1;
}

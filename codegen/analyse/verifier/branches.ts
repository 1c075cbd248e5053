/** Which way a conditional jump can go, and what each way tells of the operands. */
import { markOf, type Scalar, scalar } from "./values.js";

const JEQ = 0x10;
const JGT = 0x20;
const JGE = 0x30;
export const JSET = 0x40;
const JNE = 0x50;
const JSGT = 0x60;
const JSGE = 0x70;
const JLT = 0xa0;
const JLE = 0xb0;
const JSLT = 0xc0;
const JSLE = 0xd0;

/** Signed comparisons of what is not negative are unsigned ones. */
const unsignedOf: Readonly<Record<number, number>> = { [JSGT]: JGT, [JSGE]: JGE, [JSLT]: JLT, [JSLE]: JLE };
const opposite: Readonly<Record<number, number>> = { [JEQ]: JNE, [JNE]: JEQ, [JGT]: JLE, [JLE]: JGT, [JGE]: JLT, [JLT]: JGE };

/** The comparison as one of unsigned numbers; undefined where it is none. */
export function unsignedComparison(operation: number, wide: boolean, a: Scalar, b: Scalar): number | undefined {
  const unsigned = unsignedOf[operation];
  if (unsigned === undefined) return operation;
  const least = wide ? 2 ** 53 : 2 ** 31;
  return a.max < least && b.max < least ? unsigned : undefined;
}

/** Whether the jump is taken, where the intervals tell. */
export function decide(operation: number, a: Scalar, b: Scalar): boolean | undefined {
  switch (operation) {
    case JEQ:
      if (a.max < b.min || b.max < a.min || ((a.bits ^ b.bits) & ~a.unknown & ~b.unknown) !== 0) return false;
      return a.min === a.max && b.min === b.max && a.min === b.min ? true : undefined;
    case JNE:
      return negated(decide(JEQ, a, b));
    case JGT:
      if (a.min > b.max) return true;
      return a.max <= b.min ? false : undefined;
    case JGE:
      if (a.min >= b.max) return true;
      return a.max < b.min ? false : undefined;
    case JLT:
      return negated(decide(JGE, a, b));
    case JLE:
      return negated(decide(JGT, a, b));
    case JSET:
      if ((a.bits & b.bits) !== 0) return true;
      return a.max < 2 ** 32 && ((a.bits | a.unknown) & (b.bits | b.unknown)) === 0 ? false : undefined;
    default:
      return undefined;
  }
}
function negated(decided: boolean | undefined): boolean | undefined {
  return decided === undefined ? undefined : !decided;
}

/** The intervals of both operands where the comparison holds, or where it does not. */
export function learn(operation: number, holds: boolean, a: Scalar, b: Scalar): readonly [Scalar, Scalar] {
  const known = holds ? operation : opposite[operation];
  switch (known) {
    case JEQ: {
      const [min, max] = [Math.max(a.min, b.min), Math.min(a.max, b.max)];
      return [narrowed(a, min, max), narrowed(b, min, max)];
    }
    case JNE:
      return [without(a, b), without(b, a)];
    case JGT:
      return [narrowed(a, b.min + 1, a.max), narrowed(b, b.min, a.max - 1)];
    case JGE:
      return [narrowed(a, b.min, a.max), narrowed(b, b.min, a.max)];
    case JLT:
      return [narrowed(a, a.min, b.max - 1), narrowed(b, a.min + 1, b.max)];
    case JLE:
      return [narrowed(a, a.min, b.max), narrowed(b, a.min, b.max)];
    default:
      return [a, b];
  }
}
/** What a comparison tells that intervals cannot say: that it held, or did not. */
export function told(operation: number, holds: boolean, a: Scalar, b: Scalar): readonly [Scalar, Scalar] {
  const mark = (one: Scalar, other: Scalar, side: number) =>
    scalar(
      one.min,
      one.max,
      [one],
      one.bits,
      one.unknown,
      markOf(side, operation, holds ? 1 : 0, one.mark, other.min, other.max, other.bits, other.unknown, other.mark),
    );
  return [a.min === a.max ? a : mark(a, b, 1), b.min === b.max ? b : mark(b, a, 2)];
}
function without(a: Scalar, b: Scalar): Scalar {
  if (b.min !== b.max) return a;
  if (a.min === b.min) return narrowed(a, a.min + 1, a.max);
  return a.max === b.min ? narrowed(a, a.min, a.max - 1) : a;
}
function narrowed(value: Scalar, min: number, max: number): Scalar {
  const [least, most] = [Math.max(value.min, min), Math.min(value.max, max)];
  return (least === value.min && most === value.max) || least > most
    ? value
    : scalar(least, most, [value], value.bits, value.unknown, value.mark);
}

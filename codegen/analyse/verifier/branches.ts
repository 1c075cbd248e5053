/** Which way a conditional jump can go, and what each way tells of the operands. */
import { both, LOW, meet, U64, withLow } from "./bits.js";
import { type Draft, type Interval, narrowed, only, onlyLow, type Range, settled } from "./range.js";

const JEQ = 0x10;
const JGT = 0x20;
const JGE = 0x30;
const JSET = 0x40;
const JNE = 0x50;
const JSGT = 0x60;
const JSGE = 0x70;
const JLT = 0xa0;
const JLE = 0xb0;
const JSLT = 0xc0;
const JSLE = 0xd0;

const opposite: Readonly<Record<number, number>> = {
  [JEQ]: JNE,
  [JNE]: JEQ,
  [JGT]: JLE,
  [JLE]: JGT,
  [JGE]: JLT,
  [JLT]: JGE,
  [JSGT]: JSLE,
  [JSLE]: JSGT,
  [JSGE]: JSLT,
  [JSLT]: JSGE,
};
/** With the operands changed over. */
const turned: Readonly<Record<number, number>> = { [JGT]: JLT, [JGE]: JLE, [JSGT]: JSLT, [JSGE]: JSLE };

/** Whether a jump is taken, where what is known of both operands tells. */
export function decide(operation: number, wide: boolean, a: Range, b: Range): boolean | undefined {
  const [unsignedA, unsignedB] = wide ? [a.u64, b.u64] : [a.u32, b.u32];
  const [signedA, signedB] = wide ? [a.s64, b.s64] : [a.s32, b.s32];
  switch (operation) {
    case JEQ:
      return isEqual(wide, a, b);
    case JNE:
      return negated(isEqual(wide, a, b));
    case JSET:
      return hasBits(wide, a, b);
    case JGT:
      return isAbove(unsignedA, unsignedB);
    case JLE:
      return negated(isAbove(unsignedA, unsignedB));
    case JLT:
      return isAbove(unsignedB, unsignedA);
    case JGE:
      return negated(isAbove(unsignedB, unsignedA));
    case JSGT:
      return isAbove(signedA, signedB);
    case JSLE:
      return negated(isAbove(signedA, signedB));
    case JSLT:
      return isAbove(signedB, signedA);
    case JSGE:
      return negated(isAbove(signedB, signedA));
    default:
      return undefined;
  }
}
function isEqual(wide: boolean, a: Range, b: Range): boolean | undefined {
  const [x, y] = wide ? [only(a), only(b)] : [onlyLow(a), onlyLow(b)];
  if (x !== undefined && y !== undefined) return x === y;
  const pairs: readonly (readonly [Interval, Interval])[] = wide
    ? [
        [a.u64, b.u64],
        [a.s64, b.s64],
        [a.u32, b.u32],
        [a.s32, b.s32],
      ]
    : [
        [a.u32, b.u32],
        [a.s32, b.s32],
      ];
  if (pairs.some(([one, other]) => one.min > other.max || one.max < other.min)) return false;
  const low = { value: 0n, mask: U64 ^ LOW };
  return (wide ? meet(a.bits, b.bits) : meet(withLow(low, a.bits), withLow(low, b.bits))) ? undefined : false;
}
function hasBits(wide: boolean, a: Range, b: Range): boolean | undefined {
  const exact = wide ? only(b) : onlyLow(b);
  if (exact === undefined) return undefined;
  if ((a.bits.value & exact) !== 0n) return true;
  return ((a.bits.value | a.bits.mask) & exact) === 0n ? false : undefined;
}
function isAbove(a: Interval, b: Interval): boolean | undefined {
  if (a.min > b.max) return true;
  return a.max <= b.min ? false : undefined;
}
function negated(decided: boolean | undefined): boolean | undefined {
  return decided === undefined ? undefined : !decided;
}

/** What is known of both operands where a comparison holds, or where it does not. */
export function learn(operation: number, holds: boolean, wide: boolean, a: Range, b: Range): readonly [Range, Range] {
  const [left, right]: [Draft, Draft] = [{ ...a }, { ...b }];
  if (operation === JSET) bitsTell(holds, wide, left, right);
  else tell(holds ? operation : opposite[operation], wide, left, right);
  return [isSame(left, a) ? a : settled(left), isSame(right, b) ? b : settled(right)];
}
function isSame(now: Draft, before: Range): boolean {
  return now.bits === before.bits && now.u64 === before.u64 && now.s64 === before.s64 && now.u32 === before.u32 && now.s32 === before.s32;
}

function tell(operation: number | undefined, wide: boolean, a: Draft, b: Draft): void {
  if (operation === undefined) return;
  const other = turned[operation];
  if (other !== undefined) {
    tell(other, wide, b, a);
    return;
  }
  const [unsigned, signed] = wide ? (["u64", "s64"] as const) : (["u32", "s32"] as const);
  switch (operation) {
    case JEQ: {
      for (const part of [unsigned, signed]) a[part] = b[part] = narrowed(a[part], b[part].min, b[part].max);
      const bits = both(a.bits, b.bits);
      a.bits = wide ? bits : withLow(a.bits, bits);
      b.bits = wide ? bits : withLow(b.bits, bits);
      break;
    }
    case JNE:
      differ(wide, a, b);
      break;
    case JLE:
    case JSLE:
    case JLT:
    case JSLT: {
      const part = operation === JLE || operation === JLT ? unsigned : signed;
      const least = operation === JLT || operation === JSLT ? 1n : 0n;
      const [x, y] = [a[part], b[part]];
      a[part] = narrowed(x, x.min, y.max - least);
      b[part] = narrowed(y, x.min + least, y.max);
      break;
    }
  }
}
/** One of the two is known: it is no end of the other's intervals. */
function differ(wide: boolean, a: Draft, b: Draft): void {
  const width = wide ? 64 : 32;
  const [known, open] = (wide ? only(b) : onlyLow(b)) === undefined ? [a, b] : [b, a];
  const exact = wide ? only(known) : onlyLow(known);
  if (exact === undefined) return;
  for (const [part, value] of [
    [wide ? "u64" : "u32", exact],
    [wide ? "s64" : "s32", BigInt.asIntN(width, exact)],
  ] as const) {
    const { min, max } = open[part];
    if (min === value) open[part] = { min: min + 1n, max };
    else if (max === value) open[part] = { min, max: max - 1n };
  }
}
function bitsTell(holds: boolean, wide: boolean, a: Draft, b: Range): void {
  const exact = wide ? only(b) : onlyLow(b);
  if (exact === undefined) return;
  if (!holds) a.bits = { value: a.bits.value & ~exact, mask: a.bits.mask & ~exact };
  else if ((exact & (exact - 1n)) === 0n) a.bits = { value: a.bits.value | exact, mask: a.bits.mask & ~exact };
}

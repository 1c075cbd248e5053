/** What is told of a number holds of every number that it may be. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decide, learn } from "./branches.js";
import { compute, covers, isSigns, lowBytes, lowHalf, OPERATION, ofBytes, only, type Range, single, UNKNOWN } from "./range.js";

const U64 = (1n << 64n) - 1n;
let state = 0x9e37_79b9n;
function random(): bigint {
  state = (state * 6364136223846793005n + 1442695040888963407n) & U64;
  return state >> 11n;
}
/** Of all sizes, with many near the ends. */
function number(): bigint {
  const wide = (random() << 40n) ^ random();
  const bits = [1n, 4n, 8n, 16n, 31n, 32n, 33n, 63n, 64n][Number(random() % 9n)] ?? 64n;
  const value = wide & ((1n << bits) - 1n);
  return BigInt.asUintN(64, random() % 4n === 0n ? -value : value);
}

/** A range that was narrowed by comparisons, and a number in it. */
function sample(): readonly [Range, bigint] {
  const value = number();
  if (random() % 4n === 0n) return [single(value), value];
  let range = value <= 0xffn ? (ofBytes[1] ?? UNKNOWN) : value <= 0xffff_ffffn ? (ofBytes[4] ?? UNKNOWN) : UNKNOWN;
  for (let i = random() % 3n; i > 0n; i--) {
    const [operation, wide, other] = [jump(), random() % 2n === 0n, number()];
    const holds = isTaken(operation, wide, value, other);
    [range] = learn(operation, holds, wide, range, single(other));
  }
  return [range, value];
}

const jumps = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0];
const jump = (): number => jumps[Number(random() % BigInt(jumps.length))] ?? 0x10;
function isTaken(operation: number, wide: boolean, a: bigint, b: bigint): boolean {
  const width = wide ? 64 : 32;
  const [x, y] = [BigInt.asUintN(width, a), BigInt.asUintN(width, b)];
  const [s, t] = [BigInt.asIntN(width, a), BigInt.asIntN(width, b)];
  const is: Readonly<Record<number, boolean>> = {
    16: x === y,
    32: x > y,
    48: x >= y,
    64: (x & y) !== 0n,
    80: x !== y,
    96: s > t,
    112: s >= t,
    160: x < y,
    176: x <= y,
    192: s < t,
    208: s <= t,
  };
  return is[operation] ?? false;
}
function result(operation: number, wide: boolean, a: bigint, b: bigint): bigint {
  const width = wide ? 64 : 32;
  const [x, y] = [BigInt.asUintN(width, a), BigInt.asUintN(width, b)];
  const by = y & BigInt(width - 1);
  switch (operation) {
    case OPERATION.add:
      return BigInt.asUintN(width, x + y);
    case OPERATION.subtract:
      return BigInt.asUintN(width, x - y);
    case OPERATION.multiply:
      return BigInt.asUintN(width, x * y);
    case OPERATION.or:
      return x | y;
    case OPERATION.and:
      return x & y;
    case OPERATION.xor:
      return x ^ y;
    case OPERATION.shiftLeft:
      return BigInt.asUintN(width, x << by);
    case OPERATION.shiftRight:
      return x >> by;
    default:
      return BigInt.asUintN(width, BigInt.asIntN(width, x) >> by);
  }
}
const show = ({ bits, u64, s64, u32, s32 }: Range): string =>
  [bits.value, bits.mask, u64.min, u64.max, s64.min, s64.max, u32.min, u32.max, s32.min, s32.max].map(n => n.toString(16)).join(" ");

test("a result lies in the result's range", () => {
  for (let i = 0; i < 40_000; i++) {
    const [[left, a], [right, b]] = [sample(), sample()];
    const operation = Object.values(OPERATION)[i % 9] ?? 0;
    const wide = random() % 2n === 0n;
    const found = compute(operation, wide, left, right);
    const exact = result(operation, wide, a, b);
    assert.ok(covers(found, single(exact)), `${operation} ${wide} ${a} ${b}: ${exact} is not in ${show(found)}`);
  }
});

test("a comparison is decided as it turns out, and what it tells is so", () => {
  for (let i = 0; i < 40_000; i++) {
    const [[left, a], [right, b]] = [sample(), sample()];
    const [operation, wide] = [jump(), random() % 2n === 0n];
    const taken = isTaken(operation, wide, a, b);
    const decided = decide(operation, wide, left, right);
    if (decided !== undefined) assert.is(decided, taken, `${operation} ${wide} ${a} ${b} in ${show(left)} and ${show(right)}`);
    const [l, r] = learn(operation, taken, wide, left, right);
    assert.ok(covers(l, single(a)) && covers(r, single(b)), `${operation} ${wide} ${a} ${b}: ${show(l)} and ${show(r)}`);
    assert.ok(covers(left, l) && covers(right, r), "nothing that was known is lost");
  }
});

test("what must be known is", () => {
  const byte = ofBytes[1] ?? UNKNOWN;
  assert.is(decide(0x20, true, byte, single(255n)), false);
  assert.is(decide(0xc0, false, compute(OPERATION.subtract, false, byte, single(1n)), single(0n)), undefined);
  const [above] = learn(0x60, true, false, ofBytes[4] ?? UNKNOWN, single(0n));
  assert.is(above.s32.min, 1n);
  assert.is(above.u32.max, 0x7fff_ffffn);
  const signs = compute(OPERATION.shiftSigned, true, UNKNOWN, single(63n));
  assert.ok(isSigns(signs, true));
  assert.is(only(lowBytes(single(0x1234n), 2, true)), 0x3412n);
  assert.is(only(lowHalf(single(0x1_0000_0002n))), 2n);
  assert.is(only(compute(OPERATION.and, false, byte, single(0n))), 0n);
});

test.run();

import { test } from "uvu";
import * as assert from "uvu/assert";
import { net, struct, u8, u16, u32, u48, u64, u128 } from "../index.js";
import { intrinsicName } from "./intrinsic.js";
import { shapeOf } from "./spec.js";

test("a call wraps into the width, from either side", () => {
  assert.is(u8(257), 1);
  assert.is(u8(-1), 255);
  assert.is(u16(0x1_2345n), 0x2345);
  assert.is(u32(-1), 0xffff_ffff);
  assert.is(u48(2 ** 48 + 5), 5);
  assert.is(u64(-1), 0xffff_ffff_ffff_ffffn);
  assert.is(u64(1n << 64n), 0n);
  assert.is(u128(-1n), (1n << 128n) - 1n);
});

test("up to 48 bits come as numbers, wider ones as bigints", () => {
  assert.is(typeof u48(1n), "number");
  assert.is(typeof u64(1), "bigint");
  assert.is(typeof u128(1), "bigint");
});

test("what is no integer is refused", () => {
  assert.throws(() => u8(1.5), /u8\(1\.5\): not an integer/);
  assert.throws(() => u64(Number.NaN), /outside|not an integer/);
  assert.throws(() => u32(Number.POSITIVE_INFINITY), /outside|not an integer/);
});

test("each is a schema with a size, and the compiler knows it by name", () => {
  assert.equal(
    [u8, u16, u32, u48, u64, u128].map(schema => [schema.size, intrinsicName(schema)]),
    [
      [1, "u8"],
      [2, "u16"],
      [4, "u32"],
      [6, "u48"],
      [8, "u64"],
      [16, "u128"],
    ],
  );
});

test("net changes how a field is stored, not what a program sees", () => {
  class Both extends struct({ host: u16, network: net(u16) }) {}
  const both = new Both();
  both.host = 0x1234;
  both.network = 0x1234;
  assert.is(both.host, both.network);
  assert.equal(shapeOf(net(u16)), { kind: "int", bits: 16, order: "network" });
  assert.is(net(u32)(-1), 0xffff_ffff);
});

test.run();

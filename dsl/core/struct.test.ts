import { test } from "uvu";
import * as assert from "uvu/assert";
import { array, atomic, bits, bool, flag, flags, net, overlay, struct, u8, u16, u32, u48, u64, u128 } from "../index.js";
import type { Shape } from "./shape.js";
import { classOf, shapeOf } from "./spec.js";
import { encode } from "./view.js";

function shape(schema: object): Shape {
  const found = shapeOf(schema);
  if (!found) throw new Error("no shape");
  return found;
}
const stored = (schema: object, value: unknown): string => Buffer.from(encode(shape(schema), value, "value")).toString("hex");

class Point extends struct({ x: u8, y: u16 }) {
  get sum(): number {
    return this.x + this.y;
  }
}

test("fields are aligned as C aligns them, padding is zero", () => {
  class Mixed extends struct({ a: u8, b: u32, c: u16, d: u64, e: u48, f: u128 }) {}
  const found = shape(Mixed);
  assert.is(found.kind, "struct");
  if (found.kind !== "struct") return;
  assert.equal(
    found.fields.map(field => [field.name, field.offset]),
    [
      ["a", 0],
      ["b", 4],
      ["c", 8],
      ["d", 16],
      ["e", 24],
      ["f", 32],
    ],
  );
  assert.is(found.size, 48);
  assert.is(Mixed.size, 48);
});

test("host order is little-endian, net is big", () => {
  class Order extends struct({ a: u32, b: net(u32), c: u48, d: net(u48) }) {}
  assert.is(stored(Order, { a: 1, b: 1, c: 0x0102_0304_0506, d: 0x0102_0304_0506 }), "0100000000000001060504030201010203040506");
});

test("the class is schema, type and view: getters of a subclass work on what is stored", () => {
  const point = new Point();
  point.x = 3;
  point.y = 400;
  assert.is(point.sum, 403);
  assert.is(shape(Point).kind === "struct" && shape(Point).kind, "struct");
  assert.is(classOf(shape(Point)), Point);
});

test("a value that does not fit is refused, with the field and the range", () => {
  const point = new Point();
  assert.throws(() => {
    point.x = 256;
  }, /Point\.x = 256: outside 0 … 255 \(8 bits\)/);
  assert.throws(() => {
    point.x = -1;
  }, /outside|not an integer/);
  assert.throws(() => {
    point.y = 0.5;
  }, /not an integer/);
  assert.is(point.x, 0);
});

test("a struct inside a struct is a view of its own class", () => {
  class Line extends struct({ from: Point, to: Point }) {}
  const line = new Line();
  line.to.x = 7;
  line.to.y = 1;
  assert.is(line.to.sum, 8);
  assert.is(line.from.sum, 0);
  assert.is(stored(Line, { to: { x: 7, y: 1 } }), "0000000007000100");
});

test("arrays are indexed, compared, copied and filled", () => {
  class Lists extends struct({ a: array(u16, 3), b: array(u16, 3) }) {}
  const lists = new Lists();
  lists.a[1] = 5;
  lists.a[2] += 2;
  assert.equal([...lists.a], [0, 5, 2]);
  assert.not.ok(lists.a.equals(lists.b));
  lists.b.set(lists.a);
  assert.ok(lists.a.equals(lists.b));
  lists.b.fill(9);
  assert.equal([...lists.b], [9, 9, 9]);
  assert.is(lists.b.length, 3);
  assert.throws(() => lists.a[3], /index 3 is outside 0 … 2/);
  assert.throws(() => {
    lists.a[-1] = 1;
  }, /outside|not an integer/);
  assert.throws(() => {
    lists.a[0] = 65_536;
  }, /outside|not an integer/);
});

test("an array of structs gives views", () => {
  class Path extends struct({ points: array(Point, 2) }) {}
  const path = new Path();
  const [, second] = path.points;
  if (second) second.y = 3;
  assert.is(path.points[1]?.sum, 3);
});

test("bits share bytes, most significant first; flags are named bits with a whole", () => {
  class Bits extends struct({ a: bits(3), b: bits(13), c: flag, rest: bits(7), d: flags("p", "q", "r", "s"), e: bits(4) }) {}
  assert.is(Bits.size, 4);
  const view = new Bits();
  view.a = 5;
  view.b = 0x1234 & 0x1fff;
  view.c = true;
  view.d.q = true;
  assert.is(view.d.value, 4);
  view.d.value = 9;
  assert.equal([view.d.p, view.d.q, view.d.r, view.d.s], [true, false, false, true]);
  assert.equal([view.a, view.b, view.c, view.rest, view.e], [5, 0x1234, true, 0, 0]);
  assert.throws(() => {
    view.a = 8;
  }, /outside 0 … 7 \(3 bits\)/);
});

test("bits that end inside a byte are refused", () => {
  assert.throws(() => struct({ a: bits(3), b: u8 }), /"b".*add bits\(5\)/);
  assert.throws(() => struct({ a: bits(9) }), /add bits\(7\)/);
});

test("an overlay reads the same bytes several ways", () => {
  class Either extends struct({ data: overlay({ word: u32, point: Point, bytes: array(u8, 4) }) }) {}
  const either = new Either();
  either.data.word = 0x0403_0201;
  assert.equal([...either.data.bytes], [1, 2, 3, 4]);
  assert.is(either.data.point.y, 0x0403);
});

test("an atomic adds with wrapping, gives what was before, and exchanges where it matches", () => {
  class Shared extends struct({ n: atomic(u32), m: atomic(u64) }) {}
  const shared = new Shared();
  assert.is(shared.n.add(3), 0);
  assert.is(shared.n.add(0xffff_ffff), 3);
  assert.is(shared.n.load(), 2);
  assert.not.ok(shared.m.compareExchange(1n, 5n));
  assert.ok(shared.m.compareExchange(0n, 5n));
  shared.m.store(8n);
  assert.is(shared.m.load(), 8n);
  assert.throws(() => shared.m.store(-1n), /outside|not an integer/);
});

test("a bool is a byte of 0 or 1", () => {
  class Switch extends struct({ on: bool }) {}
  assert.is(stored(Switch, { on: true }), "01");
  assert.throws(() => stored(Switch, { on: 1 }), /expected true or false/);
});

test("what a literal leaves out is zero, and views can be copied from", () => {
  class Deep extends struct({ a: u8, list: array(u8, 2), n: atomic(u32), in: Point }) {}
  assert.is(stored(Deep, { a: 1 }), "010000000000000000000000");
  const deep = new Deep();
  deep.a = 2;
  deep.list[1] = 3;
  deep.n.store(4);
  deep.in.x = 5;
  assert.is(stored(Deep, deep), "020003000400000005000000");
});

test("schemas say what they refuse", () => {
  assert.throws(() => array(bits(3), 2), /an element is whole bytes/);
  assert.throws(() => array(u8, 0), /1 or more/);
  assert.throws(() => bits(33), /1 … 32/);
  assert.throws(() => flags("a", "a"), /stands twice/);
  assert.throws(() => atomic(net(u32)), /u32 or u64/);
  assert.throws(() => struct({}), /at least one field/);
});

test.run();

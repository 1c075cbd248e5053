import { test } from "uvu";
import * as assert from "uvu/assert";
import { array, atomic, bits, header, net, overlay, struct, u8, u16, u32, u48 } from "../index.js";
import { shapeOf } from "./spec.js";
import { encode } from "./view.js";

function stored(schema: object, value: unknown): string {
  const shape = shapeOf(schema);
  if (!shape) throw new Error("no shape");
  return Buffer.from(encode(shape, value, "value")).toString("hex");
}

class Odd extends header("Odd", { a: u8, b: u32, c: u16, list: array(u16, 2) }) {}

test("a header is packed and in network order, its arrays too", () => {
  assert.is(Odd.size, 11);
  assert.is(stored(Odd, { a: 1, b: 2, c: 3, list: [4, 5] }), "0100000002000300040005");
});

test("net(…) in a header changes nothing", () => {
  class Same extends header("Same", { a: net(u16), b: u16 }) {}
  assert.is(stored(Same, { a: 1, b: 1 }), "00010001");
});

test("a field of three bytes at the very end touches no fourth", () => {
  class Short extends header("Short", { id: bits(24) }) {}
  assert.is(Short.size, 3);
  assert.is(stored(Short, { id: 0x123456 }), "123456");
});

test("an overlay in a header is in network order", () => {
  class Echo extends header("Echo", { identifier: u16, sequence: u16 }) {}
  class Message extends header("Message", { type: u8, rest: overlay({ word: u32, echo: Echo, half: u16 }), address: u48 }) {}
  assert.is(Message.size, 11);
  const message = new Message();
  message.rest.word = 0x0102_0304;
  assert.is(message.rest.echo.sequence, 0x0304);
  assert.is(message.rest.half, 0x0102);
});

test("the title is the protocol's; the shape has the subclass's name and the length function", () => {
  class Mine extends header("Theirs", { n: u8 }, { length: h => h.n * 4 }) {}
  assert.is(Mine.title, "Theirs");
  const shape = shapeOf(Mine);
  assert.is(shape?.kind, "header");
  if (shape?.kind !== "header") return;
  assert.is(shape.name, "Mine");
  assert.type(shape.length, "function");
});

test("structs and atomics are refused, with what to use instead", () => {
  class Host extends struct({ a: u16 }) {}
  assert.throws(() => header("Bad", { a: Host }), /Bad\.a: a struct is in host order/);
  assert.throws(() => header("Bad", { a: atomic(u32) }), /use the plain integer/);
});

test.run();

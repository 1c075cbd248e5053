import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Field, layOut, type Shape } from "../../dsl/core/shape.js";
import { add, CodecError, decode, encode, sizeOf } from "./codec.js";

const int = (bits: 8 | 16 | 32 | 48 | 64 | 128, order: "host" | "network" = "host"): Shape => ({ kind: "int", bits, order });
const struct = (...entries: (readonly [string, Shape])[]): Shape => ({ kind: "struct", name: "Test", ...layOut(entries, false) });

function roundTrip(shape: Shape, value: unknown, bytes: string): void {
  assert.is(Buffer.from(encode(shape, value)).toString("hex"), bytes);
  assert.equal(decode(shape, Buffer.from(bytes, "hex")), value);
}

test("integers are stored in their order; above 48 bits they are bigints", () => {
  roundTrip(int(8), 200, "c8");
  roundTrip(int(16), 0x1234, "3412");
  roundTrip(int(16, "network"), 0x1234, "1234");
  roundTrip(int(32, "network"), 0x0a000001, "0a000001");
  roundTrip(int(48, "network"), 0x020000000001, "020000000001");
  roundTrip(int(48), 0x020000000001, "010000000002");
  roundTrip(int(64), 0x0102030405060708n, "0807060504030201");
  roundTrip(int(128, "network"), 0x20010db8000000000000000000000001n, "20010db8000000000000000000000001");
  roundTrip({ kind: "bool" }, true, "01");
  roundTrip({ kind: "atomic", bits: 64 }, 5n, "0500000000000000");
});

test("structs have their padding zero, nest, and hold arrays", () => {
  const inner = struct(["port", int(16, "network")], ["open", { kind: "bool" }]);
  const shape = struct(["kind", int(8)], ["hits", int(64)], ["inner", inner], ["mac", { kind: "array", of: int(8), length: 6 }]);
  roundTrip(
    shape,
    { kind: 1, hits: 2n, inner: { port: 80, open: true }, mac: [2, 0, 0, 0, 0, 1] },
    `01${"00".repeat(7)}0200000000000000${"00500100"}020000000001${"00".repeat(6)}`,
  );
});

test("bits, flags and overlays share bytes", () => {
  const fields: Shape = { kind: "header", name: "Bits", align: 1, length: undefined, ...layOutHeader() };
  roundTrip(fields, { version: 4, length: 5, urgent: true, options: { cwr: false, ece: true }, rest: 3 }, "45a3");
  const overlay: Shape = {
    kind: "overlay",
    size: 4,
    align: 4,
    views: [
      { name: "word", shape: int(32, "network"), offset: 0, bit: 0 },
      { name: "half", shape: int(16, "network"), offset: 2, bit: 0 },
    ],
  };
  assert.is(Buffer.from(encode(overlay, { half: 0x0102 })).toString("hex"), "00000102");
  assert.equal(decode(overlay, Buffer.from("0a0b0c0d", "hex")), { word: 0x0a0b0c0d, half: 0x0c0d });
});

function layOutHeader(): { fields: Field[]; size: number } {
  const { fields, size } = layOut(
    [
      ["version", { kind: "bits", width: 4 }],
      ["length", { kind: "bits", width: 4 }],
      ["urgent", { kind: "flag" }],
      ["options", { kind: "flags", names: ["cwr", "ece"] }],
      ["rest", { kind: "bits", width: 5 }],
    ],
    true,
  );
  return { fields, size };
}

test("what does not fit is refused with its path", () => {
  const shape = struct(["port", int(16)], ["mac", { kind: "array", of: int(8), length: 2 }]);
  const message = (value: unknown): string => {
    try {
      encode(shape, value);
      return "encoded";
    } catch (error) {
      assert.instance(error, CodecError);
      return error instanceof Error ? error.message : "";
    }
  };
  assert.is(message({ port: 65536 }), "value.port must fit 16 bits; it is 65536");
  assert.is(message({ port: -1 }), "value.port must fit 16 bits; it is -1");
  assert.is(message({ port: 1.5 }), "value.port must be an integer; it is 1.5");
  assert.is(message({}), "value lacks port");
  assert.is(message({ port: 1, prot: 2 }), "value has no field prot; its fields are port, mac");
  assert.is(message({ port: 1, mac: [1, 256] }), "value.mac[1] must fit 8 bits; it is 256");
  assert.is(message({ port: 1, mac: [1] }), "value.mac must be a list of 2; it is [1]");
  assert.is(message(7), "value must be an object; it is 7");
  assert.is(message({ port: 1 }), "encoded", "what is no scalar may be left out");
});

test("sizes agree with the language's own layouts", () => {
  const shape = struct(["a", int(8)], ["b", int(128)], ["c", { kind: "array", of: int(48), length: 3 }]);
  assert.is(encode(shape, { a: 1, b: 2n, c: [1, 2, 3] }).length, sizeOf(shape));
  assert.is(sizeOf({ kind: "bits", width: 12 }), 2);
});

test("per-CPU values add up field by field", () => {
  const shape = struct(
    ["packets", int(64)],
    ["last", int(32)],
    ["seen", { kind: "bool" }],
    ["by", { kind: "array", of: int(32), length: 2 }],
  );
  const [a, b] = [
    { packets: 1n, last: 2, seen: false, by: [1, 2] },
    { packets: 10n, last: 20, seen: true, by: [10, 20] },
  ];
  assert.equal(add(shape, a, b), { packets: 11n, last: 22, seen: true, by: [11, 22] });
});

test.run();

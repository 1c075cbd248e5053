import { test } from "uvu";
import * as assert from "uvu/assert";
import { type IntShape, layOut, type Shape, type StructShape } from "../../../dsl/core/shape.js";
import { UsageError } from "../command-error.js";
import { formatValue } from "./format.js";
import { formatIpv6, parseInteger, parseIpv6 } from "./integer.js";
import { parseValue } from "./parse.js";

const int = (bits: IntShape["bits"], order: IntShape["order"] = "host"): IntShape => ({ kind: "int", bits, order });
const struct = (fields: Readonly<Record<string, Shape>>): StructShape => ({
  kind: "struct",
  name: "S",
  ...layOut(Object.entries(fields), false),
});

const integers: readonly (readonly [string, bigint | undefined])[] = [
  ["80", 80n],
  ["1_000_000", 1_000_000n],
  ["0xff", 255n],
  ["true", 1n],
  ["192.0.2.1", 0xc0000201n],
  ["02:00:00:00:00:01", 0x020000000001n],
  ["2001:db8::1", 0x20010db8000000000000000000000001n],
  ["::", 0n],
  ["::ffff:192.0.2.1", 0xffffc0000201n],
  ["1:2:3:4:5:6:7:8", 0x00010002000300040005000600070008n],
  ["192.0.2", undefined],
  ["192.0.2.256", undefined],
  ["1:2:3:4:5:6:7", undefined],
  ["1::2::3", undefined],
  ["1:2:3:4:5:6:7::8:9", undefined],
  ["-1", undefined],
  ["", undefined],
  ["eighty", undefined],
];
for (const [text, value] of integers) {
  test(`"${text}" ${value === undefined ? "is no integer" : `is ${value}`}`, () => assert.is(parseInteger(text), value));
}

for (const [text, shown = text] of [
  ["::"],
  ["::1"],
  ["2001:db8::1"],
  ["1:0:0:2::3"],
  ["1:2:3:4:5:6:7:8"],
  ["1:0:2:3:4:5:6:7"],
  ["0:0:1::", "0:0:1::"],
]) {
  test(`${text} is written as RFC 5952 wants it`, () => assert.is(formatIpv6(parseIpv6(text ?? "") ?? -1n), shown));
}

const key = struct({ source: int(32, "network"), port: int(16) });

test("a struct is read from JSON, or from its fields in order", () => {
  const expected = { source: 0x0a000001, port: 80 };
  assert.equal(parseValue('{"source": "10.0.0.1", "port": 80}', key, "the key"), expected);
  assert.equal(parseValue("10.0.0.1,80", key, "the key"), expected);
});

test("64 bits and more are bigint, less is number", () => {
  assert.equal(parseValue('{"a": "0x1", "b": 2}', struct({ a: int(64), b: int(48) }), "it"), { a: 1n, b: 2 });
});

test("lists, flags and nested structs are read", () => {
  const shape = struct({ ports: { kind: "array", of: int(16), length: 2 }, inner: key, seen: { kind: "bool" } });
  assert.equal(parseValue('{"ports": [1, 2], "inner": {"port": 3}, "seen": true}', shape, "it"), {
    ports: [1, 2],
    inner: { port: 3 },
    seen: true,
  });
});

const refused: readonly (readonly [string, Shape, string])[] = [
  ["65536", int(16), "the value is out of range"],
  ["x", int(16), "the value is not an integer or an address"],
  ["1", key, "the value has 2 fields, not 1: source, port"],
  ['{"sauce": 1}', key, "the value has no field sauce"],
  ['{"port": 70000}', key, "the value.port is out of range"],
  ['{"port": 1.5}', key, "the value.port is not an integer"],
  ["{", key, "the value is not JSON"],
  ["[1]", { kind: "array", of: int(8), length: 2 }, "the value is a list of 2"],
];
for (const [text, shape, message] of refused) {
  test(`${text} is refused: ${message}`, () => {
    assert.throws(
      () => parseValue(text, shape, "the value"),
      (error: unknown) => error instanceof UsageError && error.message.startsWith(message),
    );
  });
}

test("values are shown with their addresses", () => {
  assert.is(formatValue({ source: 0x0a000001, port: 80 }, key), "{ source: 10.0.0.1, port: 80 }");
  assert.is(formatValue(0x020000000001, int(48)), "02:00:00:00:00:01");
  assert.is(formatValue(0xc0000201, int(32)), "3221225985 (192.0.2.1)");
  assert.is(formatValue(80, int(32)), "80");
  assert.is(formatValue([1, 2], { kind: "array", of: int(8), length: 2 }), "[1, 2]");
});

test.run();

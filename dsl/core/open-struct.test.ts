import { test } from "uvu";
import * as assert from "uvu/assert";
import { clear, copy, lruHashMap, struct, u8, u32, u64 } from "../index.js";
import { nested } from "./nested.js";
import { openStruct } from "./open-struct.js";
import { shapeOf } from "./spec.js";

class Quota extends struct({ warned: u8, used: u64 }) {}
interface Entry {
  seen: u32;
  readonly quota: Quota;
}

test("a struct grows behind a map that was made with it", () => {
  const entry = openStruct<Entry>("Entry", { seen: u32 });
  const map = lruHashMap(u32, entry.type, { maxEntries: 4 });
  entry.add("quota", Quota);
  map.set(1, { seen: 5, quota: { warned: 1, used: 2n } });
  const found = map.get(1);
  assert.is(found?.seen, 5);
  assert.is(found?.quota.used, 2n);
  assert.is(entry.type.size, 24);
  const shape = shapeOf(entry.type);
  assert.equal(shape?.kind === "struct" && shape.fields.map(field => [field.name, field.offset]), [
    ["seen", 0],
    ["quota", 8],
  ]);
});

test("a name is taken once", () => {
  const entry = openStruct<Entry>("Entry", { seen: u32 });
  assert.throws(() => entry.add("seen", u8), /has a field "seen" already/);
});

test("a nested struct by its name, and only of its own schema", () => {
  const entry = openStruct<Entry>("Entry", { seen: u32, quota: Quota });
  const made = new entry.type();
  nested(made, "quota", Quota).warned = 3;
  assert.is(made.quota.warned, 3);
  class Other extends struct({ warned: u8 }) {}
  assert.throws(() => nested(made, "quota", Other), /no field of that type/);
});

test("clear and copy are of whole structs", () => {
  const one = new Quota();
  one.used = 7n;
  const two = new Quota();
  copy(two, one);
  assert.is(two.used, 7n);
  clear(one);
  assert.is(one.used, 0n);
  assert.is(two.used, 7n);
});

test.run();

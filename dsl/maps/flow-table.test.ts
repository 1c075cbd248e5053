import { test } from "uvu";
import * as assert from "uvu/assert";
import { specOf } from "../core/spec.js";
import { within } from "../core/world.js";
import { atomic, bits, FlowTable, flowTable, MILLISECOND, SECOND, struct, u8, u16, u32, u64 } from "../index.js";
import { geometryOf, holeOf } from "./flow-table-layout.js";

class Key extends struct({ low: u32, high: u32, ports: u32, protocol: u32 }) {}
class State extends struct({ state: u32, mark: u64, packets: atomic(u64) }) {}
const idle = { fresh: 60n * SECOND, established: 7200n * SECOND };
const key = (n: number) => ({ low: n, high: 0, ports: 0, protocol: 6 });
const value = (state: number) => ({ state, mark: 0n });

/** Runs at a second of the clock. */
function at<T>(second: number, body: () => T): T {
  const clock = BigInt(second * 1000) * MILLISECOND;
  return within(
    {
      now: () => clock,
      ticks: () => clock / 4_000_000n,
      random: () => 0,
      target: { address: 0, address6: 0n, gateway: 0, mac: 0, ifindex: 0, mtu: 0, ticksPerSecond: 250 },
      capture: () => new Uint8Array(0),
    },
    body,
  );
}

test("what was added is found, and only that", () => {
  const table = flowTable(Key, State, { maxEntries: 100, idle });
  at(1, () => {
    assert.is(table.get(key(1)), undefined);
    const made = table.add(key(1), value(7));
    assert.is(made.outcome, FlowTable.New);
    assert.is(table.get(key(1))?.value.state, 7);
    assert.is(table.get(key(2)), undefined);
    const again = table.add(key(1), value(8));
    assert.is(again.outcome, FlowTable.Hit);
    assert.is(again.entry?.value.state, 7);
  });
});

test("a copy stays as it was; its changes are written through, and refused after others'", () => {
  const table = flowTable(Key, State, { maxEntries: 100, idle });
  at(1, () => {
    const first = table.add(key(1), value(1)).entry;
    const second = table.get(key(1));
    assert.ok(first && second);
    assert.ok(first.update({ state: 2, mark: 9n }));
    assert.equal([first.value.state, first.value.mark, second.value.state], [2, 9n, 1]);
    assert.not.ok(second.update({ state: 3 }));
    second.value.state = 4;
    assert.is(second.value.state, 1, "lost: the flow was changed since");
    first.value.state = 5;
    assert.is(table.get(key(1))?.value.state, 5);
    assert.is(first.value.packets.add(3n), 0n);
    assert.is(second.value.packets.load(), 3n, "atomic fields are live");
  });
});

test("flags change with the version that was seen alone", () => {
  const table = flowTable(Key, State, { maxEntries: 100, idle });
  at(1, () => {
    const [first, second] = [table.add(key(1), value(1)).entry, table.get(key(1))];
    assert.ok(first && second);
    assert.ok(first.establish());
    assert.ok(first.established);
    assert.not.ok(second.established);
    assert.not.ok(second.establish());
    assert.not.ok(second.delete());
    assert.ok(first.establish(false));
    assert.ok(first.delete());
    assert.not.ok(first.delete());
    assert.not.ok(first.update({ state: 2 }));
    assert.not.ok(first.establish());
    assert.is(table.get(key(1)), undefined);
  });
});

test("flows age: sixty seconds as they begin, two hours when established; a touch begins anew", () => {
  const table = flowTable(Key, State, { maxEntries: 100, idle });
  at(1, () => {
    table.add(key(1), value(1));
    table.add(key(2), value(2), { established: true });
  });
  at(61, () => assert.is(table.get(key(1))?.value.state, 1));
  at(61.004, () => assert.is(table.get(key(1)), undefined));
  at(60, () => table.get(key(1))?.touch());
  at(120, () => assert.is(table.get(key(1))?.seen, 15_000));
  at(7201, () => assert.is(table.get(key(2))?.value.state, 2));
  at(7202, () => assert.is(table.get(key(2)), undefined));
  at(7203, () => assert.is(table.add(key(2), value(3)).outcome, FlowTable.New));
});

test("a time from another CPU that is later than now is no age", () => {
  const table = flowTable(Key, State, { maxEntries: 100, idle });
  at(100, () => table.add(key(1), value(1)));
  at(99, () => assert.ok(table.get(key(1))));
});

/** A table of two sets, full of flows; gives their keys in the order of their slots. */
function full(established: (n: number) => boolean, evictEstablished = false) {
  const table = flowTable(Key, State, { maxEntries: 8, idle, evictEstablished });
  let n = 0;
  let second = 10;
  for (;;) {
    const made = at(second++, () => table.add(key(n), value(n), { established: established(n) }));
    if (made.outcome !== FlowTable.New || slotsOf(table).length === 16) break;
    n++;
  }
  return { table, next: n + 1, second };
}
function slotsOf(table: object): number[] {
  const spec = specOf(table);
  return spec?.what === "map" ? [...(spec.slots?.() ?? [])].map(([slot]) => slot) : [];
}
const has = (table: { get(k: ReturnType<typeof key>): unknown }, second: number, n: number) =>
  at(second, () => table.get(key(n)) !== undefined);

test("full of new flows, the oldest of the first set gives way", () => {
  const { table, next, second } = full(() => false);
  const before = Array.from({ length: next }, (_, n) => n).filter(n => has(table, second, n));
  assert.is(before.length, 16);
  assert.is(at(second, () => table.add(key(next), value(0))).outcome, FlowTable.New);
  assert.is(before.filter(n => !has(table, second, n)).length, 1);
});

test("established flows do not give way, unless the option says so", () => {
  const { table, next, second } = full(() => true);
  assert.is(at(second, () => table.add(key(next), value(0))).outcome, FlowTable.Full);
  const evicting = full(() => true, true);
  assert.is(at(evicting.second, () => evicting.table.add(key(evicting.next), value(0))).outcome, FlowTable.New);
});

test("no established flow is lost at half load", () => {
  const table = flowTable(Key, State, { maxEntries: 4096, idle });
  at(1, () => {
    for (let n = 0; n < 4096; n++) assert.is(table.add(key(n), value(n), { established: true }).outcome, FlowTable.New);
    for (let n = 0; n < 4096; n++) assert.is(table.get(key(n))?.value.state, n);
  });
});

test("the time lies in a hole of the value, so that a line holds what C's would", () => {
  const shape = specOf(flowTable(Key, State, { maxEntries: 8, idle }));
  assert.is(shape?.what === "map" && shape.flow?.slotBytes, 64);
  class Tight extends struct({ state: u32, mark: u64, bytes: atomic(u64), more: atomic(u64), packets: atomic(u32), last: u32 }) {}
  const spec = specOf(flowTable(Key, Tight, { maxEntries: 8, idle }));
  assert.equal(spec?.what === "map" && [spec.flow?.slotBytes, spec.flow?.value, spec.flow?.seen], [64, 24, 28]);
  if (spec?.what === "map" && spec.value?.kind === "struct") assert.is(holeOf(spec.value), 4);
});

test("what a line holds twice takes half a line", () => {
  class Short extends struct({ low: u32, high: u32 }) {}
  const slot = (value: typeof One | typeof Two) => {
    const spec = specOf(flowTable(Short, value, { maxEntries: 8, idle }));
    return spec?.what === "map" && [spec.flow?.slotBytes, spec.flow?.size];
  };
  class One extends struct({ tag: u32, uses: atomic(u64) }) {}
  class Two extends struct({ tag: u64, uses: atomic(u64) }) {}
  assert.equal(slot(One), [32, 64 + 64 + 64 + 16 * 32]);
  assert.equal(slot(Two), [64, 64 + 64 + 64 + 16 * 64]);
});

test("wrong options name option, value and range", () => {
  class Wide extends struct({ a: u64, b: u64, c: u64, d: u64, e: u64, f: u8 }) {}
  class Nibble extends struct({ high: bits(4), low: bits(4), port: u16 }) {}
  assert.throws(() => flowTable(Wide, State, { maxEntries: 1, idle }), /the key Wide has 48 bytes, must have 1 … 40/);
  assert.throws(() => flowTable(u64, State, { maxEntries: 1, idle }), /the key must be a class made by struct/);
  assert.throws(() => flowTable(Key, u64, { maxEntries: 1, idle }), /the value must be a class made by struct/);
  assert.throws(() => flowTable(Key, State, { maxEntries: 0, idle }), /maxEntries is 0, must be 1 … 4194304/);
  assert.throws(() => flowTable(Key, State, { maxEntries: 1, idle: { ...idle, fresh: 5n } }), /idle\.fresh is 5, must be 1000000n/);
  assert.ok(flowTable(Nibble, State, { maxEntries: 1, idle }));
});

test("the table is sized for half load", () => {
  const slots = (maxEntries: number) => {
    const shape = { kind: "struct", name: "S", fields: [], size: 8, align: 8 } as const;
    return 8 << geometryOf(shape, shape, { maxEntries, idle }).setBits;
  };
  assert.equal([1, 8, 9, 65_536, 65_537].map(slots), [16, 16, 32, 131_072, 262_144]);
});

test.run();

import { test } from "uvu";
import * as assert from "uvu/assert";
import { specOf } from "../core/spec.js";
import { type Surroundings, within } from "../core/world.js";
import { atomic, hashMap, lruHashMap, net, perCpuHashMap, struct, u8, u16, u32, u48, u64, u128 } from "../index.js";

class Station extends struct({ mac: u48, vlan: u16 }) {}
class Learned extends struct({ port: u32, seen: u64 }) {
  get isUplink(): boolean {
    return this.port === 1;
  }
}

function entriesOf(map: object): string[] {
  const spec = specOf(map);
  if (spec?.what !== "map") throw new Error("not a map");
  return [...spec.entries()].map(([key, value]) => `${Buffer.from(key).toString("hex")}=${Buffer.from(value).toString("hex")}`);
}
function at<T>(clock: bigint, body: () => T): T {
  const surroundings: Surroundings = {
    now: () => clock,
    ticks: () => 0n,
    random: () => 0,
    target: { address: 0, address6: 0n, gateway: 0, mac: 0, ifindex: 0, mtu: 0, ticksPerSecond: 250 },
    capture: () => new Uint8Array(0),
  };
  return within(surroundings, body);
}

test("a struct's entry is a live view of its class; a scalar's is its value", () => {
  const stations = hashMap(Station, Learned, { maxEntries: 4 });
  assert.ok(stations.set({ mac: 1, vlan: 2 }, { port: 1, seen: 5n }));
  const entry = stations.get({ mac: 1, vlan: 2 });
  assert.ok(entry?.isUplink);
  if (entry) entry.seen = 9n;
  assert.is(stations.get({ mac: 1, vlan: 2 })?.seen, 9n);

  const scalars = hashMap(u32, u16, { maxEntries: 4 });
  scalars.set(7, 300);
  assert.is(scalars.get(7), 300);
  assert.is(scalars.get(8), undefined);
});

test("entries lie as the kernel stores them", () => {
  class Key extends struct({ address: net(u32), port: u8 }) {}
  const map = hashMap(Key, u64, { maxEntries: 4 });
  map.set({ address: 0x0a00_0001, port: 6 }, 258n);
  assert.equal(entriesOf(map), ["0a00000106000000=0201000000000000"]);
});

test("has, delete and getOrInsert", () => {
  const map = hashMap(u128, Learned, { maxEntries: 4 });
  assert.is(map.getOrInsert(1n, { port: 3, seen: 0n })?.port, 3);
  assert.is(map.getOrInsert(1n, { port: 4, seen: 0n })?.port, 3);
  assert.ok(map.has(1n));
  assert.ok(map.delete(1n));
  assert.not.ok(map.delete(1n));
  assert.not.ok(map.has(1n));
});

test("a full hash map refuses new entries, and still replaces old ones", () => {
  const map = hashMap(u32, u32, { maxEntries: 2 });
  assert.ok(map.set(1, 1));
  assert.ok(map.set(2, 2));
  assert.not.ok(map.set(3, 3));
  assert.ok(map.set(2, 20));
  assert.is(map.get(2), 20);
  assert.is(hashMap(u32, Learned, { maxEntries: 1 }).getOrInsert(1, { port: 1, seen: 0n })?.port, 1);
});

test("set and delete end every view of a hash map; reading and getOrInsert of what is there don't", () => {
  const map = hashMap(u32, Learned, { maxEntries: 4 });
  map.set(1, { port: 1, seen: 0n });
  const view = map.get(1);
  map.get(2);
  map.getOrInsert(1, { port: 9, seen: 0n });
  assert.is(view?.port, 1);
  map.delete(99);
  assert.throws(() => view?.port, /look the entry up again/);
  const again = map.get(1);
  map.set(2, { port: 1, seen: 0n });
  assert.throws(() => {
    if (again) again.port = 3;
  }, /a view of a hash map was used after the map changed/);
});

test("an LRU map lets the least recently used entry go, and an insert ends its views", () => {
  const map = lruHashMap(u32, Learned, { maxEntries: 2 });
  map.set(1, { port: 1, seen: 0n });
  map.set(2, { port: 2, seen: 0n });
  const first = map.get(1);
  map.getOrInsert(3, { port: 3, seen: 0n });
  assert.throws(() => first?.port, /look the entry up again/);
  assert.ok(map.has(1));
  assert.not.ok(map.has(2));
});

test("a sum leaves the width of a field that CPUs share by wrapping, elsewhere it is refused", () => {
  class Counts extends struct({ hits: u64, few: u32, tiny: u16 }) {}
  const shared = hashMap(u32, Counts, { maxEntries: 1 });
  shared.set(1, { hits: 0xffff_ffff_ffff_ffffn, few: 0xffff_ffff, tiny: 0xffff });
  const entry = shared.get(1);
  if (!entry) throw new Error("no entry");
  entry.hits += 2n;
  entry.few += 3;
  assert.is(entry.hits, 1n);
  assert.is(entry.few, 2);
  assert.throws(() => {
    entry.tiny += 1;
  }, /outside|not an integer/);
  assert.throws(() => {
    entry.few -= 3;
  }, /outside|not an integer/);
  const own = perCpuHashMap(u32, Counts, { maxEntries: 1 });
  own.set(1, { hits: 0n, few: 0xffff_ffff, tiny: 0 });
  assert.throws(() => {
    const mine = own.get(1);
    if (mine) mine.few += 1;
  }, /outside|not an integer/);
});

test("an entry is gone once the clock reaches its field and the time after it", () => {
  const map = hashMap(u32, Learned, { maxEntries: 1, expires: { field: "seen", after: 10n } });
  map.set(1, { port: 1, seen: 100n });
  assert.is(
    at(109n, () => map.get(1)?.port),
    1,
  );
  assert.is(
    at(110n, () => map.get(1)),
    undefined,
  );
  assert.not.ok(at(110n, () => map.has(1)));
  // It still takes its place until it is swept, and gives it to its own successor.
  assert.not.ok(at(110n, () => map.set(2, { port: 2, seen: 110n })));
  assert.is(
    at(110n, () => map.getOrInsert(1, { port: 3, seen: 110n })?.port),
    3,
  );
});

test("a deadline far ahead does not wrap round", () => {
  const map = hashMap(u32, Learned, { maxEntries: 1, expires: { field: "seen", after: 10n } });
  map.set(1, { port: 1, seen: 0xffff_ffff_ffff_ffffn });
  assert.ok(at(5n, () => map.has(1)));
});

test("the compiler sees kind, layouts, size, scope and expiry", () => {
  const map = lruHashMap(u128, Learned, { maxEntries: 9, scope: "target", shared: "flows", expires: { field: "seen" } });
  const spec = specOf(map);
  assert.is(spec?.what, "map");
  if (spec?.what !== "map") return;
  assert.is(spec.kind, "lruHash");
  assert.equal(spec.key, { kind: "int", bits: 128, order: "host" });
  assert.is(spec.value?.kind === "struct" && spec.value.name, "Learned");
  assert.equal([spec.maxEntries, spec.scope, spec.shared, spec.expires], [9, "target", "flows", { field: "seen", after: 0n }]);
});

test("an atomic value and wrong sizes", () => {
  class Bucket extends struct({ arrival: atomic(u64) }) {}
  const map = hashMap(u32, Bucket, { maxEntries: 1 });
  assert.is(map.getOrInsert(1, {})?.arrival.load(), 0n);
  assert.throws(() => hashMap(u32, u32, { maxEntries: 0 }), /maxEntries is 0, must be 1/);
  assert.throws(() => map.set(-1, {}), /outside|not an integer/);
});

test("add puts an entry in only where there is none, and ends no view", () => {
  const map = lruHashMap(u32, Station, { maxEntries: 2 });
  assert.ok(map.add(1, { mac: 1, vlan: 1 }));
  const view = map.get(1);
  assert.not.ok(map.add(1, { mac: 9, vlan: 9 }));
  assert.ok(map.add(2, { mac: 2, vlan: 2 }));
  assert.is(view?.mac, 1);
  const full = hashMap(u32, Station, { maxEntries: 1 });
  assert.ok(full.add(1, { mac: 1, vlan: 1 }));
  assert.not.ok(full.add(2, { mac: 1, vlan: 1 }));
});

test.run();

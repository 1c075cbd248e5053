/** Arrays, counters, scratch memory, events and device maps. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { specOf } from "../core/spec.js";
import { type Surroundings, within } from "../core/world.js";
import { arrayMap, counter, devMap, events, perCpuArrayMap, scratch, struct, u8, u16, u32, u64 } from "../index.js";
import { NodePacket } from "../packet/packet.js";

class Backend extends struct({ address: u32, hits: u64 }) {}

function entriesOf(map: object): string[] {
  const spec = specOf(map);
  if (spec?.what !== "map") throw new Error("not a map");
  return [...spec.entries()].map(([key, value]) => `${Buffer.from(key).toString("hex")}=${Buffer.from(value).toString("hex")}`);
}
function forPacket<T>(body: () => T, packet = new Uint8Array(0)): T {
  const surroundings: Surroundings = {
    now: () => 0n,
    ticks: () => 0n,
    random: () => 0,
    target: { address: 0, address6: 0n, gateway: 0, mac: 0, ifindex: 0, mtu: 0, ticksPerSecond: 250 },
    capture: count => packet.slice(0, count),
  };
  return within(surroundings, body);
}

test("an array has all its entries from the start, the first ones as given", () => {
  const ring = arrayMap(Backend, 3, [{ address: 7, hits: 0n }]);
  assert.is(ring.length, 3);
  assert.is(ring.at(0).address, 7);
  assert.is(ring.at(2).address, 0);
  assert.is(ring.get(3), undefined);
  assert.throws(() => ring.at(3), /at\(3\) is outside 0 … 2/);
  assert.equal(entriesOf(arrayMap(u16, 2, [1, 2])), ["00000000=0100", "01000000=0200"]);
  assert.throws(() => arrayMap(u16, 1, [1, 2]), /2 initial values/);
});

test("an array's views never end; sums wrap where CPUs share it", () => {
  const shared = arrayMap(Backend, 2);
  const view = shared.at(0);
  view.hits = 0xffff_ffff_ffff_ffffn;
  shared.at(1).hits = 1n;
  view.hits += 1n;
  assert.is(shared.at(0).hits, 0n);
  const own = perCpuArrayMap(Backend, 1);
  assert.throws(() => {
    own.at(0).hits = 1n << 64n;
  }, /outside/);
});

test("a counter counts packets and their length at that moment", () => {
  const answered = counter();
  const packet = new NodePacket(new Uint8Array(60), { kind: "xdp", device: 1 });
  answered.add(packet);
  packet.trim(20);
  answered.add(packet);
  assert.equal([answered.packets, answered.bytes], [2n, 80n]);
  assert.equal(entriesOf(answered), ["00000000=02000000000000005000000000000000"]);
});

test("scratch memory keeps nothing from one packet to the next", () => {
  class Work extends struct({ n: u32, list: u16 }) {}
  const work = scratch(Work);
  forPacket(() => {
    work.n = 5;
    assert.is(work.n, 5);
  });
  forPacket(() => assert.is(work.n, 0xa5a5_a5a5));
  assert.throws(() => scratch(u32), /a class made by struct/);
});

test("events come in order, with as much of the packet as was asked for", () => {
  class Hit extends struct({ port: u16, flags: u8 }) {}
  const hits = events(Hit, { bytes: 4 });
  const packet = Uint8Array.of(1, 2, 3);
  assert.ok(forPacket(() => hits.emit({ port: 80, flags: 1 }, { bytes: 4 }), packet));
  assert.ok(hits.emit({ port: 81, flags: 0 }));
  const taken = hits.take();
  assert.equal(
    taken.map(({ event, packet: bytes }) => [event.port, [...bytes]]),
    [
      [80, [1, 2, 3]],
      [81, []],
    ],
  );
  assert.equal(hits.take(), []);
  assert.throws(() => hits.emit({ port: 1, flags: 0 }, { bytes: 5 }), /allows 4/);
});

test("a full ring loses events until someone reads", () => {
  class Hit extends struct({ n: u64 }) {}
  const hits = events(Hit, { size: 4096 });
  let sent = 0;
  while (hits.emit({ n: 1n })) sent += 1;
  // Sixteen bytes a record, and one byte always stays free.
  assert.is(sent, 255);
  hits.take();
  assert.ok(hits.emit({ n: 1n }));
  assert.throws(() => events(Hit, { size: 5000 }), /power of two/);
});

test("a device map gives devices by number", () => {
  const ports = devMap({ maxEntries: 4 });
  ports.set(2, 17);
  assert.is(ports.get(2)?.index, 17);
  assert.is(ports.get(1), undefined);
  assert.equal(entriesOf(ports), ["02000000=11000000"]);
  assert.throws(() => ports.set(4, 1), /outside 0 … 3/);
  assert.ok(ports.delete(2));
  assert.is(ports.get(2), undefined);
});

test.run();

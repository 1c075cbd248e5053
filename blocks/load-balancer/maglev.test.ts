/** Shares and moves of rings, and of flows by them. */
import { ipv4 } from "datapath";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { hashOfFlow } from "./ends.dp.js";
import { interleaved, isPrime, type Member, maglev } from "./maglev.js";

const SIZE = 65_537;
const members = (count: number, weight: (i: number) => number = () => 1): Member[] =>
  Array.from({ length: count }, (_, number) => ({ identity: `10.0.${number >> 8}.${number & 255}:80`, weight: weight(number), number }));
/** How many places each member has. */
function shares(ring: Uint16Array, count: number): number[] {
  const places = new Array<number>(count).fill(0);
  for (const number of ring) places[number] = (places[number] ?? 0) + 1;
  return places;
}
const moved = (before: Uint16Array, after: Uint16Array): number =>
  before.reduce((count, number, place) => count + (number === after[place] ? 0 : 1), 0);

test("each member has its share of the ring, by its weight", () => {
  const weights = [1, 2, 3, 10, 100];
  const ring = maglev(
    members(5, i => weights[i] ?? 1),
    SIZE,
  );
  const total = weights.reduce((a, b) => a + b);
  for (const [i, places] of shares(ring, 5).entries()) {
    const fair = ((weights[i] ?? 0) / total) * SIZE;
    assert.ok(Math.abs(places - fair) <= Math.max(2, fair * 0.01), `member ${i} has ${places} places, fair are ${fair}`);
  }
});

test("when one of N goes, at most 1/N and one per cent of the ring moves", () => {
  for (const count of [2, 3, 5, 10, 30, 100]) {
    const all = members(count);
    const before = maglev(all, SIZE);
    for (const gone of [0, Math.trunc(count / 2), count - 1]) {
      const share =
        moved(
          before,
          maglev(
            all.filter(({ number }) => number !== gone),
            SIZE,
          ),
        ) / SIZE;
      assert.ok(share <= 1 / count + 0.01, `${share} of the ring moved when one of ${count} went`);
    }
  }
});

test("and when one of unequal ones goes, its share and one per cent", () => {
  const all = members(10, i => i + 1);
  const before = maglev(all, SIZE);
  for (const gone of [0, 4, 9]) {
    const share =
      moved(
        before,
        maglev(
          all.filter(({ number }) => number !== gone),
          SIZE,
        ),
      ) / SIZE;
    assert.ok(share <= (gone + 1) / 55 + 0.01, `${share} of the ring moved for ${gone}`);
  }
});

test("the order in which members are listed says nothing", () => {
  const all = members(7, i => i + 1);
  assert.equal(maglev(all.toReversed(), 1021), maglev(all, 1021));
});

test("100,000 flows come within two per cent of the weights", () => {
  const weights = [1, 1, 2, 4];
  const ring = maglev(
    members(4, i => weights[i] ?? 1),
    SIZE,
  );
  const counts = [0, 0, 0, 0];
  for (let flow = 0; flow < 100_000; flow++) {
    const hash = hashOfFlow(
      {
        family: 4,
        source: ipv4("198.51.0.0") + (flow % 5000),
        sourcePort: 32_768 + Math.trunc(flow / 5000) * 7,
        destination: ipv4("192.0.2.1"),
        destinationPort: 80,
        protocol: 6,
      },
      0,
      false,
    );
    const number = ring[Math.trunc((hash * SIZE) / 2 ** 32)] ?? 0;
    counts[number] = (counts[number] ?? 0) + 1;
  }
  for (const [i, count] of counts.entries()) {
    const fair = (100_000 * (weights[i] ?? 0)) / 8;
    assert.ok(Math.abs(count - fair) < fair * 0.02, `member ${i} has ${count} flows of ${fair}`);
  }
});

test("round robin comes by weight, as far apart as can be", () => {
  const three = [5, 1, 1].map((weight, number) => ({ identity: `${number}`, weight, number }));
  assert.equal([...interleaved(three, 8)], [0, 0, 1, 0, 2, 0, 0, 0]);
  assert.equal([...interleaved([], 8)], []);
});

test("a ring is of a prime size", () => {
  assert.equal([2, 251, 1021, 65_537, 131_071].map(isPrime), [true, true, true, true, true]);
  assert.equal([0, 1, 4, 65_535, 65_536, 2.5].map(isPrime), [false, false, false, false, false, false]);
  assert.throws(() => maglev(members(2), 1024), /a ring of 1024 places; allowed is a prime/);
  assert.equal(maglev([], 251).length, 0);
});

test.run();

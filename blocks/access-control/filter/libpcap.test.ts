import { test } from "uvu";
import * as assert from "uvu/assert";
import { evaluate, type Reading } from "./evaluate.js";
import { randomExpression, seeded, written } from "./expressions.fixture.js";
import { cutFrames, plainFrames } from "./frames.fixture.js";
import { parseFilter } from "./index.js";
import { readLikeLibpcap, readThroughTags } from "./readings.js";
import { Tcpdump } from "./tcpdump.fixture.js";

const random = seeded(20);
const generated = Array.from({ length: 300 }, () => randomExpression(random));
const expressions = [...new Set([...written, ...generated])];

test("tcpdump is there", () => {
  assert.ok(Tcpdump.available(), "apt-get install tcpdump");
});

/** One line for each expression that selects other frames than tcpdump, and how many of them tell frames apart. */
function compareAll(
  list: readonly string[],
  frames: readonly Uint8Array[],
  plain: boolean,
  readings: readonly ((frame: Uint8Array) => Reading)[],
) {
  const tcpdump = new Tcpdump(frames);
  const differences: string[] = [];
  let telling = 0;
  try {
    for (const expression of list) {
      const condition = parseFilter(expression);
      const theirs = tcpdump.select(expression, { plain });
      if (theirs.kind === "refused") {
        differences.push(`${expression}: ${theirs.reason}`);
        continue;
      }
      if (theirs.indices.size > 0 && theirs.indices.size < frames.length) telling++;
      for (const read of readings) {
        const index = frames.findIndex((frame, place) => (evaluate(condition, read(frame)) === true) !== theirs.indices.has(place));
        if (index >= 0) differences.push(`${expression}: ${read.name}: ${Buffer.from(frames[index] ?? []).toString("hex")}`);
      }
    }
  } finally {
    tcpdump.remove();
  }
  return { differences, telling };
}

function likeLibpcap(frame: Uint8Array): Reading {
  return readLikeLibpcap(frame, frame.length);
}
function throughTags(frame: Uint8Array): Reading {
  return readThroughTags(frame);
}

test(`${expressions.length} expressions select what tcpdump -r selects`, () => {
  const { differences, telling } = compareAll(expressions, plainFrames(), false, [likeLibpcap, throughTags]);
  assert.equal(differences, []);
  assert.ok(telling >= 300, `only ${telling} expressions tell frames apart`);
});

test("frames that end inside a header are selected as libpcap's filter says before it is optimized", () => {
  // of a group address libpcap reads one byte, where here the whole address must be there
  const list = expressions.filter(expression => !/ip6? multicast/.test(expression));
  const { differences, telling } = compareAll(list, cutFrames(), true, [likeLibpcap]);
  assert.equal(differences, []);
  assert.ok(telling >= 200, `only ${telling} expressions tell frames apart`);
});

test.run();

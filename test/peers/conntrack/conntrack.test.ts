// test: timeout 600
/**
 * Conntrack beside the kernel's nf_conntrack, over the same packets: what each makes of a packet (invalid, new, established,
 * related), in which direction it goes, and the state of the flow afterwards. Each sequence runs in Node and in the
 * kernel, which must agree to the last byte of every map.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Compared, compareAll } from "./compare.js";
import { byDesign } from "./differences.js";
import { topics } from "./sequences/index.js";

test("there are two hundred sequences and more", () => {
  const count = Object.values(topics).reduce((sum, { sequences }) => sum + Object.keys(sequences).length, 0);
  assert.ok(count >= 200, `${count}`);
});

// with connections picked up in their middle in `npm run soak` too
for (const pickUp of process.env.EVERY_SEQUENCE ? [false, true] : [false]) {
  test(`the same as nf_conntrack, ${pickUp ? "connections picked up in their middle" : "connections seen from their beginning"}`, async () => {
    const compared = await compareAll(pickUp);
    const found = compared.flatMap(one => {
      const expected = known(one);
      const differing = one.packets.flatMap(({ line, ours, theirs }, at) =>
        ours === theirs ? [] : [`${at + 1}: ${ours} | ${theirs} (${line})`],
      );
      const unexpected = differing.filter(text => !expected.some(listed => text.startsWith(`${listed} (`)));
      const gone = expected.filter(listed => !differing.some(text => text.startsWith(`${listed} (`)));
      return [
        ...unexpected.map(text => `${one.name}, IPv${one.family}, packet ${text}`),
        ...gone.map(text => `${one.name}, IPv${one.family}: does not differ any more: ${text}`),
      ];
    });
    assert.is(found.length, 0, `ours | nf_conntrack\n${found.join("\n")}`);
  });
}

test("every difference by design is one of a sequence that there is", () => {
  const names = new Set(Object.entries(topics).flatMap(([topic, { sequences }]) => Object.keys(sequences).map(name => `${topic}/${name}`)));
  for (const { sequences } of byDesign) for (const name of Object.keys(sequences)) assert.ok(names.has(name), name);
});

function known({ name }: Compared): readonly string[] {
  return byDesign.flatMap(({ sequences }) => sequences[name] ?? []);
}

test.run();

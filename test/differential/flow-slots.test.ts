/** The runtime finds a flow table's entries where programs put them: the two say it in their own words. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as language from "../../dsl/core/flow-slots.js";
import { geometryOf } from "../../dsl/maps/flow-table-layout.js";
import * as runtime from "../../runtime/maps/flow-slots.js";

test("the runtime looks for a key in the sets that the language puts it in", () => {
  for (const keyBytes of [8, 16, 40]) {
    const shape = { kind: "struct", name: "S", fields: [], size: keyBytes, align: 8 } as const;
    for (const maxEntries of [8, 512, 65_536]) {
      const geometry = geometryOf(shape, { ...shape, size: 8 }, { maxEntries, idle: { fresh: 1_000_000n, established: 1_000_000n } });
      for (let n = 0; n < 50; n++) {
        const key = new Uint8Array(keyBytes).map((_, i) => (n * 31 + i * 7) & 255);
        const { first, second, fingerprint } = language.whereOf(key, geometry, 0x1234_5678_9abc_def0n);
        assert.equal(runtime.setsOf(key, geometry, 0x1234_5678_9abc_def0n), { first, second, fingerprint });
      }
    }
  }
});

test("slots, heads and control words are the same", () => {
  assert.is(runtime.WAYS, language.WAYS);
  const { bytes: _, ...head } = language.HEAD;
  assert.equal(runtime.HEAD, head);
  const { version: __, ...control } = language.CONTROL;
  assert.equal(runtime.CONTROL, control);
});

test.run();

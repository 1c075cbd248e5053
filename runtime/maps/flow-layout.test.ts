import { test } from "uvu";
import * as assert from "uvu/assert";
import type { MapEntry } from "../../codegen/bundle/manifest.js";
import { flowMaps } from "../fixtures/flows.js";
import { mapEntry } from "../fixtures/pipelines.js";
import { encode } from "./codec.js";
import { FlowLayout } from "./flow-layout.js";

const [flows4] = flowMaps;
const key = { low: 0x0a000002, high: 0xc0000201, lowPort: 80, highPort: 4004, protocol: 6, zero: 0, zeros: 0 };
const becomes4 = { source: 0x0a000002, destination: 0x0a000001, sourcePort: 80, destinationPort: 1004 };
const value = {
  ...{ seen: 1000, state: 2, fromLow: false, replied: true, companion: true, mark: 5, user: 6 },
  ...{ packets: 1n, bytes: 2n, replyPackets: 3n, replyBytes: 4n, becomes4, quota: { warned: 9 } },
};

function entryOf(map: MapEntry): readonly [Uint8Array, Uint8Array] {
  if (!map.key || !map.value) throw new Error("no layout");
  return [encode(map.key, key), encode(map.value, value)];
}

test("maps that hold no flows have no layout", () => {
  assert.is(FlowLayout.of(mapEntry({ path: "hash", kind: "hash" })), undefined);
});

test("a companion names the key of its flow, in a flow table too, whose map has a key of its own", () => {
  assert.ok(flows4);
  for (const map of [flows4, { ...flows4, kind: "flowTable", keySize: 4 } as const]) {
    const main = FlowLayout.of(map)?.keyOfMain(entryOf(map));
    assert.ok(main && flows4.key);
    const expected = { ...key, low: 0x0a000001, high: 0x0a000002, lowPort: 1004, highPort: 80 };
    assert.equal(new Uint8Array(main), encode(flows4.key, expected));
  }
});

test("a flow is read in the direction that began it; the time is the entry's own where the map keeps it", () => {
  assert.ok(flows4);
  const ticks = { now: 1500, perSecond: 100, ahead: 0 };
  const layout = FlowLayout.of(flows4);
  const flow = layout?.read(entryOf(flows4), undefined, ticks);
  assert.equal([flow?.source, flow?.sourcePort, flow?.destination], [0xc0000201n, 4004, 0x0a000002n]);
  assert.equal([flow?.idle, flow?.left, flow?.mark, flow?.user], [5, 3595, 5, 6]);
  assert.is(layout?.read([...entryOf(flows4), 1400], undefined, ticks).idle, 1);
});

test("ticks wrap: what was seen just before is not old", () => {
  assert.ok(flows4);
  const layout = FlowLayout.of(flows4);
  const [stored, bytes] = entryOf(flows4);
  assert.is(layout?.idleTicks([stored, bytes, 0xffff_fff0], { now: 0x10, perSecond: 100, ahead: 0 }), 0x20);
});

test.run();

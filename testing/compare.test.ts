import { test } from "uvu";
import * as assert from "uvu/assert";
import { specOf } from "../dsl/core/spec.js";
import { Ethernet } from "../dsl/headers/index.js";
import { array, events, hashMap, lruHashMap, Pipeline, struct, type TcPacket, u16, u32, u64, Verdict } from "../dsl/index.js";
import { compareRun } from "./both.js";
import { DifferenceError, differences } from "./compare.js";
import type { KernelOutcome } from "./kernel.js";
import { packet } from "./packet.js";
import { type Result, simulate } from "./simulate.js";

class Key extends struct({ port: u16, vlan: u16 }) {}
class Value extends struct({ hits: u64, list: array(u16, 2) }) {}
class Edge extends Pipeline {
  readonly table = hashMap(Key, Value, { maxEntries: 4 });
  readonly recent = lruHashMap(u32, u32, { maxEntries: 2 });
  readonly told = events(struct({ n: u32 }));
  override ingress(_pkt: TcPacket): Verdict {
    this.table.set({ port: 80, vlan: 1 }, { hits: 3n });
    this.recent.set(1, 1);
    this.recent.set(2, 2);
    this.told.emit({ n: 5 });
    return Verdict.drop("no");
  }
}

const bytes = packet(Ethernet.of(), "some payload that is longer than sixteen");
const run = (): Result<Edge> => simulate(new Edge(), "ingress", bytes);
function mapOf(live: object): readonly (readonly [Uint8Array, Uint8Array])[] {
  const spec = specOf(live);
  return spec?.what === "map" ? [...spec.entries()] : [];
}
/** What a kernel that agrees would say. */
function agreeing(node: Result<Edge>): KernelOutcome {
  return {
    verdict: "drop",
    reason: "no",
    bytes: node.bytes,
    device: undefined,
    maps: new Map([
      ["table", mapOf(node.pipeline.table)],
      ["recent", mapOf(node.pipeline.recent)],
    ]),
    events: new Map([["told", [Uint8Array.of(5, 0, 0, 0)]]]),
  };
}

test("nothing differs where all is the same; maps that the program does not use are not looked at", () => {
  const node = run();
  assert.equal(differences(node, agreeing(node)), []);
  assert.equal(differences(node, { ...agreeing(node), maps: new Map() }), []);
});

test("verdict, reason, device and mark are told apart", () => {
  const node = run();
  assert.equal(differences(node, { ...agreeing(node), verdict: "pass", reason: undefined, device: 3, mark: 9 }), [
    'verdict: Node "drop", kernel "pass"',
    'reason: Node "no", kernel undefined',
    "device: Node undefined, kernel 3",
    "mark: Node 0, kernel 9",
  ]);
});

test("bytes that differ are shown by rows of sixteen", () => {
  const node = run();
  const other = node.bytes.slice();
  other[20] = 0;
  const [line, ...more] = differences(node, { ...agreeing(node), bytes: other });
  assert.match(line ?? "", /^bytes at 16: Node 6d 65 20 70 61 .*, kernel 6d 65 20 70 00 /);
  assert.equal(more, []);
  assert.match(differences(node, { ...agreeing(node), bytes: other.slice(0, 18) })[0] ?? "", /Node 54 bytes, kernel 18/);
});

test("maps differ by field, named by path and key", () => {
  const node = run();
  const [[key, value] = []] = mapOf(node.pipeline.table);
  if (!key || !value) throw new Error("no entry");
  const other = value.slice();
  other[0] = 4;
  other[10] = 1;
  const with_ = (entries: readonly (readonly [Uint8Array, Uint8Array])[]): string[] =>
    differences(node, { ...agreeing(node), maps: new Map([["table", entries]]) });
  assert.equal(with_([[key, other]]), [
    "table[{ port: 80, vlan: 1 }].hits: Node 3, kernel 4",
    "table[{ port: 80, vlan: 1 }].list[1]: Node 0, kernel 1",
  ]);
  assert.equal(with_([]), ["table[{ port: 80, vlan: 1 }]: Node { hits: 3, list: [0, 0] }, kernel has none"]);
  const strange = Uint8Array.of(1, 0, 2, 0);
  assert.equal(
    with_([
      [key, value],
      [strange, value],
    ]),
    ["table[{ port: 1, vlan: 2 }]: Node has none, kernel { hits: 3, list: [0, 0] }"],
  );
  const padded = value.slice();
  padded[13] = 1;
  assert.match(with_([[key, padded]])[0] ?? "", /padding differs/);
});

test("an LRU map that is nearly full may lack entries in the kernel, but not hold other values", () => {
  const node = run();
  const [first, second] = mapOf(node.pipeline.recent);
  if (!first || !second) throw new Error("no entries");
  const with_ = (entries: readonly (readonly [Uint8Array, Uint8Array])[]): string[] =>
    differences(node, { ...agreeing(node), maps: new Map([["recent", entries]]) });
  assert.equal(with_([first]), []);
  assert.equal(with_([[first[0], second[1]]]), ["recent[1]: Node 1, kernel 2"]);
});

test("events are compared in order", () => {
  const node = run();
  assert.equal(differences(node, { ...agreeing(node), events: new Map([["told", []]]) }), ["told event 0: Node 05000000, kernel has none"]);
});

test("a run of both throws with every difference, and gives Node's result where there is none", async () => {
  const session = (outcome: KernelOutcome) => ({
    run: () => Promise.resolve(outcome),
    drops: () => new Map<string, bigint>(),
    close: () => Promise.resolve(),
  });
  const same = await compareRun(session(agreeing(run())), new Edge(), "ingress", bytes, {});
  assert.is(same.reason, "no");
  try {
    await compareRun(session({ ...agreeing(run()), reason: "yes" }), new Edge(), "ingress", bytes, {});
    assert.unreachable();
  } catch (error) {
    assert.instance(error, DifferenceError);
    assert.match(String(error), /Node and the kernel differ:\n {2}reason: Node "no", kernel "yes"/);
  }
});

test.run();

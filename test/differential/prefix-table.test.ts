import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, lpmTrie, Pipeline, type PrefixTable, prefixTable, struct, u8, u16, u32, Verdict, type XdpPacket } from "datapath";
import { Ethernet, Ipv4, Udp } from "datapath/headers";
import { packet, simulate } from "datapath/testing";
import { compileLive } from "../../codegen/compile.js";
import { loadForTest } from "../../runtime/test-run/load.js";

class Owner extends struct({ number: u32, kind: u8 }) {}

/** Writes what was found into the packet's Ethernet source, so that both answers are seen. */
class Lookup extends Pipeline {
  readonly small: PrefixTable<u16>;
  readonly owners = prefixTable(Owner, { maxEntries: 10_000 });
  constructor(rules: readonly (readonly [address: number, length: number])[]) {
    super();
    this.small = prefixTable(u16, { maxEntries: 1000 });
    for (const [i, [prefix, length]] of rules.entries()) {
      this.small.set({ prefix, length }, i + 1);
      this.owners.set({ prefix, length }, { number: i + 1, kind: 7 });
    }
  }
  override xdp(pkt: XdpPacket): Verdict {
    const layers = pkt.layers();
    if (layers.family !== 4) return Verdict.Pass;
    const small = this.small.get(layers.source);
    const owner = this.owners.get(layers.source);
    layers.ethernet.src = small ?? 0;
    layers.ethernet.dst = owner ? owner.number : 0;
    return Verdict.Pass;
  }
}

function seeded(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
/** Prefixes of every length, many inside others. */
function someRules(count: number): (readonly [number, number])[] {
  const random = seeded(7);
  const tops = [10, 172, 192, 203];
  return Array.from({ length: count }, () => {
    const length = random(33);
    const address = ((tops[random(4)] ?? 0) * 2 ** 24 + random(3) * 2 ** 16 + random(4) * 256 + random(256)) >>> 0;
    return [length === 0 ? 0 : (address & (0xffff_ffff << (32 - length))) >>> 0, length] as const;
  });
}

const from = (src: number): Uint8Array => packet(Ethernet.of(), Ipv4.of({ src }), Udp.of());
const found = (bytes: Uint8Array): readonly [number, number] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return [view.getUint32(8), view.getUint32(2)];
};

test("the longest prefix is found as by a trie, in Node and in the kernel", async () => {
  const rules = someRules(300);
  const trie = lpmTrie(u32, u16, { maxEntries: 1000 });
  for (const [i, [prefix, length]] of rules.entries()) trie.set({ prefix, length }, i + 1);
  const random = seeded(9);
  const addresses = rules.flatMap(([prefix, length]) => [prefix, (prefix + random(2 ** (32 - length))) >>> 0, (prefix - 1) >>> 0]);
  const node = new Lookup(rules);
  for (const address of addresses) {
    const expected = trie.get(address) ?? 0;
    assert.deepEqual(found(simulate(node, "xdp", from(address)).bytes), [expected, expected], `${address.toString(16)}`);
  }
  const { bundle, diagnostics } = await compileLive(node);
  assert.deepEqual(diagnostics, []);
  if (!bundle) return;
  using program = loadForTest(bundle.object, bundle.manifest);
  for (const address of addresses) {
    const expected = trie.get(address) ?? 0;
    assert.deepEqual(found(program.run("xdp", from(address)).bytes), [expected, expected], `${address.toString(16)} in the kernel`);
  }
});

test("a prefix that goes leaves what covers it", () => {
  const pipeline = new Lookup([
    [ipv4("10.0.0.0"), 8],
    [ipv4("10.1.0.0"), 24],
  ]);
  const at = (): number => found(simulate(pipeline, "xdp", from(ipv4("10.1.0.9"))).bytes)[0];
  assert.equal(at(), 2);
  assert.ok(pipeline.small.delete({ prefix: ipv4("10.1.0.0"), length: 24 }));
  assert.equal(at(), 1);
  assert.ok(!pipeline.small.delete({ prefix: ipv4("10.1.0.0"), length: 24 }));
  assert.ok(pipeline.small.set(ipv4("10.1.0.9"), 9));
  assert.equal(at(), 9);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Pipeline, Verdict, type XdpPacket } from "datapath";
import { Ethernet } from "datapath/headers";
import { both, packet, simulate } from "datapath/testing";
import { compileLive } from "../compile.js";

/** A node leads to one of two that others lead to as well. */
interface Node {
  readonly level: number;
  readonly right: boolean;
  readonly next: readonly [Node, Node] | undefined;
}
const LEVELS = 16;

/** As a tree it would have 2^16 leaves. */
function graph(level: number, below: readonly [Node, Node] | undefined): Node {
  if (level < 0) {
    if (below) return below[0];
    throw new Error("a graph without levels");
  }
  return graph(level - 1, [
    { level, right: false, next: below },
    { level, right: true, next: below },
  ]);
}

class Walker extends Pipeline {
  readonly start = graph(LEVELS - 1, undefined);

  override xdp(pkt: XdpPacket): Verdict {
    const ethernet = pkt.at(0, Ethernet);
    if (!ethernet) return Verdict.Pass;
    return this.walk(this.start, ethernet.etherType);
  }
  private walk(node: Node, bits: number): Verdict {
    const set = Math.trunc(bits / 2 ** node.level) % 2 === 1;
    if (node.next === undefined) return set === node.right ? Verdict.Pass : Verdict.drop("changed sides");
    if (set) return this.walk(node.next[1], bits);
    return this.walk(node.next[0], bits);
  }
}

test("a graph of build-time objects stays a graph", async () => {
  const { bundle, diagnostics } = await compileLive(new Walker());
  assert.deepEqual(diagnostics, []);
  const jumps = bundle?.code.split("\n").filter(line => /^\s*if \(/.test(line)).length ?? Number.POSITIVE_INFINITY;
  assert.ok(jumps < 150, `${jumps} conditions`);
  const shared = bundle?.code.split("\n").filter(line => /^\s*walk_shared\w*:/.test(line)) ?? [];
  assert.ok(shared.length >= LEVELS, `${shared.length} places with several ways in`);
  for (const line of shared) assert.match(line, /asm volatile/, "clang may not copy what stands there");
});

for (const etherType of [0x0000, 0xffff, 0x4000, 0x8000, 0xa5a5]) {
  test(`and the way through it is right: ${etherType.toString(16)}`, async () => {
    const frame = packet(Ethernet.of({ etherType }), "payload");
    const { verdict } = await both(() => new Walker(), "xdp", frame);
    assert.equal(verdict, simulate(new Walker(), "xdp", frame).verdict);
  });
}

class Loop {
  next: Loop | undefined;
}
const loop = new Loop();
loop.next = loop;
class Endless extends Pipeline {
  override xdp(pkt: XdpPacket): Verdict {
    return this.go(loop, pkt);
  }
  private go(at: Loop, pkt: XdpPacket): Verdict {
    if (at.next === undefined || pkt.length < 60) return Verdict.Pass;
    return this.go(at.next, pkt);
  }
}
test("objects that lead back to themselves are refused", async () => {
  const { diagnostics } = await compileLive(new Endless());
  assert.deepEqual(
    diagnostics.map(diagnostic => diagnostic.code),
    ["DP1204"],
  );
});

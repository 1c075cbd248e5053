// test: timeout 400
/** Programs that are cut in parts, where they need not be: Node and kernel agree as they do on whole ones. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compileLive } from "../../codegen/compile.js";
import { hashMap, type Packet, Pipeline, struct, type TcPacket, u16, u32, u64, Verdict, type XdpPacket } from "../../dsl/index.js";
import { hookCosts } from "../../runtime/cli/cost-view.js";
import { agree } from "./agree.js";
import { frames, taggedFrames } from "./frames.js";

class Key extends struct({ source: u32, port: u16, bytes: u32 }) {}
class Seen extends struct({ packets: u64, sum: u64 }) {}

/** Numbers, offsets, pointers into the packet and a key of a map are read on both sides of most places. */
class Mixed extends Pipeline {
  readonly seen = hashMap(Key, Seen, { maxEntries: 64 });

  handle(pkt: Packet): Verdict {
    const layers = pkt.layers();
    if (layers.family !== 4) return layers.family === 6 ? Verdict.drop("six") : Verdict.Pass;
    const { ip, udp } = layers;
    const sum = BigInt(ip.src) * BigInt(pkt.length);
    const key = { source: ip.src, port: udp ? udp.dstPort : 0, bytes: pkt.length };
    const tagged = pkt.vlan !== undefined;
    const known = this.seen.get(key);
    if (known) {
      known.packets += 1n;
      known.sum = sum & 0xffff_ffffn;
    } else if (!this.seen.set(key, { packets: 1n, sum })) return Verdict.drop("full");
    const { ttl } = ip;
    if (udp && udp.srcPort === 53) udp.srcPort = 5353;
    if (tagged && !pkt.remove(layers.transportOffset, 2)) return Verdict.drop("short");
    return ttl === 1 ? Verdict.Reflect : Verdict.Pass;
  }
  override xdp(pkt: XdpPacket): Verdict {
    return this.handle(pkt);
  }
  override ingress(pkt: TcPacket): Verdict {
    return this.handle(pkt);
  }
}

for (const [what, cuts] of [
  ["at the best place", [{}]],
  ["three times", [{}, {}, {}]],
  ["anywhere", [{ choice: 11 }, { choice: 29 }]],
] as const) {
  test(`cut ${what}`, async () => {
    await agree(() => new Mixed(), ["xdp", "ingress"], [...frames, ...taggedFrames], { cuts });
  });
}

test("the manifest names the parts, and where they are found", async () => {
  const { bundle } = await compileLive(new Mixed(), { name: "mixed", cuts: [{}, {}] });
  assert.equal(bundle?.manifest.hooks, [
    { hook: "xdp", program: "mixed_xdp", section: "xdp", parts: { map: "mixed_xdp_parts", programs: ["mixed_xdp_2", "mixed_xdp_3"] } },
    {
      hook: "ingress",
      program: "mixed_ingress",
      section: "tc",
      parts: { map: "mixed_ingress_parts", programs: ["mixed_ingress_2", "mixed_ingress_3"] },
    },
  ]);
});

test("what is more work than the limit is cut until each part is below it, or not at all", async () => {
  const whole = await compileLive(new Mixed(), { name: "mixed" });
  assert.ok(whole.bundle);
  const bound = Math.max(...hookCosts(whole.bundle).map(({ verified }) => verified));
  const { bundle } = await compileLive(new Mixed(), { name: "mixed", limit: BigInt(Math.ceil(bound * 0.9)) });
  assert.ok(bundle);
  const costs = hookCosts(bundle);
  assert.ok(costs.length > 2 && costs.every(({ verified }) => verified < bound * 0.9), JSON.stringify(costs));
  const hopeless = await compileLive(new Mixed(), { name: "mixed", limit: 10n });
  assert.equal(
    hopeless.bundle?.manifest.hooks.map(({ parts }) => parts),
    [undefined, undefined],
  );
});

test.run();

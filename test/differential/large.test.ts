// test: alone, timeout 400
/** A program that the verifier would give up on is compiled so that it does not, and does the same. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compileLive } from "../../codegen/compile.js";
import { hashMap, Pipeline, struct, u32, u64, Verdict, type XdpPacket } from "../../dsl/index.js";
import { loadForTest } from "../../runtime/test-run/load.js";
import { agree } from "./agree.js";
import { frames, taggedFrames } from "./frames.js";

class Seen extends struct({ packets: u64 }) {}

const STEPS = [1, 2, 3, 4, 5, 6];

/** Each step parses the packet anew, as the one before moved it: the paths of all multiply. */
class Steps extends Pipeline {
  readonly seen = hashMap(u32, Seen, { maxEntries: 64 });

  override xdp(pkt: XdpPacket): Verdict {
    for (const step of STEPS) {
      const layers = pkt.layers();
      if (layers.udp && layers.udp.dstPort === step) return Verdict.drop("port");
      const seen = this.seen.get(layers.protocol + step);
      if (seen) seen.packets += 1n;
      if (layers.tcp && layers.tcp.srcPort === step) return Verdict.Reflect;
      if (layers.family !== 0 && !pkt.remove(layers.transportOffset, 2)) return Verdict.Pass;
    }
    return Verdict.Pass;
  }
}
function steps(): Steps {
  const pipeline = new Steps();
  for (let key = 1; key < 32; key += 3) pipeline.seen.set(key, { packets: 0n });
  return pipeline;
}

test("as it is, the verifier refuses it for its size", async () => {
  const { bundle } = await compileLive(steps(), { keepsPaths: true });
  if (!bundle) throw new Error("it was not compiled");
  let refusal = "it was loaded";
  try {
    loadForTest(bundle.object, bundle.manifest).close();
  } catch (error) {
    refusal = String(error);
  }
  assert.match(refusal, /too large/);
});

test("made to converge it loads, and Node and kernel agree on every frame", async () => {
  await agree(steps, ["xdp"], [...frames, ...taggedFrames]);
});

test.run();

/** The cheapest clock, and how long its ticks are: the same in Node and in the kernel, and the running kernel's own once attached. */
import { statSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { arrayMap, Pipeline, struct, TICKS_PER_SECOND, ticks, u32, u64, Verdict, type XdpPacket } from "../../dsl/index.js";
import { native } from "../../runtime/native/index.js";
import { targetBytes } from "../../runtime/target/values.js";
import { both } from "../../testing/both.js";

class Time extends struct({ ticks: u64, perSecond: u32, seconds: u32 }) {}

class Clock extends Pipeline {
  readonly time = arrayMap(Time, 1);

  override xdp(_pkt: XdpPacket): Verdict {
    const time = this.time.at(0);
    const perSecond = TICKS_PER_SECOND.value;
    time.ticks = ticks();
    time.perSecond = perSecond;
    time.seconds = Number((ticks() / BigInt(perSecond)) & 0xffff_ffffn);
    return Verdict.Pass;
  }
}

const frame = new Uint8Array(60);

test("a second has as many ticks in Node as in the kernel", async () => {
  const { pipeline } = await both(() => new Clock(), "xdp", frame, { clock: 9_007_000_000n });
  const { perSecond, seconds } = pipeline.time.at(0);
  assert.equal([pipeline.time.at(0).ticks, perSecond, seconds], [2251n, 250, 9]);
});

test("and where a test says so, as many as that", async () => {
  const { pipeline } = await both(() => new Clock(), "xdp", frame, { clock: 9_007_000_000n, target: { ticksPerSecond: 1000 } });
  assert.equal([pipeline.time.at(0).perSecond, pipeline.time.at(0).seconds], [1000, 2]);
});

test("the runtime fills in what the kernel's coarse clock shows", () => {
  const path = "/proc/self/ns/net";
  const here = { device: "lo", ifindex: 1, position: "device", namespace: statSync(path).ino, namespacePath: path, label: "lo" } as const;
  const filled = targetBytes([{ name: "ticksPerSecond", offset: 4, size: 4 }], 8, here);
  assert.is(new DataView(filled.buffer).getUint32(4, true), Math.round(1e9 / native().tickNanoseconds()));
  assert.ok([100, 250, 300, 1000].includes(new DataView(filled.buffer).getUint32(4, true)));
});

test.run();

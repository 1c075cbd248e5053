import { readdirSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../../test/lab/command.js";
import { attach, detach } from "../attach.js";
import { bench, bundle, name, pins, quiet, root } from "../fixtures/bench.js";
import { COUNTS, type CountingPipeline } from "../fixtures/pipelines.js";

test("many cycles leave no descriptor, pin, map or memory", async () => {
  await using lab = await bench();
  const target = { netns: lab.right.path, dev: "eth0" };
  const cycle = async (round: number): Promise<void> => {
    // A tcx link waits for a grace period each time, so most rounds go through clsact.
    const options = { root, hook: round % 4 === 0 ? "auto" : "clsact", notice: quiet } as const;
    const handle = await attach<CountingPipeline>(bundle({ hooks: ["ingress"] }), target, options);
    handle.map(p => p.block.counts).get(1);
    await attach(bundle({ hooks: ["ingress"], step: 2 }), target, options);
    await detach(name, { root });
    handle.close();
  };
  const maps = async (): Promise<number> => (await run(["bpftool", "map", "show"])).stdout.split(COUNTS).length;
  const descriptors = (): number => readdirSync("/proc/self/fd").length;
  for (let round = 0; round < 20; round++) await cycle(round); // until Node's own memory has settled
  const mapsBefore = await maps(); // other tests' handles may not be collected yet
  const before = descriptors();
  const memory = process.memoryUsage().rss;
  for (let round = 0; round < Number(process.env.CYCLES ?? 200); round++) await cycle(round);
  assert.is(descriptors(), before);
  assert.equal(pins(), []);
  const grown = process.memoryUsage().rss - memory;
  assert.ok(grown < 48 << 20, `${grown >> 20} MiB were kept`);
  // The kernel frees maps behind a grace period.
  for (let waited = 0; waited < 50; waited++) {
    if ((await maps()) <= mapsBefore) return;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  assert.unreachable("maps are left");
});

test.run();

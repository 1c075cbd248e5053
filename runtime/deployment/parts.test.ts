/** Pipelines whose programs are in parts: the parts live as long as the program that calls them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { attach, detach, openDeployment } from "../attach.js";
import { bench, bundle, name, pins, quiet, root, unloaded } from "../fixtures/bench.js";
import { type CountingPipeline, program } from "../fixtures/pipelines.js";

for (const hook of ["auto", "clsact"] as const) {
  test(`an update between whole programs and parts (${hook}) loses no packet, and the parts go with the pipeline`, async () => {
    await using lab = await bench();
    const target = { netns: lab.right.path, dev: "eth0" };
    const options = { root, hook, notice: quiet };
    await attach(bundle({ split: true }), target, options);
    const flood = lab.left.run(["ping", "-q", "-i", "0.005", "-c", "200", "-W", "1", "10.0.0.2"]);
    for (let version = 0; version < 8; version++)
      await attach(bundle({ split: version % 4 !== 0, step: 1 + (version % 2) }), target, options);
    assert.match((await flood).stdout, /200 received/);
    {
      await using now = openDeployment<CountingPipeline>(name, { root });
      assert.ok((now.map(p => p.block.counts).get(0) ?? 0n) >= 200n);
    }
    // the same bundle for one more target: programs and parts are carried over
    await attach(bundle({ split: true, step: 2 }), { netns: lab.left.path, dev: "eth0" }, options);
    const after = await lab.left.run(["ping", "-q", "-i", "0.005", "-c", "20", "-W", "1", "10.0.0.2"]);
    assert.match(after.stdout, /20 received/);
    await detach(name, { root });
    assert.equal(pins(), []);
    await unloaded(`${program("ingress")}_2`.slice(0, 15));
  });
}

test.run();

import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Lab } from "../test/lab/lab.js";
import { attach, detach } from "./attach.js";
import { status } from "./deployment/status.js";
import { countingBundle, program, temporaryFolder } from "./fixtures/pipelines.js";

const root = `/sys/fs/bpf/datapath-test-${process.pid}`;

interface Fixture {
  readonly block: {
    readonly counts: { readonly "~kv"?: readonly [number, bigint] };
    readonly drop: { readonly value: number };
  };
}

const quiet = (): void => {};

for (const [hooks, hook] of [
  [["xdp"], "auto"],
  [["ingress", "egress"], "auto"],
  [["ingress", "egress"], "clsact"],
] as const) {
  test(`${hooks.join(" and ")} (${hook}): attached, counted, dropped by a setting, detached`, async () => {
    await using lab = await Lab.pair();
    using folder = temporaryFolder();
    const name = `count-${process.pid}`;
    countingBundle(folder.path, { name, hooks });
    const target = { netns: lab.right.path, dev: "eth0" };
    await using deployment = await attach<Fixture>(folder.path, target, { root, hook, notice: quiet });
    try {
      assert.is(await lab.left.pings("10.0.0.2"), true);
      const counts = deployment.map(p => p.block.counts);
      assert.ok((counts.get(0) ?? 0n) > 0n);
      assert.is(counts.size, 16);
      deployment.set(p => p.block.drop, 1);
      assert.is(await lab.left.pings("10.0.0.2"), false);
      deployment.set(p => p.block.drop, 0);
      assert.is(await lab.left.pings("10.0.0.2"), true);
      const [found] = status(name, root);
      assert.equal(
        found?.targets[0]?.hooks.map(one => [one.hook, one.state, one.mechanism]),
        hooks.map(one => [one, "attached", one === "xdp" ? "xdp" : hook === "clsact" ? "clsact" : "tcx"]),
      );
    } finally {
      await detach(name, { root });
    }
    assert.is(existsSync(join(root, name)), false);
    assert.is(existsSync(root), false);
    const left = await lab.right.run(["sh", "-c", "tc qdisc show dev eth0; bpftool net show dev eth0; ip link show eth0"]);
    assert.not.match(left.stdout, new RegExp(`clsact|${program("ingress")}|prog/xdp`));
  });
}

test.run();

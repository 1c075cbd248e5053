/** The commands on a pipeline that runs, between two namespaces. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Lab } from "../../test/lab/lab.js";
import { dp } from "../fixtures/dp.js";
import { countingBundle, temporaryFolder } from "../fixtures/pipelines.js";

/** Runs it with `--json`; the exit code must be the one that is expected. */
async function json(code: number, ...args: readonly string[]): Promise<ReturnType<typeof JSON.parse>> {
  const result = await dp(...args, "--json");
  assert.is(result.code, code, result.out + result.err);
  assert.is(result.err, "");
  return JSON.parse(result.out);
}

test("attach, status, set, map and detach, from the first packet to nothing left", async () => {
  await using lab = await Lab.pair();
  using folder = temporaryFolder();
  const name = `live-${process.pid}`;
  const target = ["--netns", lab.right.path, "--dev", "eth0"];
  countingBundle(folder.path, { name, hooks: ["ingress"] });
  try {
    const attached = await json(0, "attach", folder.path, ...target, "--set", "block.step=3");
    assert.is(attached.updated, false);
    assert.equal(attached.deployment.targets[0].params, { "block.step": "3" });
    assert.is(await lab.left.pings("10.0.0.2"), true);

    const status = await dp("status", name);
    assert.match(status.out, new RegExp(`^${name} {2}generation 1`));
    assert.match(status.out, /ingress {2}tcx, program \d+, \d+ instructions/);

    const { value } = await json(0, "map", "get", name, "block.counts", "0");
    assert.ok(BigInt(value) >= 3n && BigInt(value) % 3n === 0n, value);
    assert.equal(await json(0, "map", "set", name, "block.counts", "5", "0xff"), { ok: true, key: 5, value: "255" });
    assert.match((await dp("map", "dump", name, "block.counts")).out, /^5 +255$/m);
    assert.equal(
      (await json(0, "map", "list", name)).maps.map((map: { path: string }) => map.path),
      ["block.counts"],
    );

    assert.is((await dp("set", name, "block.drop=1")).code, 0);
    assert.is(await lab.left.pings("10.0.0.2"), false);
    assert.is((await json(0, "status", name)).deployments[0].settings["block.drop"], "1");

    const updated = await json(0, "attach", folder.path, ...target);
    assert.is(updated.updated, true);
    assert.is((await json(0, "map", "get", name, "block.counts", "5")).value, "255");

    assert.is((await dp("detach", name, ...target)).out, `${name} is detached from ${lab.right.path}:eth0\n`);
  } finally {
    await dp("detach", name);
  }
  assert.is(existsSync(`/sys/fs/bpf/datapath/${name}`), false);
});

test("a sweep deletes what has expired and says how much", async () => {
  await using lab = await Lab.pair();
  using folder = temporaryFolder();
  const name = `sweep-${process.pid}`;
  countingBundle(folder.path, { name, hooks: ["ingress"], extra: true, aged: true });
  try {
    await json(0, "attach", folder.path, "--netns", lab.right.path, "--dev", "eth0");
    const now = process.hrtime.bigint();
    for (const key of [1, 2, 3]) await json(0, "map", "set", name, "extra", `${key}`, `${now - 1n}`);
    await json(0, "map", "set", name, "extra", "4", `${now + 3_600_000_000_000n}`);
    const { maps } = await json(0, "map", "sweep", name);
    assert.is(maps.length, 1);
    const { path, examined, deleted, restored } = maps[0];
    assert.equal({ path, examined, deleted, restored }, { path: "extra", examined: 4, deleted: 3, restored: 0 });
    assert.match((await dp("map", "sweep", name)).out, /^extra +0 deleted +of 1 +in [\d.]+ ms\n$/);
  } finally {
    await dp("detach", name);
  }
});

test("what is wrong is said with its code, and nothing is left", async () => {
  await using lab = await Lab.pair();
  using folder = temporaryFolder();
  const name = `wrong-${process.pid}`;
  countingBundle(folder.path, { name, hooks: ["ingress"] });
  const target = ["--netns", lab.right.path, "--dev", "eth0"];
  const cases: readonly (readonly [code: number, diagnostic: string | undefined, args: readonly string[]])[] = [
    [2, undefined, ["attach", folder.path]],
    [2, undefined, ["attach", folder.path, "--netns", lab.right.path]],
    [2, undefined, ["attach", folder.path, ...target, "--set", "block.step"]],
    [2, undefined, ["attach", folder.path, ...target, "--hook", "tcx"]],
    [1, "DP7001", ["attach", folder.path, "--netns", lab.right.path, "--dev", "nosuch0"]],
    [1, "DP7002", ["attach", folder.path, "--netns", "/run/netns/no-such", "--dev", "eth0"]],
    [1, "DP6005", ["attach", folder.path, ...target, "--set", "block.stop=1"]],
    [1, "DP6006", ["attach", folder.path, ...target, "--set", "block.step=1001"]],
    [1, "DP6001", ["attach", join(folder.path, "nothing"), ...target]],
    [1, "DP7005", ["detach", name]],
    [1, "DP7005", ["status", name]],
    [1, "DP7005", ["set", name, "block.drop=1"]],
    [2, undefined, ["set", name]],
    [2, undefined, ["map", "dmp", name]],
    [2, undefined, ["map"]],
    [1, "DP7005", ["map", "sweep", name]],
  ];
  for (const [code, diagnostic, args] of cases) {
    const { error } = await json(code, ...args);
    assert.is(error.code, diagnostic, args.join(" "));
    assert.ok(error.hint, `${args.join(" ")}: ${error.message}`);
  }
  assert.is(existsSync(`/sys/fs/bpf/datapath/${name}`), false);
});

test.run();

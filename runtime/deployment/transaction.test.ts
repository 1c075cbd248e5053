import { test } from "uvu";
import * as assert from "uvu/assert";
import { attach, detach, openDeployment } from "../attach.js";
import { bench, bundle, name, pins, quiet, refused, root, unloaded } from "../fixtures/bench.js";
import { type CountingPipeline, program } from "../fixtures/pipelines.js";
import { status } from "./status.js";
import { list } from "./tree.js";

for (const hook of ["auto", "clsact"] as const) {
  for (const hooks of [["xdp"], ["ingress", "egress"]] as const) {
    test(`an update of ${hooks} (${hook}) swaps programs, keeps entries and settings, and loses no packet`, async () => {
      await using lab = await bench();
      const target = { netns: lab.right.path, dev: "eth0" };
      const options = { root, hook, notice: quiet };
      const first = await attach<CountingPipeline>(bundle({ hooks }), target, options);
      first.map(p => p.block.counts).set(9, 12345n);
      const flood = lab.left.run(["ping", "-q", "-i", "0.005", "-c", "200", "-W", "1", "10.0.0.2"]);
      const before = status(name, root)[0]?.targets[0]?.hooks.map(one => one.program);
      for (let version = 2; version < 12; version++) await attach(bundle({ hooks, step: 2 + (version % 2) }), target, options);
      assert.match((await flood).stdout, /200 received/);
      const [after] = status(name, root);
      assert.is(after?.generation, 11);
      assert.not.equal(
        after?.targets[0]?.hooks.map(one => one.program),
        before,
      );
      assert.ok(after?.targets[0]?.hooks.every(one => one.state === "attached"));
      await using second = openDeployment<CountingPipeline>(name, { root });
      assert.is(second.map(p => p.block.counts).get(9), 12345n);
      const generations = list(`${root}/${name}`).filter(entry => entry.startsWith("g"));
      assert.is(generations.length, 2, "the current one and the one before");
    });
  }
}

test("a handle goes on over updates by others, and says when it was detached", async () => {
  await using lab = await bench();
  const target = { netns: lab.right.path, dev: "eth0" };
  const options = { root, notice: quiet };
  await using handle = await attach<CountingPipeline>(bundle({}), target, options);
  for (let version = 0; version < 4; version++) await attach(bundle({ extra: version % 2 === 0, step: version }), target, options);
  await attach(bundle({ extra: true }), target, options);
  assert.is(handle.mapByPath("extra").size, 0);
  handle.set(p => p.block.drop, 1);
  assert.equal(status(name, root)[0]?.settings, { "block.drop": 1n });
  await detach(name, { root });
  await refused(
    "DP7005",
    Promise.resolve().then(() => handle.map(p => p.block.counts)),
  );
});

test("maps and hooks come and go with the versions", async () => {
  await using lab = await bench();
  const target = { netns: lab.right.path, dev: "eth0" };
  const options = { root, notice: quiet };
  await attach(bundle({ hooks: ["ingress"] }), target, options);
  await using more = await attach(bundle({ hooks: ["ingress", "egress", "xdp"], extra: true }), target, options);
  assert.equal(
    status(name, root)[0]?.targets[0]?.hooks.map(one => [one.hook, one.state]),
    [
      ["xdp", "attached"],
      ["ingress", "attached"],
      ["egress", "attached"],
    ],
  );
  assert.is(more.mapByPath("extra").size, 0);
  await attach(bundle({ hooks: ["egress"] }), target, options);
  assert.equal(
    status(name, root)[0]?.targets[0]?.hooks.map(one => [one.hook, one.state]),
    [["egress", "attached"]],
  );
  assert.equal(list(`${root}/${name}/links`).length, 1);
  // The generation before keeps its programs until the next update.
  await attach(bundle({ hooks: ["egress"] }), target, options);
  await unloaded(program("xdp"));
  await unloaded(program("ingress"));
});

test("a map whose layout changed is refused, nothing changes, and it is begun anew when asked for", async () => {
  await using lab = await bench();
  const target = { netns: lab.right.path, dev: "eth0" };
  const options = { root, notice: quiet };
  await using first = await attach<CountingPipeline>(bundle({}), target, options);
  first.map(p => p.block.counts).set(3, 77n);
  const before = pins();
  const error = await refused("DP7006", attach(bundle({ entries: 32 }), target, options));
  assert.match(error.message, /block\.counts \(maxEntries was 16 and is to be 32\)/);
  assert.match(error.hint, /--reset-map block\.counts/);
  assert.equal(pins(), before);
  await using second = await attach<CountingPipeline>(bundle({ entries: 32 }), target, { ...options, resetMaps: ["block.counts"] });
  assert.is(second.map(p => p.block.counts).get(3), 0n);
  assert.is(second.map(p => p.block.counts).size, 32);
});

test("params are fixed at attach, settings live, and a value that was set outlives an update", async () => {
  await using lab = await bench();
  const target = { netns: lab.right.path, dev: "eth0" };
  const options = { root, notice: quiet };
  await using first = await attach<CountingPipeline>(bundle({}), target, { ...options, set: { "block.step": "100" } });
  await lab.left.pings("10.0.0.2");
  const counted = first.map(p => p.block.counts).get(0) ?? 0n;
  assert.ok(counted > 0n && counted % 100n === 0n, `${counted}`);
  first.set(p => p.block.drop, 1);
  await attach(bundle({ step: 7 }), target, options);
  assert.equal(status(name, root)[0]?.settings, { "block.drop": 1n });
  assert.equal(status(name, root)[0]?.targets[0]?.params, { "block.step": 7n });
  await attach(bundle({ step: 7 }), target, { ...options, set: { "block.drop": 0 } });
  assert.equal(status(name, root)[0]?.settings, { "block.drop": 0n });
  assert.match(
    (
      await refused(
        "DP6005",
        Promise.resolve().then(() => first.setByPath("block.step", 1)),
      )
    ).hint,
    /attach again with --set block\.step=1/,
  );
  await refused(
    "DP6006",
    Promise.resolve().then(() => first.setByPath("block.drop", 2)),
  );
});

test("drops go on being counted under their reasons, wherever a new version has them", async () => {
  await using lab = await bench();
  const target = { netns: lab.right.path, dev: "eth0" };
  const options = { root, notice: quiet };
  await using first = await attach(bundle({ reasons: ["short", "denied"] }), target, options);
  for (let i = 0; i < 3; i++) await lab.left.pings("10.0.0.2");
  const counts = (handle: typeof first): unknown[] =>
    [...handle.mapByPath(":drops")].map(entry => (Array.isArray(entry) ? entry[1] : undefined));
  const [short = 0n, denied, aborted] = counts(first);
  assert.ok(typeof short === "bigint" && short >= 3n && denied === short && aborted === 0n);
  await lab.right.ip("link", "set", "eth0", "down"); // no packet more
  await using second = await attach(bundle({ reasons: ["expired", "denied", "short", "denied"] }), target, options);
  const [, one, two, three] = counts(second);
  assert.ok(typeof one === "bigint" && one >= short && one === two);
  assert.ok(typeof three === "bigint" && three < short, "a second place of the same reason is new");
});

test("two targets share the pipeline's maps, and each can go by itself", async () => {
  await using lab = await bench();
  const options = { root, notice: quiet };
  const [left, right] = [
    { netns: lab.left.path, dev: "eth0" },
    { netns: lab.right.path, dev: "eth0" },
  ];
  await attach(bundle({ hooks: ["ingress"] }), left, options);
  await using both = await attach<CountingPipeline>(bundle({ hooks: ["ingress"] }), right, options);
  const [found] = status(name, root);
  assert.is(found?.targets.length, 2);
  const programs = found?.targets.map(target => target.hooks[0]?.program);
  assert.is(programs?.[0], programs?.[1], "one program serves both");
  await lab.left.pings("10.0.0.2");
  assert.ok((both.map(p => p.block.counts).get(0) ?? 0n) >= 2n);
  await attach(bundle({ hooks: ["ingress"], step: 5 }), left, options);
  assert.ok(status(name, root)[0]?.targets.every(target => target.params["block.step"] === 5n && target.hooks[0]?.state === "attached"));
  assert.equal(await detach(name, { root, target: left }), [`${lab.left.path}:eth0`]);
  assert.is(status(name, root)[0]?.targets.length, 1);
  const counted = both.map(p => p.block.counts).get(0) ?? 0n;
  await lab.left.pings("10.0.0.2");
  const requests = (both.map(p => p.block.counts).get(0) ?? 0n) - counted;
  assert.ok(requests > 0n && requests < 20n, "only the right one counts, in steps of 5");
  await refused("DP7005", detach(name, { root, target: left }));
});

test("pipelines share a map by name, as long as one of them uses it", async () => {
  await using lab = await bench();
  const target = { netns: lab.right.path, dev: "eth0" };
  const options = { root, notice: quiet };
  const other = `other-${process.pid}`;
  await using one = await attach<CountingPipeline>(bundle({ shared: "totals" }), target, options);
  one.map(p => p.block.counts).set(5, 55n);
  await using two = await attach<CountingPipeline>(bundle({ name: other, hooks: ["egress"], shared: "totals" }), target, options);
  assert.is(two.map(p => p.block.counts).get(5), 55n);
  const clash = await refused(
    "DP7006",
    attach(bundle({ name: `third-${process.pid}`, hooks: ["egress"], shared: "totals", entries: 8 }), target, options),
  );
  assert.match(clash.message, new RegExp(`shared as "totals" with (${name}, ${other}|${other}, ${name})`));
  await detach(name, { root });
  await using again = await attach<CountingPipeline>(bundle({ shared: "totals" }), target, options);
  assert.is(again.map(p => p.block.counts).get(5), 55n);
  await detach(name, { root });
  await attach(bundle({ name: other, hooks: ["egress"] }), target, options);
  assert.equal(
    pins().filter(path => path.includes("_shared")),
    [],
  );
});

test.run();

import { lstatSync, readdirSync, symlinkSync, unlinkSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../../test/lab/command.js";
import { Lab } from "../../test/lab/lab.js";
import type { Namespace } from "../../test/lab/namespace.js";
import { attach, detach, openDeployment } from "../attach.js";
import { DatapathError, type RuntimeErrorCode } from "../errors.js";
import { compile } from "../fixtures/compile.js";
import { type CountingPipeline, countingBundle, type FixtureOptions, temporaryFolder } from "../fixtures/pipelines.js";
import { handleOf } from "../hook/attach.js";
import { Descriptor } from "../native/descriptor.js";
import { native } from "../native/index.js";
import { type FilterPlace, setFilter } from "../network/clsact.js";
import { NetworkNamespace } from "../network/namespace.js";
import { status } from "./status.js";
import { list } from "./tree.js";

const root = `/sys/fs/bpf/datapath-test-${process.pid}`;
const name = `transaction-${process.pid}`;
const quiet = (): void => {};

const folders = new Map<string, ReturnType<typeof temporaryFolder>>();
process.on("exit", () => {
  for (const folder of folders.values()) folder[Symbol.dispose]();
});

/** A bundle of these options, compiled once. */
function bundle(options: Omit<FixtureOptions, "name"> & { name?: string }): string {
  const key = JSON.stringify(options);
  const found = folders.get(key);
  if (found) return found.path;
  const folder = temporaryFolder();
  countingBundle(folder.path, { name, ...options });
  folders.set(key, folder);
  return folder.path;
}

async function refused(code: RuntimeErrorCode, work: Promise<unknown>): Promise<DatapathError> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof DatapathError)) throw error;
    assert.is(error.code, code, error.message);
    return error;
  }
  throw new Error(`${code} was expected, and all went well`);
}

/** The pins of the deployment, by path. */
function pins(): string[] {
  const walk = (path: string): string[] =>
    lstatSync(path, { throwIfNoEntry: false })?.isDirectory()
      ? list(path).flatMap(entry => [`${path}/${entry}`, ...walk(`${path}/${entry}`)])
      : [];
  return walk(root);
}

/** A pair of namespaces and whatever is attached in it, all gone at the end. */
async function bench(): Promise<Awaited<ReturnType<typeof Lab.pair>>> {
  const lab = await Lab.pair();
  const dispose = lab[Symbol.asyncDispose].bind(lab);
  return Object.assign(lab, {
    async [Symbol.asyncDispose](): Promise<void> {
      for (const { pipeline } of status(undefined, root)) await detach(pipeline, { root });
      await dispose();
    },
  });
}

/** Waits until the kernel has let go of all programs of such a name: nothing has them attached or pinned any more. */
async function unloaded(program: string): Promise<void> {
  for (let waited = 0; waited < 50; waited++) {
    if (!new RegExp(`name ${program} `).test((await run(["bpftool", "prog", "show"])).stdout)) return;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error(`${program} is still loaded`);
}

/** A tc program that is not the runtime's. */
async function addForeignFilter(namespace: Namespace, place: Omit<FilterPlace, "ifindex">): Promise<void> {
  const ifindex = await namespace.index("eth0");
  const elf = new (native().ElfObject)(compile(`SEC("tc") int foreign_tc(struct __sk_buff *skb) { return TC_ACT_UNSPEC; }`), "foreign");
  elf.load(0);
  using program = new Descriptor(elf.programFd("foreign_tc"));
  elf.close();
  using inside = NetworkNamespace.open(namespace.path);
  inside.run(() => setFilter({ ifindex, ...place }, program.fd, "foreign", false));
}

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
  await unloaded("fixture_xdp");
  await unloaded("fixture_ingress");
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

test("an occupied XDP hook is refused, naming what holds it", async () => {
  await using lab = await bench();
  const target = { netns: lab.right.path, dev: "eth0" };
  await attach(bundle({ hooks: ["xdp"] }), target, { root, notice: quiet });
  const before = pins();
  const error = await refused(
    "DP7003",
    attach(bundle({ name: `other-${process.pid}`, hooks: ["ingress", "xdp"] }), target, { root, notice: quiet }),
  );
  assert.match(error.message, /program \d+ \(fixture_xdp\)/);
  assert.equal(pins(), before);
  await unloaded("fixture_ingress"); // what was attached first is undone
});

test("a foreign filter at our place is refused and left alone", async () => {
  await using lab = await bench();
  const target = { netns: lab.right.path, dev: "eth0" };
  await lab.right.run(["tc", "qdisc", "add", "dev", "eth0", "clsact"]);
  await addForeignFilter(lab.right, { direction: "ingress", priority: 50_000, handle: handleOf(name) });
  const error = await refused("DP7003", attach(bundle({ hooks: ["egress", "ingress"] }), target, { root, hook: "clsact", notice: quiet }));
  assert.match(error.message, /program \d+ \(foreign_tc\) at priority 50000/);
  assert.equal(pins(), []);
  const { stdout } = await lab.right.run([
    "sh",
    "-c",
    "tc qdisc show dev eth0; tc filter show dev eth0 ingress; tc filter show dev eth0 egress",
  ]);
  assert.match(stdout, /clsact[\s\S]*foreign/);
  assert.not.match(stdout, /fixture/);
});

test("a clsact qdisc that others use stays, with their filters", async () => {
  await using lab = await bench();
  const target = { netns: lab.right.path, dev: "eth0" };
  await attach(bundle({ hooks: ["ingress"] }), target, { root, hook: "clsact", notice: quiet });
  await addForeignFilter(lab.right, { direction: "egress", priority: 10, handle: 1 });
  await detach(name, { root });
  assert.match((await lab.right.run(["tc", "filter", "show", "dev", "eth0", "egress"])).stdout, /foreign/);
  assert.equal(pins(), []);
});

test("a device that goes away is said, and detaching copes", async () => {
  for (const hook of ["auto", "clsact"] as const) {
    await using lab = await bench();
    const target = { netns: lab.right.path, dev: "eth0" };
    await attach(bundle({ hooks: ["ingress", "xdp"] }), target, { root, hook, notice: quiet });
    await lab.right.ip("link", "del", "eth0");
    assert.equal(
      status(name, root)[0]?.targets[0]?.hooks.map(one => one.state),
      ["gone", "gone"],
    );
    await refused("DP7001", attach(bundle({ hooks: ["ingress", "xdp"] }), target, { root, notice: quiet }));
    await detach(name, { root });
    assert.equal(pins(), []);
  }
});

test("a namespace that goes away is said, and detaching copes", async () => {
  await using _all = await bench();
  const lab = await Lab.pair();
  await attach(bundle({ hooks: ["ingress"] }), { netns: lab.right.path, dev: "eth0" }, { root, hook: "clsact", notice: quiet });
  await lab[Symbol.asyncDispose]();
  assert.equal(
    status(name, root)[0]?.targets[0]?.hooks.map(one => one.state),
    ["gone"],
  );
  await detach(name, { root });
  assert.equal(pins(), []);
});

test("wrong targets and names are refused with nothing left behind", async () => {
  await using lab = await bench();
  await refused("DP7001", attach(bundle({}), { netns: lab.right.path, dev: "nosuch0" }, { root }));
  await refused("DP7001", attach(bundle({}), { netns: lab.right.path, dev: "a-name-that-is-far-too-long" }, { root }));
  await refused("DP7002", attach(bundle({}), { netns: "/run/netns/nosuch", dev: "eth0" }, { root }));
  await refused("DP7002", attach(bundle({}), { netns: "/proc/self/ns/uts", dev: "eth0" }, { root }));
  await refused("DP7002", attach(bundle({}), { container: 1 }, { root }));
  await refused("DP7005", detach(name, { root }));
  await refused("DP7005", detach("../..", { root }));
  await refused("DP6006", attach(bundle({}), { netns: lab.right.path, dev: "eth0" }, { root, set: { "block.step": 1001 } }));
  assert.equal(pins(), []);
});

test("what another version recorded is refused, and can be taken off", async () => {
  await using lab = await bench();
  const target = { netns: lab.right.path, dev: "eth0" };
  for (const hook of ["auto", "clsact"] as const) {
    await attach(bundle({}), target, { root, hook, notice: quiet });
    const record = `${root}/${name}/g1/manifest`;
    for (const piece of list(record)) unlinkSync(`${record}/${piece}`);
    symlinkSync("v9 something else", `${record}/0`);
    await refused("DP7013", attach(bundle({}), target, { root, notice: quiet }));
    await detach(name, { root });
    assert.equal(pins(), []);
    assert.not.match((await lab.right.run(["tc", "qdisc", "show", "dev", "eth0"])).stdout, /clsact/);
  }
});

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
  const maps = async (): Promise<number> => (await run(["bpftool", "map", "show"])).stdout.split("block_counts").length;
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

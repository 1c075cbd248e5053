import { symlinkSync, unlinkSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Lab } from "../../test/lab/lab.js";
import type { Namespace } from "../../test/lab/namespace.js";
import { attach, detach } from "../attach.js";
import { bench, bundle, name, pins, quiet, refused, root, unloaded } from "../fixtures/bench.js";
import { compile } from "../fixtures/compile.js";
import { program } from "../fixtures/pipelines.js";
import { handleOf } from "../hook/attach.js";
import { Descriptor } from "../native/descriptor.js";
import { native } from "../native/index.js";
import { type FilterPlace, setFilter } from "../network/clsact.js";
import { NetworkNamespace } from "../network/namespace.js";
import { status } from "./status.js";
import { list } from "./tree.js";

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

test("an occupied XDP hook is refused, naming what holds it", async () => {
  await using lab = await bench();
  const target = { netns: lab.right.path, dev: "eth0" };
  await attach(bundle({ hooks: ["xdp"] }), target, { root, notice: quiet });
  const before = pins();
  const error = await refused(
    "DP7003",
    attach(bundle({ name: `other-${process.pid}`, hooks: ["ingress", "xdp"] }), target, { root, notice: quiet }),
  );
  assert.match(error.message, new RegExp(`program \\d+ \\(${program("xdp")}\\)`));
  assert.equal(pins(), before);
  await unloaded(program("ingress")); // what was attached first is undone
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
  assert.not.match(stdout, new RegExp(program("egress")));
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

test.run();

import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Lab } from "../../test/lab/lab.js";
import { Server } from "../../test/lab/server.js";
import { attach, detach } from "../attach.js";
import { DatapathError } from "../errors.js";
import { unloaded } from "../fixtures/bench.js";
import { countingBundle, program, temporaryFolder } from "../fixtures/pipelines.js";
import { replaceAll } from "../hook/attachment.js";
import { Descriptor } from "../native/descriptor.js";
import { native } from "../native/index.js";
import { NetworkNamespace } from "../network/namespace.js";
import { openProgram } from "./generation.js";
import { Layout } from "./layout.js";
import { status } from "./status.js";

const root = `/sys/fs/bpf/datapath-recovery-${process.pid}`;
const name = `recovery-${process.pid}`;
const script = fileURLToPath(new URL("../fixtures/restless.ts", import.meta.url));
const kills = Number(process.env.KILLS ?? 7);
const quiet = (): void => {};

for (const hook of ["auto", "clsact"] as const) {
  test(`killed at any point (${hook}), each hook runs one whole program and the next command tidies up`, async () => {
    await using lab = await Lab.pair();
    using one = temporaryFolder();
    using two = temporaryFolder();
    countingBundle(one.path, { name, hooks: ["ingress", "egress", "xdp"], step: 1 });
    countingBundle(two.path, { name, hooks: ["ingress", "egress"], step: 2, extra: true });
    const target = { netns: lab.right.path, dev: "eth0" };
    for (let kill = 0; kill < kills; kill++) {
      const child = await Server.start(
        [process.execPath, "--conditions=datapath", "--import", "tsx", script, root, name, lab.right.path, hook, one.path, two.path],
        { ready: /ready/ },
      );
      await sleep(30 + ((kill * 97) % 250));
      process.kill(child.pid, "SIGKILL");
      while (child.running) await sleep(1);
      assert.is(await lab.left.pings("10.0.0.2"), true, "packets pass, whatever runs");
      for (const { targets, state } of status(name, root)) {
        if (state === "attached") continue; // else a generation was being made
        assert.is(targets.length, 1);
      }
      if (kill % 2 === 0) await attach((kill % 4 === 0 ? one : two).path, target, { root, hook, notice: quiet });
      else await detach(name, { root }).catch(unlessNotAttached);
      for (const { targets, state } of status(name, root)) {
        assert.is(state, "attached");
        assert.ok(targets.every(found => found.hooks.every(one => one.state === "attached")));
      }
    }
    if (status(name, root).length > 0) await detach(name, { root });
    assert.is(existsSync(join(root, name)), false);
    assert.is(existsSync(root), false);
    const { stdout } = await lab.right.run(["tc", "qdisc", "show", "dev", "eth0"]);
    assert.not.match(stdout, /clsact/);
    using inside = NetworkNamespace.open(lab.right.path);
    const index = await lab.right.index("eth0");
    assert.equal(
      inside.run(() => [native().queryXdp(index).program, native().queryTcx(index, 46), native().queryTcx(index, 47)]),
      [0, [], []],
    );
    for (const one of ["ingress", "egress", "xdp"] as const) await unloaded(program(one));
  });
}

/** The child may have been killed in front of its first attach, or in a detach. */
function unlessNotAttached(error: unknown): void {
  if (!(error instanceof DatapathError) || error.code !== "DP7005") throw error;
}

test("a swap that fails at one hook leaves every hook with its old program", async () => {
  await using lab = await Lab.pair();
  using folder = temporaryFolder();
  countingBundle(folder.path, { name, hooks: ["ingress", "egress", "xdp"] });
  const target = { netns: lab.right.path, dev: "eth0" };
  await attach(folder.path, target, { root, notice: quiet });
  try {
    const layout = new Layout(root, name);
    const [before] = status(name, root);
    const id = before?.targets[0]?.id ?? "";
    using ingress = openProgram(layout, 1, id, "ingress");
    using egress = openProgram(layout, 1, id, "egress");
    const place = { device: "eth0", ifindex: 0, position: "device", namespace: 0, namespacePath: "", label: "" } as const;
    const link = (hook: "ingress" | "egress"): { kind: "link"; path: string } => ({ kind: "link", path: layout.link(id, hook) });
    assert.throws(
      () =>
        replaceAll([
          { attachment: link("ingress"), target: place, next: egress.fd, expected: ingress.fd, name },
          { attachment: link("egress"), target: place, next: ingress.fd, expected: ingress.fd, name }, // egress does not run it
        ]),
      /update link 1/,
    );
    assert.equal(status(name, root), [before]);
  } finally {
    await detach(name, { root });
  }
});

test("a program that someone swapped underneath is put right by the next attach", async () => {
  await using lab = await Lab.pair();
  using folder = temporaryFolder();
  countingBundle(folder.path, { name, hooks: ["ingress", "egress"] });
  const target = { netns: lab.right.path, dev: "eth0" };
  await attach(folder.path, target, { root, notice: quiet });
  try {
    const layout = new Layout(root, name);
    const id = status(name, root)[0]?.targets[0]?.id ?? "";
    using ingress = openProgram(layout, 1, id, "ingress");
    using egress = openProgram(layout, 1, id, "egress");
    using link = new Descriptor(native().openPin(layout.link(id, "ingress")));
    native().swapLinks([{ link: link.fd, next: egress.fd, expected: ingress.fd }]);
    assert.equal(
      status(name, root)[0]?.targets[0]?.hooks.map(hook => hook.state),
      ["foreign", "attached"],
    );
    await attach(folder.path, target, { root, notice: quiet });
    assert.equal(
      status(name, root)[0]?.targets[0]?.hooks.map(hook => hook.state),
      ["attached", "attached"],
    );
  } finally {
    await detach(name, { root });
  }
});

test.run();

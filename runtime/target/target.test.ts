import { test } from "uvu";
import * as assert from "uvu/assert";
import { Lab } from "../../test/lab/lab.js";
import { attach, detach } from "../attach.js";
import { loadBundle } from "../bundle/bundle.js";
import { Layout } from "../deployment/layout.js";
import { status } from "../deployment/status.js";
import { makeFolder, removeTree } from "../deployment/tree.js";
import { DatapathError } from "../errors.js";
import { type CountingPipeline, countingBundle, temporaryFolder } from "../fixtures/pipelines.js";
import { attachHook } from "../hook/attach.js";
import { detachAttachment, readAttachment } from "../hook/attachment.js";
import { loadObject } from "../load/object.js";
import { NetworkNamespace } from "../network/namespace.js";
import { attachPoint, resolveTarget } from "./target.js";
import { targetBytes } from "./values.js";

const root = `/sys/fs/bpf/datapath-target-${process.pid}`;
const quiet = (): void => {};

function code(error: unknown): string {
  if (error instanceof DatapathError) return error.code;
  throw error;
}

/** A host and a "container", which is a process in a namespace of its own behind a veth. */
async function container(): Promise<
  Lab & { host: Awaited<ReturnType<Lab["namespace"]>>; inside: Awaited<ReturnType<Lab["namespace"]>>; pid: number }
> {
  const lab = await Lab.create();
  const host = await lab.namespace("host");
  const other = await lab.namespace("other");
  const inside = await lab.namespace("inside");
  // A second pair, so that the right one must be found.
  await lab.connect({ namespace: host, device: "veth0" }, { namespace: other, device: "eth0" });
  await lab.connect(
    { namespace: host, device: "veth1", addresses: ["10.0.0.1/24"] },
    { namespace: inside, device: "eth0", addresses: ["10.0.0.2/24"] },
  );
  const { pid } = await inside.serve(["sh", "-c", "echo inside; exec sleep 1000"], { ready: /inside/ });
  return Object.assign(lab, { host, inside, pid });
}

/** The resolution as a process in the host's namespace sees it. */
async function resolvedIn(path: string, target: Parameters<typeof resolveTarget>[0]): ReturnType<typeof resolveTarget> {
  using namespace = NetworkNamespace.open(path);
  // All of the work for a PID is done before the first wait, so it happens inside.
  return namespace.run(() => resolveTarget(target));
}

test("a container's host veth is found among others, without entering the container", async () => {
  await using lab = await container();
  const found = await resolvedIn(lab.host.path, { container: lab.pid });
  assert.is(found.device, "veth1");
  assert.is(found.ifindex, await lab.host.index("veth1"));
  assert.is(found.position, "host-end");
});

test("a container's directions are swapped at the host's end", async () => {
  await using lab = await container();
  using folder = temporaryFolder();
  const name = `container-${process.pid}`;
  countingBundle(folder.path, { name, hooks: ["ingress"], dropping: true });
  const target = await resolvedIn(lab.host.path, { container: lab.pid });
  assert.is(attachPoint("ingress", target), "egress");
  assert.is(attachPoint("egress", target), "ingress");
  assert.throws(() => attachPoint("xdp", target), /XDP on a veth would cost/);
  // What the container is sent is dropped; what it sends itself still arrives.
  assert.is(await lab.host.pings("10.0.0.2"), true);
  const { manifest, object } = loadBundle(folder.path);
  using loaded = loadObject(object, manifest);
  const path = new Layout(root, name).link(target.id, "ingress");
  makeFolder(root);
  try {
    const program = loaded.programs.get("ingress")?.fd ?? -1;
    attachHook({ hook: "ingress", root, path, program, pipeline: name, target }, { tc: "auto", xdp: "auto", notice: quiet });
    assert.is(await lab.host.pings("10.0.0.2"), false);
    const attachment = readAttachment(path);
    if (attachment) detachAttachment(attachment, target, new Set());
    assert.is(await lab.host.pings("10.0.0.2"), true);
  } finally {
    removeTree(root);
  }
});

test("what is no container is refused", async () => {
  await using lab = await container();
  assert.is(await resolvedIn(lab.host.path, { container: lab.pid, dev: "eth7" }).catch(code), "DP7001");
  assert.is(await resolvedIn(lab.inside.path, { container: lab.pid }).catch(code), "DP7002");
  assert.is(await resolveTarget({ container: 4_194_000 }).catch(code), "DP7002");
  assert.is(await resolveTarget({ container: "nosuch-container" }).catch(code), "DP7002");
});

const wanted = [
  { name: "address", offset: 0, size: 4 },
  { name: "gateway", offset: 4, size: 4 },
  { name: "ifindex", offset: 8, size: 4 },
  { name: "mtu", offset: 12, size: 2 },
  { name: "mac", offset: 16, size: 8 },
  { name: "address6", offset: 24, size: 16 },
] as const;

test("a target's values are read from its device", async () => {
  await using lab = await Lab.pair({ mtu: 1400 });
  await lab.right.ip("link", "set", "eth0", "address", "02:00:00:00:00:09");
  await lab.right.ip("route", "add", "default", "via", "10.0.0.254");
  const target = await resolveTarget({ netns: lab.right.path, dev: "eth0" });
  const bytes = Buffer.from(targetBytes(wanted, 40, target));
  assert.is(bytes.readUInt32LE(0), 0x0a000002);
  assert.is(bytes.readUInt32LE(4), 0x0a0000fe);
  assert.is(bytes.readUInt32LE(8), target.ifindex);
  assert.is(bytes.readUInt16LE(12), 1400);
  assert.is(bytes.readBigUInt64LE(16), 0x020000000009n);
  assert.is(Buffer.from(bytes.subarray(24, 40)).reverse().toString("hex"), "fd000000000000000000000000000002");
  const left = await resolveTarget({ netns: lab.left.path, dev: "eth0" });
  assert.throws(() => targetBytes(wanted, 40, left), /has no gateway/);
});

test("a container's values are its own interface's, but for the index, which is where its packets are met", async () => {
  await using lab = await container();
  await lab.host.ip("link", "set", "veth1", "address", "02:00:00:00:00:01", "mtu", "1490");
  await lab.host.ip("addr", "add", "fd00::1/64", "dev", "veth1");
  await lab.inside.ip("link", "set", "eth0", "address", "02:00:00:00:00:02", "mtu", "1480");
  await lab.inside.ip("addr", "add", "fd00::2/64", "dev", "eth0", "nodad");
  const target = await resolvedIn(lab.host.path, { container: lab.pid });
  assert.throws(() => targetBytes(wanted, 40, target), /container \d+ has no gateway/);
  await lab.inside.ip("route", "add", "default", "via", "10.0.0.1");
  const bytes = Buffer.from(targetBytes(wanted, 40, target));
  assert.is(bytes.readUInt32LE(0), 0x0a000002);
  assert.is(bytes.readUInt32LE(4), 0x0a000001);
  assert.is(bytes.readUInt32LE(8), await lab.host.index("veth1"));
  assert.is(bytes.readUInt16LE(12), 1480);
  assert.is(bytes.readBigUInt64LE(16), 0x020000000002n);
  assert.is(Buffer.from(bytes.subarray(24, 40)).reverse().toString("hex"), "fd000000000000000000000000000002");

  await lab.inside.ip("addr", "flush", "dev", "eth0");
  const [address] = wanted;
  assert.throws(() => targetBytes([address], 4, target), /container \d+ has no address/);
  await lab.host.ip("link", "delete", "veth1");
  assert.throws(() => targetBytes([address], 4, target), /DP7001|index \d+/);
});

test("XDP falls back to the generic path where the driver refuses, and says so", async () => {
  await using lab = await Lab.pair({ mtu: 9000 });
  using folder = temporaryFolder();
  const name = `generic-${process.pid}`;
  countingBundle(folder.path, { name, hooks: ["xdp"] });
  const target = { netns: lab.right.path, dev: "eth0" };
  const notices: string[] = [];
  await using deployment = await attach<CountingPipeline>(folder.path, target, { root, notice: text => notices.push(text) });
  try {
    assert.ok(
      notices.some(text => /generic path, which is slower/.test(text)),
      notices.join("\n"),
    );
    assert.ok(notices.some(text => /unfinished checksums/.test(text)));
    assert.match(await lab.right.ip("link", "show", "eth0"), /xdpgeneric/);
    await lab.left.pings("10.0.0.2");
    assert.ok((deployment.map(p => p.block.counts).get(0) ?? 0n) > 0n);
  } finally {
    await detach(name, { root });
  }
  assert.is(await attach(folder.path, target, { root, xdp: "native", notice: quiet }).then(() => "attached", code), "DP7007");
  assert.equal(status(undefined, root), []);
});

test.run();

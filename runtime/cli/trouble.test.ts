/** What the commands say where something is in the way, or has gone, in namespaces of their own. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../../test/lab/command.js";
import { Lab } from "../../test/lab/lab.js";
import { makeFolder, removeTree } from "../deployment/tree.js";
import { compile } from "../fixtures/compile.js";
import { dp } from "../fixtures/dp.js";
import { countingBundle, type FixtureOptions, temporaryFolder } from "../fixtures/pipelines.js";
import { Descriptor } from "../native/descriptor.js";
import { native } from "../native/index.js";

const name = `trouble-${process.pid}`;
const pins = `/sys/fs/bpf/datapath/${name}`;
const dpFile = fileURLToPath(new URL("../../bin/dp.mjs", import.meta.url));

/** A pipeline's bundle and a pair of namespaces; what is attached is taken off, whatever happened. */
async function bench(options: Omit<FixtureOptions, "name">) {
  const lab = await Lab.pair();
  const folder = temporaryFolder();
  countingBundle(folder.path, { name, ...options });
  return {
    lab,
    bundle: folder.path,
    target: ["--netns", lab.right.path, "--dev", "eth0"],
    async [Symbol.asyncDispose]() {
      await dp("detach", name);
      await lab.remove();
      folder[Symbol.dispose]();
      assert.is(existsSync(pins), false, "nothing stays");
    },
  };
}

/** An XDP program that is not ours, pinned in a folder of its own. */
function foreignProgram(): { readonly path: string; [Symbol.dispose](): void } {
  const folder = `/sys/fs/bpf/foreign-${process.pid}`;
  makeFolder(folder);
  const elf = new (native().ElfObject)(compile(`SEC("xdp") int foreign_xdp(struct xdp_md *ctx) { return XDP_PASS; }`), "foreign");
  elf.load(0);
  using program = new Descriptor(elf.programFd("foreign_xdp"));
  elf.close();
  native().pin(program.fd, join(folder, "program"));
  return { path: join(folder, "program"), [Symbol.dispose]: () => removeTree(folder) };
}

test("an XDP hook that another's program has: it is named, nothing is attached, and the command that is told frees it", async () => {
  await using at = await bench({ hooks: ["ingress", "xdp"] });
  const { right } = at.lab;
  using foreign = foreignProgram();
  for (const mode of ["xdp", "xdpgeneric"]) {
    await right.ip("link", "set", "dev", "eth0", mode, "pinned", foreign.path);
    const { code, out, err } = await dp("attach", at.bundle, ...at.target);
    assert.is(code, 4, err);
    assert.is(out, "");
    assert.match(err, new RegExp(`^error DP7003: .*XDP on ${right.path}:eth0 runs program \\d+ \\(foreign_xdp\\)`));
    assert.is(existsSync(pins), false);
    assert.is((await dp("status", name)).code, 1);
    assert.match(await right.ip("link", "show", "eth0"), /foreign_xdp/, "theirs runs on");

    const [, command = ""] = /if nothing else manages it: (.*)$/m.exec(err) ?? [];
    await run(command.split(" "));
    assert.is((await dp("attach", at.bundle, ...at.target)).code, 0, command);
    assert.is((await dp("detach", name)).code, 0);
  }
});

test("a device that has gone: status says so and how to clean up, and detach does by name or by id", async () => {
  await using at = await bench({ hooks: ["ingress", "xdp"] });
  const { left, right } = at.lab;
  for (const byName of [true, false]) {
    assert.is((await dp("attach", at.bundle, ...at.target)).code, 0);
    await right.ip("link", "del", "eth0");

    const shown = await dp("status", name);
    assert.is(shown.code, 0);
    const [, id = ""] = /the device has gone; what is left here goes with: dp detach \S+ --target (\S+)$/m.exec(shown.out) ?? [];
    assert.match(id, /^t\d+-\d+$/, shown.out);
    const document = JSON.parse((await dp("status", name, "--json")).out);
    assert.is(document.deployments[0].targets[0].present, false);

    const again = await dp("attach", at.bundle, ...at.target);
    assert.is(again.code, 1);
    assert.match(again.err, /DP7001: no such device: "eth0" in/);
    const other = await dp("detach", name, "--netns", right.path, "--dev", "eth9");
    assert.is(other.code, 1, "a device that it never was on");
    assert.match(other.err, /DP7001: no such device: "eth9"/);

    const detached = await dp("detach", name, ...(byName ? at.target : ["--target", id]));
    assert.is(detached.code, 0, detached.err);
    assert.is(detached.out, `${name} is detached from ${right.path}:eth0\n`);
    assert.is(existsSync(pins), false);
    await at.lab.connect({ namespace: left, device: "eth0" }, { namespace: right, device: "eth0" });
  }
});

test("a device that was made anew under its name: attaching takes the new one, and detaching what is left of the old", async () => {
  await using at = await bench({ hooks: ["ingress"] });
  const { left, right } = at.lab;
  assert.is((await dp("attach", at.bundle, ...at.target)).code, 0);
  const targets = async (): Promise<{ ifindex: number; present: boolean }[]> =>
    JSON.parse((await dp("status", name, "--json")).out).deployments[0].targets;
  const [old] = await targets();
  await right.ip("link", "del", "eth0");
  // another takes the index that it had
  await right.ip("link", "add", "aside0", "type", "veth", "peer", "name", "aside1");
  await at.lab.connect({ namespace: left, device: "eth0" }, { namespace: right, device: "eth0" });
  assert.is((await targets())[0]?.present, false);
  assert.is((await dp("detach", name, ...at.target)).code, 0, "by a name that means another device now");
  assert.is(existsSync(pins), false);

  assert.is((await dp("attach", at.bundle, ...at.target)).code, 0);
  const [anew, ...more] = await targets();
  assert.equal(more, []);
  assert.is(anew?.present, true);
  assert.is.not(anew?.ifindex, old?.ifindex);
});

test("a full map refuses a new key and takes a known one", async () => {
  await using at = await bench({ hooks: ["ingress"], extra: true });
  assert.is((await dp("attach", at.bundle, ...at.target)).code, 0);
  for (let key = 0; key < 16; key++) assert.is((await dp("map", "set", name, "extra", `${key}`, "1")).code, 0);
  const { code, out, err } = await dp("map", "set", name, "extra", "16", "1");
  assert.is(code, 4);
  assert.is(out, "");
  assert.match(err, /^error DP6009: the map is full: extra holds at most 16 entries\n {2}hint: delete entries, or raise maxEntries/);
  assert.is((await dp("map", "set", name, "extra", "3", "2")).code, 0);
  assert.is((await dp("map", "get", name, "extra", "16")).code, 1);
  assert.is((await dp("map", "delete", name, "extra", "5")).code, 0);
  assert.is((await dp("map", "set", name, "extra", "16", "1")).code, 0);
});

test("without a BPF file system at its place: what is missing is said, with the command that mends it", async () => {
  await using at = await bench({ hooks: ["ingress"] });
  /** In a process with mounts of its own; `prepare` is done there first. */
  const within = async (
    prepare: string,
    wrapper: readonly string[],
    ...args: readonly string[]
  ): Promise<{ code: number; err: string }> => {
    const shell = ["sh", "-c", `${prepare} && exec "$@"`, "sh", process.execPath, dpFile, ...args];
    const end = await run([...wrapper, ...shell], { mayFail: true });
    assert.is(end.stdout, "", end.stdout);
    return { code: end.code, err: end.stderr };
  };
  const own = ["unshare", "--mount", "--propagation", "private"];
  const attach = ["attach", at.bundle, ...at.target];
  const netns = ["ip", "netns", "exec", at.lab.right.name];
  const cases: readonly (readonly [prepare: string, wrapper: readonly string[], args: readonly string[], said: RegExp])[] = [
    ["mount -t tmpfs none /sys/fs", own, attach, /mount bpf on \/sys\/fs\/bpf: No such file.*\n {2}hint: .*mount -t sysfs sysfs \/sys/],
    [
      "mount -t bpf -o ro none /sys/fs/bpf",
      own,
      attach,
      /EROFS: .*'\/sys\/fs\/bpf\/datapath'\n {2}hint: .*mount -o remount,rw \/sys\/fs\/bpf/,
    ],
    ["true", netns, ["attach", at.bundle, "--dev", "eth0"], /with which a new one would go\n {2}hint: .*--netns PATH --dev DEVICE/],
    ["true", netns, ["status"], /what is attached is not to be seen\n {2}hint: start without `ip netns exec`/],
    ["true", netns, ["detach", name], /what is attached is not to be seen\n {2}hint: start without `ip netns exec`/],
  ];
  for (const [prepare, wrapper, args, said] of cases) {
    const { code, err } = await within(prepare, wrapper, ...args);
    assert.is(code, 3, err);
    assert.match(err, /^error DP7008: the BPF file system cannot be used: /);
    assert.match(err, said);
  }
});

test.run();

import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Lab } from "../../test/lab/lab.js";
import { countingBundle, temporaryFolder } from "../fixtures/pipelines.js";
import { isMounted } from "./filesystem.js";

const script = fileURLToPath(new URL("../fixtures/one-cycle.ts", import.meta.url));

/** Attaches and detaches in a mount namespace of its own, made by `wrapper`, that has no BPF file system. */
async function cycleWithout(lab: Awaited<ReturnType<typeof Lab.pair>>, wrapper: readonly string[]): Promise<{ [name: string]: unknown }> {
  using folder = temporaryFolder();
  countingBundle(folder.path, { name: `mount-${process.pid}`, hooks: ["ingress"] });
  const program = [process.execPath, "--conditions=datapath", "--import", "tsx", script, "/sys/fs/bpf/datapath", "eth0", folder.path];
  const shell = ["sh", "-c", 'umount /sys/fs/bpf 2>/dev/null; exec "$@"', "sh", ...program];
  return JSON.parse((await lab.right.run([...wrapper, ...shell])).stdout);
}

test("the BPF file system is mounted where it is not, and that is said", async () => {
  await using lab = await Lab.pair();
  const { states, notices } = await cycleWithout(lab, ["unshare", "--mount", "--propagation", "private"]);
  assert.equal(states, ["attached"]);
  assert.equal(notices, ["mounted the BPF file system on /sys/fs/bpf"]);
});

test("under `ip netns exec`, where pins would vanish with the process, it is refused with the way to do it", async () => {
  await using lab = await Lab.pair();
  const { code, hint } = await cycleWithout(lab, ["ip", "netns", "exec", lab.right.name]);
  assert.is(code, "DP7008");
  assert.match(String(hint), /--netns PATH --dev DEVICE/);
});

test("what is mounted is told from what is not", () => {
  assert.is(isMounted("/tmp"), false);
  assert.is(isMounted("/nosuch"), false);
});

test.run();

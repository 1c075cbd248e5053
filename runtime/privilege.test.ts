import { chmodSync, chownSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../test/lab/command.js";
import { Lab } from "../test/lab/lab.js";
import { countingBundle, temporaryFolder } from "./fixtures/pipelines.js";

const NOBODY = 65_534;
const script = fileURLToPath(new URL("./fixtures/one-cycle.ts", import.meta.url));

/** What a process of an ordinary user with these capabilities makes of attaching. */
async function cycleAs(capabilities: string, own: boolean): Promise<{ [name: string]: unknown }> {
  await using lab = await Lab.pair();
  using folder = temporaryFolder();
  countingBundle(folder.path, { name: "edge", hooks: ["ingress", "egress", "xdp"] });
  for (const path of [folder.path, ...["manifest.json", "program.o", "program.c"].map(name => join(folder.path, name))])
    chmodSync(path, 0o755);
  const mounted = join(folder.path, "bpf");
  mkdirSync(mounted);
  await run(["mount", "-t", "bpf", "-o", "mode=0755", "bpf", mounted]);
  try {
    const root = join(mounted, "datapath");
    if (own) {
      mkdirSync(root, { mode: 0o700 });
      chownSync(root, NOBODY, NOBODY);
    }
    const rights = [`--inh-caps=-all${capabilities}`, `--ambient-caps=-all${capabilities}`, `--bounding-set=-all${capabilities}`];
    const identity = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", ...rights];
    const program = [process.execPath, "--conditions=datapath", "--import", "tsx", script, root, "eth0", folder.path];
    const { stdout } = await lab.right.run([...identity, ...program], { env: { TSX_DISABLE_CACHE: "1", HOME: "/nonexistent" } });
    if (own) assert.is(existsSync(join(root, "edge")), false);
    return JSON.parse(stdout);
  } finally {
    await run(["umount", mounted]);
  }
}

test("an ordinary user with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON and a folder attaches", async () => {
  const { states, entries } = await cycleAs(",+bpf,+net_admin,+perfmon", true);
  assert.equal({ states, entries }, { states: ["attached", "attached", "attached"], entries: 16 });
});

test("without capabilities it is refused, with what to do", async () => {
  const refusal = await cycleAs("", true);
  assert.is(refusal.code, "DP6011", JSON.stringify(refusal));
  assert.is(refusal.exitCode, 3);
  assert.match(String(refusal.hint), /CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON/);
});

test("without CAP_NET_ADMIN too", async () => {
  assert.is((await cycleAs(",+bpf,+perfmon", true)).exitCode, 3);
});

test("without a folder of its own it is told how to get one", async () => {
  const refusal = await cycleAs(",+bpf,+net_admin,+perfmon", false);
  assert.is(refusal.code, "DP7008", JSON.stringify(refusal));
  assert.match(String(refusal.hint), /mkdir -p .* && chown/);
});

test.run();

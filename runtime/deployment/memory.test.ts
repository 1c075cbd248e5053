import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Lab } from "../../test/lab/lab.js";
import { countingBundle, temporaryFolder } from "../fixtures/pipelines.js";
import { list } from "./tree.js";

const script = fileURLToPath(new URL("../fixtures/one-cycle.ts", import.meta.url));
/** Node takes about 100 MiB, the map 512 MiB. */
const LIMIT = 256 << 20;
const ENTRIES = 64 << 20;

/** A memory cgroup, of whichever version the machine has; undefined where none can be made. */
function memoryGroup(): { readonly processes: string; [Symbol.dispose](): void } | undefined {
  const [one, two] = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"];
  const version = existsSync(`${one}/memory.limit_in_bytes`) ? 1 : 2;
  const folder = `${version === 1 ? one : two}/datapath-test-${process.pid}`;
  try {
    mkdirSync(folder);
    writeFileSync(`${folder}/${version === 1 ? "memory.limit_in_bytes" : "memory.max"}`, `${LIMIT}`);
    return { processes: `${folder}/cgroup.procs`, [Symbol.dispose]: () => rmdirSync(folder) };
  } catch {
    if (existsSync(folder)) rmdirSync(folder);
    return undefined;
  }
}

test("where memory is short it is said, and nothing is left", async () => {
  using group = memoryGroup();
  if (!group) {
    console.log("skipped: no memory cgroup can be made here");
    return;
  }
  await using lab = await Lab.pair();
  using folder = temporaryFolder();
  countingBundle(folder.path, { name: "short", hooks: ["ingress", "xdp"], entries: ENTRIES });
  const root = `/sys/fs/bpf/datapath-memory-${process.pid}`;
  const program = [process.execPath, "--conditions=datapath", "--import", "tsx", script, root, "eth0", folder.path];
  const { stdout } = await lab.right.run(["sh", "-c", 'echo $$ > "$0"; exec "$@"', group.processes, ...program]);
  const outcome: { [name: string]: unknown } = JSON.parse(stdout);
  assert.is(outcome.code, "DP6015", stdout);
  assert.is(outcome.exitCode, 4);
  assert.match(String(outcome.message), /counts_/);
  assert.equal(list(root), []);
  assert.is(existsSync(root), false);
  assert.not.match(await lab.right.ip("link", "show", "eth0"), /xdp/);
});

test.run();

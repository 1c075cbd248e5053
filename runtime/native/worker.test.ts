import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";

/** A process whose worker runs a module until it posts a message, and is ended then. */
const parent = (module: string): string => `
  const { Worker } = await import("node:worker_threads");
  const code = 'import("tsx/esm/api").then(tsx => { tsx.register(); return import(${JSON.stringify(module)}); })';
  const worker = new Worker(code, { eval: true });
  worker.on("error", error => { console.error(error); process.exit(1); });
  worker.on("message", async message => {
    await worker.terminate();
    console.log("ended after", typeof message.value);
  });
`;

test("a worker can end while it watches a ring", () => {
  const module = new URL("../fixtures/watched-ring.ts", import.meta.url).href;
  const args = ["--conditions=datapath", "--import", "tsx", "--input-type=module", "--eval", parent(module)];
  const run = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000, cwd: new URL("../..", import.meta.url) });
  assert.is(run.signal, null, run.stderr);
  assert.is(run.status, 0, run.stderr);
  assert.is(run.stdout.trim(), "ended after bigint");
});

test.run();

/** Runs the tests of blocks and examples on this machine, each session with the kernel recorded. */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../lab/command.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Fills the folder; gives the tests that failed. */
export async function record(folder: string, report: (text: string) => void): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true });
  const failed: string[] = [];
  for (const file of [...testsIn("blocks"), ...testsIn("examples")]) {
    const environment = { DATAPATH_RECORD: folder, DATAPATH_KERNEL: "required" };
    // on one processor, so that what per-CPU maps hold is in one slot
    const command = ["taskset", "--cpu-list", "0", process.execPath, "--conditions=datapath", "--import", "tsx", file];
    const result = await run(command, { cwd: root, env: environment, timeout: 600_000, mayFail: true });
    if (result.code === 0) continue;
    failed.push(file);
    report(`${file} failed here:\n${`${result.stdout}${result.stderr}`.split("\n").slice(-30).join("\n")}`);
  }
  return failed;
}

/** Tests that run pipelines: beside a `.dp.ts` file, not those of a block's own parts. */
function testsIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join(root, folder, name)).map(file => join(folder, name, file)))
    .filter(file => file.endsWith(".test.ts"));
}

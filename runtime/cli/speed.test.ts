/** What costs nothing costs nothing: a build of something unchanged is the start of Node and little more. */
// test: serial, timeout 240
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const root = fileURLToPath(new URL("../..", import.meta.url));
const rounds = 15;

test("`dp build` of something unchanged takes at most twice the time of `node -e 0`", () => {
  const folder = mkdtempSync(join(tmpdir(), "datapath-speed-"));
  try {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "speed", type: "module" }));
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules/datapath"));
    writeFileSync(
      join(folder, "edge.dp.ts"),
      `import { Pipeline, type TcPacket, Verdict } from "datapath";
export default class Edge extends Pipeline {
  override ingress(pkt: TcPacket): Verdict {
    return pkt.length > 1500 ? Verdict.drop("long") : Verdict.Pass;
  }
}
`,
    );
    const env = { ...process.env, XDG_CACHE_HOME: join(folder, "cache") };
    const time = (args: readonly string[], expected: string): number => {
      const started = performance.now();
      const done = spawnSync(process.execPath, args, { cwd: folder, env, encoding: "utf8" });
      assert.match(done.stdout, expected, done.stderr);
      return performance.now() - started;
    };
    const build = [join(root, "bin/dp.mjs"), "build", "edge.dp.ts"];
    time(build, "is built");

    // Interleaved, and the best of each: what else the machine does is in neither.
    let quickest = Number.POSITIVE_INFINITY;
    let floor = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds; round++) {
      quickest = Math.min(quickest, time(build, "is up to date"));
      floor = Math.min(floor, time(["-e", "0"], ""));
    }
    assert.ok(quickest <= 2 * floor, `${quickest.toFixed(1)} ms against ${floor.toFixed(1)} ms`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();

/** A build of something unchanged loads no compiler and starts no other process; `npm run bench` says what it costs. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("`dp build` of something unchanged starts no compiler", () => {
  const folder = mkdtempSync(join(tmpdir(), "datapath-unchanged-"));
  try {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "unchanged", type: "module" }));
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
    // Told of every module that Node loads: the compiler's and tsx would be among them.
    const told = join(folder, "told.mjs");
    writeFileSync(
      told,
      `import { register } from "node:module";
register("data:text/javascript," + encodeURIComponent('export async function load(url, context, next) { process._rawDebug("loads " + url); return next(url, context); }'));
`,
    );
    const build = (changes: NodeJS.ProcessEnv, ...flags: string[]) =>
      spawnSync(process.execPath, [...flags, join(root, "bin/dp.mjs"), "build", "edge.dp.ts"], {
        cwd: folder,
        env: { ...env, ...changes },
        encoding: "utf8",
      });
    const first = build({});
    assert.match(first.stdout, "is built", first.stderr);
    const again = build({ PATH: "/nonexistent" }, "--import", told);
    assert.match(again.stdout, "is up to date", again.stderr);
    assert.match(again.stderr, /loads \S+bin\/dp\.mjs/);
    assert.not.match(again.stderr, /loads \S*(tsx|ts-morph|runtime\/cli|codegen\/compile)/);

    writeFileSync(join(folder, "edge.dp.ts"), `${readFileSync(join(folder, "edge.dp.ts"), "utf8")}// changed\n`);
    assert.match(build({}).stdout, "is built");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();

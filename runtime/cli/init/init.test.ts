/** What `dp init` makes works: it type-checks with stock tsc, its tests pass, and it has the house's format. */
// test: timeout 240
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UsageError } from "../command-error.js";
import { projectName } from "./names.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const dp = join(root, "bin/dp.mjs");

/** A project as `dp init` leaves it, with the packages that `npm install` would put there. */
async function withProject(args: readonly string[], use: (folder: string) => void): Promise<void> {
  const parent = mkdtempSync(join(tmpdir(), "datapath-init-"));
  try {
    const made = spawnSync(process.execPath, [dp, "init", ...args], { cwd: parent, encoding: "utf8" });
    assert.is(made.status, 0, made.stderr);
    const folder = join(parent, args.at(-1) ?? "");
    mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
    symlinkSync(root, join(folder, "node_modules/datapath"));
    for (const name of ["tsx", "typescript", "@types/node"])
      symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
    use(folder);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

function run(folder: string, command: readonly string[]): string {
  const [program = "", ...args] = command;
  const done = spawnSync(program, args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, PATH: `${root}/node_modules/.bin:${process.env.PATH}` },
  });
  assert.is(done.status, 0, `${command.join(" ")}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

for (const [what, args] of [
  ["a pipeline", ["front-door"]],
  ["a block", ["--block", "near-only", "near-only"]],
] as const) {
  test(`${what}: type-checks, and its tests pass`, async () => {
    await withProject(args, folder => {
      run(folder, ["tsc", "--noEmit"]);
      const output = run(folder, ["npm", "test", "--silent"]);
      assert.match(output, /^(?:#|ℹ) fail 0$/m);
      assert.not.match(output, /^(?:#|ℹ) pass 0$/m);
      const sources = readdirSync(folder, { recursive: true })
        .map(String)
        .filter(path => path.endsWith(".ts") && !path.startsWith("node_modules"));
      run(folder, ["biome", "check", "--error-on-warnings", `--config-path=${root}`, "--vcs-enabled=false", ...sources]);
    });
  });
}

test("a block's package gives its source to the compiler and its JavaScript to Node", async () => {
  await withProject(["--block", "near-only", "near-only"], folder => {
    run(folder, ["npm", "run", "build", "--silent"]);
    const { name, exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    assert.is(name, "datapath-near-only");
    for (const path of Object.values<string>(exports["."])) assert.ok(readFileSync(join(folder, path), "utf8").includes("NearOnly"), path);
  });
});

test("names are made from what the user gave", () => {
  assert.equal(projectName("MssClamp"), { kebab: "mss-clamp", pascal: "MssClamp" });
  assert.equal(projectName("my edge_2"), { kebab: "my-edge-2", pascal: "MyEdge2" });
  assert.equal(projectName("9lives"), { kebab: "lives", pascal: "Lives" });
  assert.throws(
    () => projectName("42"),
    (error: unknown) => error instanceof UsageError,
  );
});

test.run();

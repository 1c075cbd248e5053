import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { root } from "./read-imports.js";

interface Judgement {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly why?: string;
}

/** What the runner makes of a test file that printed `output` and ended with `code`. */
function judge(output: string, code: number | undefined, timedOut = false): Judgement {
  const task = JSON.stringify({ output, code, timedOut, milliseconds: 1000 });
  const script = `const { judge } = await import("./scripts/test/summary.mjs"); console.log(JSON.stringify(judge(${task})));`;
  const done = spawnSync(process.execPath, ["--input-type=module", "-e", script], { cwd: root, encoding: "utf8" });
  assert.is(done.status, 0, done.stderr);
  return JSON.parse(done.stdout);
}

const uvu = (total: number, passed: number, skipped: number): string =>
  `• •   (${passed} / ${total})\n\n  Total:     ${total}\n  Passed:    ${passed}\n  Skipped:   ${skipped}\n  Duration:  1.00ms\n\n`;
const node = (total: number, pass: number, fail: number, skipped: number): string =>
  `# tests ${total}\n# suites 0\n# pass ${pass}\n# fail ${fail}\n# cancelled 0\n# skipped ${skipped}\n# todo 0\n# duration_ms 5\n`;

test("tests are counted as the file says", () => {
  assert.equal(judge(uvu(5, 5, 1), 0), { passed: 5, failed: 0, skipped: 1 });
  assert.equal(judge(uvu(5, 3, 0), 1), { passed: 3, failed: 2, skipped: 0 });
  assert.equal(judge(node(4, 3, 0, 1), 0), { passed: 3, failed: 0, skipped: 1 });
  assert.equal(judge(node(4, 2, 2, 0), 1), { passed: 2, failed: 2, skipped: 0 });
});

test("a file that ran no test has failed, though it ended well", () => {
  assert.equal(judge("", 0), { passed: 0, failed: 1, skipped: 0, why: "ran no test: does it end with test.run()?" });
  assert.is(judge(uvu(0, 0, 0), 0).failed, 1);
});

test("a file that crashed has failed", () => {
  assert.equal(judge("SyntaxError", 1), { passed: 0, failed: 1, skipped: 0, why: "ended before its tests were counted" });
  assert.is(judge(uvu(2, 2, 0), 1).failed, 1);
  assert.is(judge(uvu(2, 2, 0), undefined).failed, 1);
});

test("a file that did not end in time has failed, whatever passed before", () => {
  assert.equal(judge(uvu(2, 2, 0), 0, true), { passed: 2, failed: 1, skipped: 0, why: "did not end within 1 s" });
});

test("set-up with nothing missing does nothing, in under a second", () => {
  // The best of three: what else the machine does is not the set-up's.
  const times = [1, 2, 3].map(() => {
    const started = performance.now();
    const done = spawnSync(process.execPath, [join(root, "scripts/setup.mjs")], { encoding: "utf8" });
    assert.is(done.status, 0, done.stderr);
    assert.is(done.stdout, "");
    return performance.now() - started;
  });
  assert.ok(Math.min(...times) < 1000, `${times}`);
});

/** Runs the set-up as a user who is not root, on a machine where only `commands` are found. */
function setUpWith(commands: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const script = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const { accessSync } = fs;
    fs.accessSync = (path, mode) => {
      if (!${JSON.stringify(commands)}.some(name => path.endsWith("/" + name))) throw new Error("not here");
      accessSync(path, mode);
    };
    syncBuiltinESMExports();
    process.getuid = () => 1000;
    const { setUp } = await import("./scripts/setup.mjs");
    setUp();`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", script], { cwd: root, encoding: "utf8" });
}

test("set-up that may not install prints the one command that does, and exits 3", () => {
  const { status, stdout, stderr } = setUpWith(["apt-get", "apt-cache"]);
  assert.is(status, 3);
  assert.is(stdout, "");
  const command = stderr.split("\n").find(line => line.includes("apt-get install -y")) ?? "";
  for (const name of ["g++", "make", "python3", "pkg-config", "clang-", "llvm-", "tcpdump"]) assert.ok(command.includes(` ${name}`), name);
});

test("set-up on a system without apt names what is missing, and exits 3", () => {
  const { status, stderr } = setUpWith([]);
  assert.is(status, 3);
  assert.match(stderr, "there is no apt-get here");
});

test.run();

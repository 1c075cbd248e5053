import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { writeRecord } from "./record.js";

const dp = fileURLToPath(new URL("../../bin/dp.mjs", import.meta.url));
const { version }: { version: string } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

interface Context {
  folder: string;
  source: string;
}
const test = suite<Context>("the record of a build");

test.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), "datapath-record-"));
  context.source = join(context.folder, "edge.dp.ts");
  process.env.XDG_CACHE_HOME = join(context.folder, "cache");
  writeFileSync(context.source, "export {};\n");
  mkdirSync(join(context.folder, "data"));
  writeFileSync(join(context.folder, "data/a"), "a");
  writeFileSync(join(context.folder, "clang"), "a tool");
  writeRecord({
    source: context.source,
    bundle: join(context.folder, "edge.dpo"),
    options: "{}",
    datapath: version,
    files: [context.source, join(context.folder, "data")],
    tools: [join(context.folder, "clang")],
    absent: [join(context.folder, "tsconfig.json")],
    environment: new Map([
      ["DP_TEST_SET", "1"],
      ["DP_TEST_UNSET", undefined],
    ]),
    said: "edge.dp.ts:1:1 - warning: it was said once\n",
    document: { bundle: "edge.dpo" },
  });
});
test.after.each(context => rmSync(context.folder, { recursive: true, force: true }));

/** What `dp build` answers without the compiler; undefined where it would have to start it. */
function answer(context: Context, args: readonly string[] = [], environment: NodeJS.ProcessEnv = { DP_TEST_SET: "1" }): string | undefined {
  const script = `
    const { answerUpToDate } = await import(${JSON.stringify(new URL("./up-to-date.mjs", import.meta.url).href)});
    process.exitCode = answerUpToDate(process.argv.slice(1)) ? 0 : 9;`;
  const env = { PATH: process.env.PATH, HOME: context.folder, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME, ...environment };
  const node = ["--input-type=module", "-e", script, "--", "build", "edge.dp.ts", ...args];
  const done = spawnSync(process.execPath, node, { cwd: context.folder, env, encoding: "utf8" });
  assert.ok(done.status === 0 || done.status === 9, done.stderr);
  return done.status === 0 ? done.stdout + done.stderr : undefined;
}

test("answers what is unchanged, and says again what the build said", context => {
  assert.is(answer(context), "edge.dpo is up to date\nedge.dp.ts:1:1 - warning: it was said once\n");
});
test("gives the document of the build for --json", context => {
  assert.match(answer(context, ["--json"]) ?? "", '"bundle": "edge.dpo"');
});
test("a changed source is not current", context => {
  writeFileSync(context.source, "export { };\n");
  assert.is(answer(context), undefined);
});
test("a source of the same length and another content is not current", context => {
  writeFileSync(context.source, "export  {}\n");
  assert.is(answer(context), undefined);
});
test("a source that was only touched is current", context => {
  utimesSync(context.source, 1, 1);
  assert.ok(answer(context));
});
test("a file that appeared in a folder that was read is noticed", context => {
  writeFileSync(join(context.folder, "data/b"), "b");
  assert.is(answer(context), undefined);
});
test("a file that was asked about and came to be is noticed", context => {
  writeFileSync(join(context.folder, "tsconfig.json"), "{}");
  assert.is(answer(context), undefined);
});
test("a variable that has another value, or was not set, is noticed", context => {
  assert.is(answer(context, [], { DP_TEST_SET: "2" }), undefined);
  assert.is(answer(context, [], {}), undefined);
  assert.is(answer(context, [], { DP_TEST_SET: "1", DP_TEST_UNSET: "1" }), undefined);
});
test("another compiler is noticed by its time", context => {
  utimesSync(join(context.folder, "clang"), 1, 1);
  assert.is(answer(context), undefined);
});
test("a record that was cut short is no record", context => {
  const folder = join(context.folder, "cache/datapath/builds");
  for (const name of readdirSync(folder)) writeFileSync(join(folder, name), '{"format":1,');
  assert.is(answer(context), undefined);
});
test("options and another output folder are for the compiler to decide", context => {
  assert.is(answer(context, ["--watch"]), undefined);
  assert.is(answer(context, ["-o", "out"]), undefined);
});
test("`dp build` uses it", context => {
  const env = { ...process.env, DP_TEST_SET: "1" };
  const done = spawnSync(process.execPath, [dp, "build", "edge.dp.ts"], { cwd: context.folder, env, encoding: "utf8" });
  assert.is(done.stdout, "edge.dpo is up to date\n");
  assert.is(done.status, 0);
});

test.run();

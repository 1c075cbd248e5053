/** Rules and prefixes of an access control that runs, changed by the command. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Lab } from "../../test/lab/lab.js";
import { dp } from "../fixtures/dp.js";
import { temporaryFolder } from "../fixtures/pipelines.js";

async function done(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await dp(...args);
  assert.is(code, 0, `${args.join(" ")}: ${out}${err}`);
  return out;
}

test("rules and prefixes change between two packets, and outlast an update", async () => {
  await using lab = await Lab.pair();
  using folder = temporaryFolder();
  const name = `guarded-${process.pid}`;
  const bundle = join(folder.path, `${name}.dpo`);
  const target = ["--netns", lab.right.path, "--dev", "eth0"];
  const file = (text: string): string => {
    const path = join(folder.path, "rules.txt");
    writeFileSync(path, text);
    return path;
  };
  const passes = () => lab.left.pings("10.0.0.2");
  await done("build", fileURLToPath(new URL("../fixtures/guarded.dp.ts", import.meta.url)), "--name", name, "-o", folder.path);
  try {
    await done("attach", bundle, ...target);
    assert.is(await passes(), true);

    const rules = file("# who may come in\nallow src host 10.0.0.9\n\ndeny icmp and src net 10.0.0.0/24\n");
    assert.is(await done("rules", "set", name, "acl", rules), "acl has 2 run-time rules\n");
    assert.is(await passes(), false);

    const wrong = await dp("rules", "set", name, "acl", file("allow tcp dst port http\n"));
    assert.is(wrong.code, 1);
    assert.match(wrong.err, /rules\[0\]: expected a port number, found "http"/);
    assert.is(await passes(), false);

    await done("attach", bundle, ...target);
    assert.is(await passes(), false, "an update keeps the rules");

    assert.is(await done("rules", "clear", name, "acl"), "acl has 0 run-time rules\n");
    assert.is(await passes(), true);

    await done("map", "set", name, "acl.prefixes4", "10.0.0.0/24", "2");
    assert.is(await passes(), false);
    await done("map", "set", name, "acl.prefixes4", "10.0.0.1/32", "1");
    assert.is(await passes(), true);
    assert.match(await done("map", "dump", name, "acl.prefixes4"), /10\.0\.0\.1\/32 +1/);
    await done("map", "delete", name, "acl.prefixes4", "10.0.0.1");
    assert.is(await passes(), false);
    await done("map", "delete", name, "acl.prefixes4", "10.0.0.0/24");
    assert.is(await passes(), true);

    const maps: string = await done("map", "list", name);
    assert.match(maps, /acl\.prefixes4 +prefixTable/);
    assert.not.match(maps, /chunks/);
  } finally {
    await dp("detach", name);
  }
});

test("a wrong command line says what is missing", async () => {
  for (const [args, said] of [
    [["rules", "list", "edge"], /one of set, clear/],
    [["rules", "set"], /PIPELINE|pipeline/],
    [["rules", "set", "edge"], /BLOCK missing/],
    [["rules", "set", "edge", "acl"], /FILE missing/],
    [["rules", "clear", "edge", "acl", "file"], /too many arguments/],
  ] as const) {
    const { code, err } = await dp(...args);
    assert.is(code, 2, err);
    assert.match(err, said);
  }
});

test.run();

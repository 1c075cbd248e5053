import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { dp } from "../fixtures/dp.js";
import { commandNames } from "./commands.js";
import { nearest } from "./suggest.js";
import { table, toJson } from "./terminal.js";

test("without a command it says what there is, on standard error, and exits 2", async () => {
  const { code, out, err } = await dp();
  assert.is(code, 2);
  assert.is(out, "");
  for (const name of commandNames) assert.match(err, new RegExp(`^  ${name} `, "m"));
});

for (const name of commandNames) {
  test(`dp ${name} --help says how, with an example`, async () => {
    const { code, out, err } = await dp(name, "--help");
    assert.is(code, 0);
    assert.is(err, "");
    assert.match(out, new RegExp(`^usage: dp ${name}`, "m"));
    assert.match(out, /^examples?:\n {2}\S/m);
    assert.is((await dp("help", name)).out, out);
  });

  test(`dp ${name} refuses an unknown option, and says which was meant`, async () => {
    const { code, err } = await dp(name, "--jsn");
    assert.is(code, 2);
    assert.match(err, "unknown option --jsn");
    assert.match(err, "did you mean `--json`?");
  });
}

test("a mistyped command is named with the one that was meant", async () => {
  const { code, out, err } = await dp("inti");
  assert.is(code, 2);
  assert.is(out, "");
  assert.match(err, "there is no command `inti`");
  assert.match(err, "did you mean `init`?");
});

test("with --json, an error is a document on standard output", async () => {
  const { code, out, err } = await dp("inti", "--json");
  assert.is(code, 2);
  assert.is(err, "");
  assert.equal(JSON.parse(out), { ok: false, error: { message: "there is no command `inti`", hint: "did you mean `init`?" } });
});

test("--version is the package's", async () => {
  assert.match((await dp("--version")).out, /^\d+\.\d+\.\d+\n$/);
});

test("output that is no terminal holds no escape sequence", async () => {
  const { out } = await dp("--help");
  assert.not.match(out, "\x1b");
});

test("init refuses a folder that holds something, and leaves it as it was", async () => {
  const folder = mkdtempSync(join(tmpdir(), "datapath-init-"));
  try {
    writeFileSync(join(folder, "mine"), "");
    const { code, err } = await dp("init", folder);
    assert.is(code, 1);
    assert.match(err, "is not empty: it holds mine");
    assert.equal(readdirSync(folder), ["mine"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the nearest word is suggested when it is near", () => {
  assert.is(nearest("biuld", ["build", "init"]), "build");
  assert.is(nearest("att", ["attach", "detach"]), "attach");
  assert.is(nearest("frobnicate", ["attach", "detach"]), undefined);
});

test("64-bit integers are text in JSON", () => {
  assert.is(toJson({ packets: 2n ** 63n }), `{\n  "packets": "9223372036854775808"\n}`);
});

test("columns of a table align, numbers to the right", () => {
  assert.equal(
    table(
      [
        ["map", "entries"],
        ["flows", "7"],
      ],
      [1],
    ),
    ["map    entries", "flows        7"],
  );
});

test.run();

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DatapathError } from "../errors.js";
import { countingBundle, temporaryFolder } from "../fixtures/pipelines.js";
import { loadBundle } from "./bundle.js";

interface Outcome {
  readonly code: string;
  readonly message: string;
}

function outcome(folder: string): Outcome {
  try {
    loadBundle(folder);
    return { code: "loaded", message: "" };
  } catch (error) {
    if (!(error instanceof DatapathError)) throw error;
    assert.is(error.exitCode, 1);
    return { code: error.code, message: error.message };
  }
}

/** The outcome of loading a bundle whose manifest was changed. */
function changed(change: (manifest: { [name: string]: unknown }) => void): Outcome {
  using folder = temporaryFolder();
  countingBundle(folder.path, { name: "edge" });
  const file = join(folder.path, "manifest.json");
  const manifest: { [name: string]: unknown } = JSON.parse(readFileSync(file, "utf8"));
  change(manifest);
  writeFileSync(file, JSON.stringify(manifest));
  return outcome(folder.path);
}

test("a bundle is read whole", () => {
  using folder = temporaryFolder();
  const manifest = countingBundle(folder.path, { name: "edge", hooks: ["xdp", "ingress"] });
  const bundle = loadBundle(folder.path);
  assert.equal(bundle.manifest.hooks, manifest.hooks);
  assert.equal(bundle.manifest.maps, manifest.maps);
});

test("what is no bundle is said to be none", () => {
  using folder = temporaryFolder();
  assert.is(outcome(folder.path).code, "DP6001");
  assert.is(outcome(join(folder.path, "nosuch")).code, "DP6001");
  writeFileSync(join(folder.path, "manifest.json"), '{"name": "some web page", "icons": []}');
  assert.is(outcome(folder.path).code, "DP6001");
  writeFileSync(join(folder.path, "manifest.json"), "[1, 2");
  assert.match(outcome(folder.path).message, /is not JSON/);
});

test("files that were changed, cut off or left out are told by name", () => {
  for (const name of ["program.o", "program.c"]) {
    using folder = temporaryFolder();
    countingBundle(folder.path, { name: "edge" });
    const file = join(folder.path, name);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(file, bytes);
    assert.is(outcome(folder.path).code, "DP6002");
    assert.match(outcome(folder.path).message, new RegExp(`${name} is not what the manifest says`));
  }
});

test("another format is told from a damaged one", () => {
  assert.is(changed(manifest => Object.assign(manifest, { format: 2 })).code, "DP6003");
  assert.is(changed(manifest => Object.assign(manifest, { format: "1" })).code, "DP6003");
  assert.is(changed(() => {}).code, "loaded");
});

test("every field is held to its type, and the message has its place", () => {
  const wrong: [string, unknown, RegExp][] = [
    ["name", "../../etc", /manifest\.name must be a name of letters/],
    ["name", "a".repeat(41), /manifest\.name/],
    [
      "hooks",
      [{ hook: "forward", program: "x", section: "tc" }],
      /manifest\.hooks\[0\]\.hook must be one of xdp, ingress, egress; it is "forward"/,
    ],
    ["hooks", {}, /manifest\.hooks must be a list/],
    ["params", [{ path: 5 }], /manifest\.params\[0\]\.path must be a string/],
    ["maps", [{ path: "m", symbol: "m; rm", kind: "hash" }], /manifest\.maps\[0\]\.symbol/],
    ["object", "abc", /manifest\.object must be a sha256/],
    ["lines", undefined, /manifest\.lines must be a list/],
  ];
  for (const [field, value, message] of wrong) {
    const { code, message: actual } = changed(manifest => Object.assign(manifest, { [field]: value }));
    assert.is(code, "DP6002", field);
    assert.match(actual, message);
  }
});

test("a shape nested without end is refused, not followed", () => {
  let shape: object = { kind: "bool" };
  for (let depth = 0; depth < 2000; depth++) shape = { kind: "array", of: shape, length: 1 };
  const { code, message } = changed(manifest => {
    const [map] = Array.isArray(manifest.maps) ? manifest.maps : [];
    Object.assign(map, { value: shape });
  });
  assert.is(code, "DP6002");
  assert.match(message, /nested too deeply/);
});

test.run();

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { EvaluationRecord } from "../evaluate/evaluation.js";
import { SourceRoot } from "../source/source-root.js";
import { type BuildInputs, type ManifestDraft, seal } from "./seal.js";
import { writeBundle } from "./write-bundle.js";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "datapath-bundle-")));
test.after(() => rmSync(folder, { recursive: true }));

const draft: ManifestDraft = {
  format: 1,
  name: "edge",
  compiler: "0.1.0",
  hooks: [],
  params: [],
  settings: [],
  target: [],
  maps: [],
  drops: [],
  lines: [],
  features: [],
};
const object = new Uint8Array([1, 2, 3]);

function inputs(name: string, environment: EvaluationRecord["environment"] = new Map()): BuildInputs {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "edge.dp.ts"), "source");
  writeFileSync(join(path, "rules.txt"), "rules");
  const record = { modules: [join(path, "edge.dp.ts")], files: [join(path, "rules.txt"), path], environment, unrepeatable: [] };
  return { root: new SourceRoot(path), record, files: [join(path, "edge.dp.ts")], tools: { clang: "19" } };
}

test("a manifest names its sources from the root, so that two folders give the same", () => {
  const one = seal(draft, "int x;", object, inputs("one"));
  const two = seal(draft, "int x;", object, inputs("two"));
  assert.equal(one, two);
  assert.equal(
    one.sources.map(source => source.file),
    ["edge.dp.ts", "rules.txt"],
  );
});

test("the identity changes with the environment, the tools and the sources", () => {
  const hash = (given: BuildInputs): string => seal(draft, "", object, given).hash;
  const plain = inputs("one");
  const others = [
    inputs("one", new Map([["NAT64", "1"]])),
    inputs("one", new Map([["NAT64", undefined]])),
    { ...plain, tools: { clang: "20" } },
  ];
  assert.is(new Set([plain, ...others].map(hash)).size, 4);
  const before = hash(plain);
  writeFileSync(join(folder, "one/rules.txt"), "other rules");
  assert.is.not(hash(plain), before);
});

test("environment values are not in the manifest", () => {
  assert.not.match(JSON.stringify(seal(draft, "", object, inputs("one", new Map([["TOKEN", "secret"]])))), "secret");
});

test("a bundle is written whole, replaced, and leaves nothing beside it", () => {
  const target = join(folder, "out/edge.dpo");
  const manifest = seal(draft, "int x;", object, inputs("one"));
  assert.is(writeBundle(target, { manifest, code: "int x;", object }), undefined);
  assert.is(writeBundle(target, { manifest, code: "int y;", object }), undefined);
  assert.equal(readdirSync(target).sort(), ["manifest.json", "program.c", "program.o"]);
  assert.is(readFileSync(join(target, "program.c"), "utf8"), "int y;");
  assert.equal(JSON.parse(readFileSync(join(target, "manifest.json"), "utf8")), manifest);
  assert.equal(readdirSync(join(folder, "out")), ["edge.dpo"]);
});

test("a folder that is no bundle is left alone", () => {
  const target = join(folder, "precious");
  mkdirSync(target);
  writeFileSync(join(target, "thesis.txt"), "all of it");
  const manifest = seal(draft, "", object, inputs("one"));
  assert.is(writeBundle(target, { manifest, code: "", object })?.code, "DP5004");
  assert.equal(readdirSync(target), ["thesis.txt"]);
});

test("a place that cannot be written is a diagnostic", () => {
  writeFileSync(join(folder, "file"), "");
  const manifest = seal(draft, "", object, inputs("one"));
  assert.is(writeBundle(join(folder, "file/edge.dpo"), { manifest, code: "", object })?.code, "DP5004");
});

test.run();

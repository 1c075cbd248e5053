import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SourceRoot } from "./source-root.js";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "datapath-root-")));
test.after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const edge = write("app/src/edge.dp.ts", "");
write("app/package.json", '{ "name": "app" }');
write("elsewhere/package.json", '{ "name": "@corp/blocks" }');
const block = write("elsewhere/src/vlan.dp.ts", "");

test("files of the package are named from its root", () => {
  assert.is(SourceRoot.of(edge).path, join(folder, "app"));
  assert.is(SourceRoot.of(edge).nameOf(edge), "src/edge.dp.ts");
});

test("files of another package have the same name wherever it lies", () => {
  const root = SourceRoot.of(edge);
  assert.is(root.nameOf(block), "node_modules/@corp/blocks/src/vlan.dp.ts");
  assert.is(root.fileOf("node_modules/@corp/blocks/src/vlan.dp.ts"), block);
});

test("a name leads back to its file", () => {
  const root = SourceRoot.of(edge);
  assert.is(root.fileOf(root.nameOf(edge)), edge);
  assert.is(root.fileOf("src/other.ts"), join(folder, "app/src/other.ts"));
});

test.run();

// test: timeout 300
/** The examples in the blocks' READMEs compile. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { CheckedProgram } from "../codegen/check/checked-program.js";
import { compile } from "../codegen/compile.js";

const blocks = fileURLToPath(new URL(".", import.meta.url));
// inside the package, so that an example's "datapath" is this one
const cache = join(blocks, "..", ".cache");
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, "readme-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** what one example imports, the next need not parse again */
let previous: CheckedProgram | undefined;
const names = readdirSync(blocks, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && entry.name !== "shared")
  .map(entry => entry.name);

for (const name of names) {
  const examples = [...readFileSync(join(blocks, name, "README.md"), "utf8").matchAll(/```ts\n(.*?)```/gs)].map(match => match[1] ?? "");

  test(`the README of ${name} has an example`, () => {
    assert.ok(examples.length > 0);
  });
  for (const [i, example] of examples.entries()) {
    test(`example ${i + 1} in the README of ${name} compiles`, async () => {
      const file = join(folder, `${name}-${i + 1}.dp.ts`);
      writeFileSync(file, example);
      const { diagnostics, bundle, checked } = await compile(file, previous ? { previous } : {});
      previous = checked ?? previous;
      assert.deepEqual(
        diagnostics.map(({ code, message }) => `${code}: ${message}`),
        [],
      );
      assert.ok(bundle);
    });
  }
}

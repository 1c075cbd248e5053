/** Code in the pages for readers works: it type-checks, and its pipelines compile. */
// test: timeout 240
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../codegen/compile.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const pages = ["README.md", ...readdirSync(join(root, "docs")).map(name => `docs/${name}`)].filter(page => page.endsWith(".md"));

/** Code of a page whose first line names its file: `// edge.dp.ts`. */
function namedCode(page: string): [name: string, code: string][] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)^```$/gm)].map(([, name = "", code = ""]) => [name, code]);
}

for (const page of pages) {
  const files = namedCode(page);
  if (files.length === 0) continue;
  test(`${page}: ${files.map(([name]) => name).join(", ")}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "datapath-docs-"));
    try {
      mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
      symlinkSync(root, join(folder, "node_modules/datapath"));
      symlinkSync(join(root, "node_modules/@types/node"), join(folder, "node_modules/@types/node"));
      writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "docs", type: "module" }));
      writeFileSync(
        join(folder, "tsconfig.json"),
        JSON.stringify({ extends: join(root, "tsconfig.json"), include: ["*.ts"], exclude: [] }),
      );
      for (const [name, code] of files) writeFileSync(join(folder, name), code);
      const checked = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], { encoding: "utf8" });
      assert.is(checked.status, 0, checked.stdout);
      for (const [name] of files.filter(([file]) => file.endsWith(".dp.ts"))) {
        const { bundle, diagnostics } = await compile(join(folder, name));
        assert.equal(diagnostics, [], name);
        assert.ok(bundle, name);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test("the pages have such code", () => {
  assert.ok(pages.flatMap(namedCode).length >= 4);
});

test.run();

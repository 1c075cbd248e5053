import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { codes } from "../../codegen/diagnostics/codes.js";
import { runtimeErrors } from "../../runtime/errors.js";
import { diagnosticsPage } from "./diagnostics-page.js";

test("docs/diagnostics.md is what the tables say; `npm run docs` writes it", () => {
  const page = readFileSync(new URL("../../docs/diagnostics.md", import.meta.url), "utf8");
  assert.ok(page === diagnosticsPage(), "docs/diagnostics.md is out of date: run `npm run docs`");
});

test("the page has a section for every code", () => {
  const page = diagnosticsPage();
  for (const code of [...Object.keys(codes), ...Object.keys(runtimeErrors)]) assert.ok(page.includes(`\n### ${code}: `), code);
});

test.run();

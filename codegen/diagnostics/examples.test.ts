/** Every code's failing example gives that code and no other error; every passing example compiles to an object. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CheckedProgram } from "../check/checked-program.js";
import { createProject } from "../check/create-program.js";
import { compileC } from "../clang/compile-c.js";
import { evaluate } from "../evaluate/evaluate.js";
import { translate } from "../translate.js";
import { codes, isKnownCode } from "./codes.js";
import type { Diagnostic } from "./diagnostic.js";
import { settle } from "./render.js";

const folder = mkdtempSync(join(tmpdir(), "datapath-examples-"));
const codegen = fileURLToPath(new URL("../", import.meta.url));

test.before(() => {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(fileURLToPath(new URL("../../", import.meta.url)), join(folder, "node_modules/datapath"));
  writeFileSync(join(folder, "package.json"), '{ "name": "examples", "type": "module" }');
});
test.after(() => rmSync(folder, { recursive: true }));

/** All stages, over one type-check of all examples. */
async function diagnosticsOf(checked: CheckedProgram, name: string): Promise<readonly Diagnostic[]> {
  const typed = checked.diagnostics.filter(diagnostic => diagnostic.span.file === name);
  const evaluated = await evaluate(join(folder, name));
  if (!evaluated.ok) return [...typed, ...evaluated.diagnostics];
  const { evaluation } = evaluated;
  const translated = translate(evaluation, checked, "example", { testing: false });
  const found = settle([...typed, ...evaluation.diagnostics, ...translated.diagnostics]);
  if (!translated.ok) return found;
  const compiled = await compileC(translated.translation.printed.code, { root: evaluation.root });
  return compiled.ok ? found : [...found, ...compiled.diagnostics];
}

function told(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(({ code, span, message }) => `${span.line}:${span.column} ${code} ${message}`).join("; ") || "nothing";
}

const rows = Object.entries(codes).flatMap(([code, { example }]) => ("situation" in example ? [] : [{ code, example }]));

test("every example behaves as the table says", async () => {
  const names: string[] = [];
  for (const { code, example } of rows) {
    for (const kind of ["failing", "passing"] as const) {
      writeFileSync(join(folder, `${code}-${kind}.dp.ts`), example[kind]);
      names.push(`./${code}-${kind}.dp.js`);
    }
  }
  writeFileSync(join(folder, "all.ts"), names.map(name => `import "${name}";\n`).join(""));
  const checked = createProject(join(folder, "all.ts"));
  const wrong: string[] = [];
  for (const { code } of rows) {
    const failing = await diagnosticsOf(checked, `${code}-failing.dp.ts`);
    if (failing.length === 0 || failing.some(diagnostic => diagnostic.code !== code)) wrong.push(`${code} failing: ${told(failing)}`);
    const passing = await diagnosticsOf(checked, `${code}-passing.dp.ts`);
    if (passing.length > 0) wrong.push(`${code} passing: ${told(passing)}`);
  }
  assert.equal(wrong, []);
});

test("the table's numbers are in their groups and its texts are sentences", () => {
  for (const [code, entry] of Object.entries(codes)) {
    assert.match(code, /^DP[1-5]\d{3}$/);
    assert.match(entry.explanation, /\.$/);
    assert.not.match(entry.title, /\.$/);
  }
});

test("every code that a stage raises is in the table, and none is there that nobody raises", () => {
  const raised = new Map<string, string>();
  for (const name of readdirSync(codegen, { recursive: true, encoding: "utf8" })) {
    if (!/\.ts$/.test(name) || /\.test\.ts$/.test(name) || /^diagnostics\//.test(name)) continue;
    for (const [code] of readFileSync(join(codegen, name), "utf8").matchAll(/DP\d{4}/g)) raised.set(code, name);
  }
  assert.equal(
    [...raised].filter(([code]) => !isKnownCode(code)),
    [],
  );
  assert.equal(
    Object.keys(codes).filter(code => !raised.has(code)),
    [],
  );
});

test.run();

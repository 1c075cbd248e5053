/** Every code's failing example gives that code and no other error; every passing example gives none. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ts } from "ts-morph";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkSubset } from "../check/check-subset.js";
import type { CheckedProgram } from "../check/checked-program.js";
import { createProject } from "../check/create-program.js";
import { isFunctionNode } from "../check/declaration-at.js";
import { evaluate } from "../evaluate/evaluate.js";
import { codes, isKnownCode } from "./codes.js";
import type { Diagnostic } from "./diagnostic.js";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "datapath-examples-"));

/** Diagnostics of one example: types, the subset over every function in the file, evaluation. */
async function diagnosticsOf(program: CheckedProgram, name: string): Promise<readonly Diagnostic[]> {
  const file = join(folder, name);
  const typed = program.diagnostics.filter(diagnostic => diagnostic.span.file === name);
  const source = program.program.getSourceFile(file);
  const subset: Diagnostic[] = [];
  const walk = (node: ts.Node): void => {
    // Field initialisers are build-time code; what a class holds beside them is datapath code in these examples.
    if (ts.isPropertyDeclaration(node)) return;
    if (isFunctionNode(node) && !ts.isClassLike(node)) subset.push(...checkSubset(node, program));
    else ts.forEachChild(node, walk);
  };
  if (source !== undefined) walk(source);
  const evaluated = await evaluate(file);
  const live = evaluated.ok ? evaluated.evaluation.diagnostics : evaluated.diagnostics;
  return [...typed, ...subset, ...live];
}

const names: string[] = [];
const examples: { readonly code: string; readonly kind: "failing" | "passing"; readonly name: string }[] = [];
/** Build-time functions, which `walk` cannot tell from datapath code. */
const buildTime = new Set(["DP1003", "DP1004"]);

test.before(() => {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(repository, join(folder, "node_modules/datapath"));
  writeFileSync(join(folder, "package.json"), '{ "name": "examples", "type": "module" }');
});
test.after(() => rmSync(folder, { recursive: true }));

for (const [code, { example }] of Object.entries(codes)) {
  if ("situation" in example) continue;
  for (const kind of ["failing", "passing"] as const) examples.push({ code, kind, name: `${code}-${kind}.dp.ts` });
}

test("every example behaves as the table says", async () => {
  for (const { code, kind, name } of examples) {
    const entry = isKnownCode(code) ? codes[code].example : undefined;
    if (entry === undefined || "situation" in entry) continue;
    writeFileSync(join(folder, name), entry[kind]);
    names.push(name);
  }
  writeFileSync(join(folder, "all.ts"), names.map(name => `import "./${name.replace(/\.ts$/, ".js")}";\n`).join(""));
  const program = createProject(join(folder, "all.ts"));
  const wrong: string[] = [];
  for (const { code, kind, name } of examples) {
    const found = (await diagnosticsOf(program, name)).filter(diagnostic => !(buildTime.has(code) && diagnostic.code.startsWith("DP11")));
    // What needs the later stages is compiled in the second test; here it must be well-typed and inside the subset.
    const expected = kind === "failing" && /^DP1[01]/.test(code) ? [code] : [];
    const got = [...new Set(found.map(diagnostic => diagnostic.code))].sort();
    if (got.join() !== expected.join())
      wrong.push(
        `${name}: ${found.map(({ code, span, message }) => `${span.line}:${span.column} ${code} ${message}`).join("; ") || "nothing"}`,
      );
  }
  assert.equal(wrong, []);
});

test("the table's numbers are in their groups and its texts are sentences", () => {
  for (const [code, entry] of Object.entries(codes)) {
    assert.match(code, /^DP[1-7]\d{3}$/);
    assert.match(entry.explanation, /\.$/);
    assert.not.match(entry.title, /\.$/);
  }
});

test("every code that a stage raises is in the table, and none is there that nobody raises", () => {
  const raised = new Map<string, string>();
  const codegen = fileURLToPath(new URL("../", import.meta.url));
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

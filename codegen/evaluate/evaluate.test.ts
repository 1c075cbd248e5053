// test: alone (it waits for a process that has nothing left to do)
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ts } from "ts-morph";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createProject } from "../check/create-program.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { evaluate } from "./evaluate.js";
import type { Evaluation } from "./evaluation.js";

const fixtures = fileURLToPath(new URL("fixtures/", import.meta.url));
const repository = fileURLToPath(new URL("../../", import.meta.url));
const places = join(fixtures, "places.dp.ts");

async function evaluated(file: string): Promise<Evaluation> {
  const result = await evaluate(file);
  if (!result.ok) throw new Error(result.diagnostics.map(diagnostic => diagnostic.message).join("\n"));
  return result.evaluation;
}

async function functionsOf(evaluation: Evaluation): Promise<[number: string, fn: object][]> {
  const namespace = evaluation.namespaceOf(evaluation.file);
  const functions: unknown = namespace === undefined ? undefined : Reflect.get(namespace, "functions");
  assert.type(functions, "object");
  return Object.entries(Object(functions));
}

/** A package of its own in a temporary folder, gone afterwards. */
async function inPackage(files: Record<string, string>, run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "datapath-evaluate-"));
  try {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(repository, join(folder, "node_modules/datapath"));
    const all = { "package.json": '{ "name": "edge", "type": "module" }', ...files };
    for (const [name, text] of Object.entries(all)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const pipelineImport = `import { Pipeline } from "${join(repository, "dsl/pipeline.ts")}";\n`;

async function refusal(files: Record<string, string>, file = "edge.dp.ts"): Promise<Diagnostic> {
  let found: Diagnostic | undefined;
  await inPackage(files, async folder => {
    const result = await evaluate(join(folder, file));
    if (!result.ok) found = result.diagnostics[0];
  });
  if (found === undefined) throw new Error("it was evaluated without a diagnostic");
  return found;
}

test("every kind of live function leads to its own declaration", async () => {
  const evaluation = await evaluated(places);
  const program = createProject(places);
  for (const [number, fn] of await functionsOf(evaluation)) {
    const at = evaluation.locate(fn);
    if (at === undefined) throw new Error(`function ${number} has no place`);
    assert.is(at.file, places);
    const text = program.declarationAt(at.file, at.line, at.column)?.getText() ?? "nothing";
    const numbers: readonly string[] = text.match(/\b1[0-2]\d\b/g) ?? [];
    assert.ok(
      numbers.includes(number) && numbers.every(other => other === number || (number === "117" && other === "116")),
      `${number}: ${text}`,
    );
  }
});

test("a class without a constructor is its own declaration", async () => {
  const evaluation = await evaluated(places);
  const at = evaluation.locate(evaluation.pipelineClass);
  const declaration = at && createProject(places).declarationAt(at.file, at.line, at.column);
  assert.ok(declaration !== undefined && ts.isClassDeclaration(declaration));
});

test("free names have their live values, imports and renamed ones too", async () => {
  const evaluation = await evaluated(places);
  const functions = Object.fromEntries(await functionsOf(evaluation));
  const value = (number: number, name: string): unknown => {
    const fn = functions[number];
    const resolved = fn === undefined ? undefined : evaluation.resolve(fn, name);
    return resolved?.found === true ? resolved.value : "not found";
  };
  assert.is(value(101, "LIMIT"), 12);
  assert.is(value(101, "THREE"), 3);
  assert.type(value(101, "aid"), "function");
  assert.is(value(101, "seven"), 7);
  assert.is(Reflect.get(Object(value(101, "all")), "THREE"), 3);
  assert.is(Reflect.get(Object(value(101, "Base")), "name"), "Base");
  assert.is(value(120, "LIMIT"), 100, "the closure's LIMIT, not the module's");
  assert.is(value(120, "n"), 4);
  assert.is(value(124, "margin"), 2);
  assert.is(Reflect.get(Object(value(122, "Self")), "name"), "Self");
  assert.is(value(126, "later"), 5);
  assert.is(value(119, "closures"), evaluation.namespaceOf(places) && Reflect.get(evaluation.namespaceOf(places) ?? {}, "closures"));
  assert.is(value(119, "nonsense"), "not found");
});

test("private fields are seen, of any type; methods and names that two classes share are not", async () => {
  const source = `${pipelineImport}class Base { #both = 1; base() { return this.#both; } }
class Holder extends Base {
  #both = 2; #number = -0; #big = 2n ** 70n; #text = "t"; #list = [1]; #none = undefined;
  #method() { return this.#both; }
  use() { return [this.#number, this.#big, this.#text, this.#list, this.#none, this.#method()]; }
}
export default class Edge extends Pipeline { holder = new Holder(); }`;
  await inPackage({ "edge.dp.ts": source }, async folder => {
    const evaluation = await evaluated(join(folder, "edge.dp.ts"));
    const holder: unknown = Reflect.get(evaluation.pipeline, "holder");
    const field = (name: string): unknown => {
      const resolved = evaluation.privateField(Object(holder), name);
      return resolved.found ? resolved.value : "not found";
    };
    assert.ok(Object.is(field("#number"), -0));
    assert.is(field("#big"), 2n ** 70n);
    assert.is(field("#text"), "t");
    assert.is(field("#none"), undefined);
    assert.is(field("#list"), Object(Reflect.get(Object(holder), "use")).call(holder)[3]);
    assert.is(field("#both"), "not found");
    assert.is(field("#method"), "not found");
    assert.is(field("#absent"), "not found");
  });
});

test("imports lead to live namespaces", async () => {
  const evaluation = await evaluated(places);
  assert.is(Reflect.get(evaluation.resolveImport(places, "./limits.js") ?? {}, "default"), 7);
  assert.is(evaluation.resolveImport(places, "./nothing.js"), undefined);
});

test("imports go by the tsconfig's paths, wherever the command runs", async () => {
  const tsconfig = `{
  // comments, and commas at the end
  "extends": "./base.json",
  "compilerOptions": { "strict": true, },
}`;
  const files = {
    "tsconfig.json": tsconfig,
    "base.json":
      '{ "compilerOptions": { "paths": { "#limits": ["./config/limits.ts"], "lib/*": ["./missing/*", "./library/*"], "lib/deep/*": ["./deep/*.ts"] } } }',
    "config/limits.ts": "export const limit = 60;",
    "library/mark.ts": "export const mark = 1;",
    "deep/down.ts": "export const down = 2;",
    "src/edge.dp.ts": `${pipelineImport}import { limit } from "#limits";
import { mark } from "lib/mark.js";
import { down } from "lib/deep/down";
export default class Edge extends Pipeline { all = [limit, mark, down]; }`,
  };
  await inPackage(files, async folder => {
    const { pipeline } = await evaluated(join(folder, "src/edge.dp.ts"));
    assert.equal(Reflect.get(pipeline, "all"), [60, 1, 2]);
  });
});

test("native and bound functions have no place", async () => {
  const evaluation = await evaluated(places);
  assert.is(evaluation.locate(Math.trunc), undefined);
  assert.is(evaluation.locate((() => 1).bind(undefined)), undefined);
});

test("what evaluation reads is recorded", async () => {
  const files = {
    "edge.dp.ts": `${pipelineImport}import { readFileSync } from "node:fs";
import { two } from "./two.js";
export default class Edge extends Pipeline {
  rules = readFileSync(new URL("rules.txt", import.meta.url), "utf8");
  flag = process.env.DATAPATH_TEST_FLAG;
  two = two;
}`,
    "two.ts": "export const two: number = 2;",
    "rules.txt": "allow",
  };
  await inPackage(files, async folder => {
    const { record, diagnostics } = await evaluated(join(folder, "edge.dp.ts"));
    assert.ok(record.modules.includes(join(folder, "two.ts")));
    assert.ok(record.modules.includes(join(folder, "edge.dp.ts")));
    assert.ok(record.files.includes(join(folder, "rules.txt")));
    assert.ok(record.environment.has("DATAPATH_TEST_FLAG"));
    assert.equal(record.unrepeatable, []);
    assert.equal(diagnostics, []);
  });
});

test("time, randomness and processes make a build unrepeatable, and are said", async () => {
  const source = `${pipelineImport}import { execSync } from "node:child_process";
export default class Edge extends Pipeline {
  a = Date.now(); b = new Date(0); c = Math.random(); d = execSync("true");
}`;
  await inPackage({ "edge.dp.ts": source }, async folder => {
    const { record, diagnostics } = await evaluated(join(folder, "edge.dp.ts"));
    assert.equal(record.unrepeatable, ["another process", "random numbers", "the time"]);
    assert.equal(
      diagnostics.map(diagnostic => [diagnostic.code, diagnostic.severity]),
      [["DP1010", "notice"]],
    );
  });
});

test("a date that is given is repeatable", async () => {
  const source = `${pipelineImport}export default class Edge extends Pipeline { b = new Date(0).getTime(); }`;
  await inPackage({ "edge.dp.ts": source }, async folder => {
    assert.equal((await evaluated(join(folder, "edge.dp.ts"))).record.unrepeatable, []);
  });
});

test("a fresh evaluation runs changed modules anew, imported ones too", async () => {
  const source = `${pipelineImport}import { limit } from "./limit.js";\nexport default class Edge extends Pipeline { limit = limit; handle() { return limit; } }`;
  await inPackage({ "edge.dp.ts": source, "limit.ts": "export const limit = 1;" }, async folder => {
    const file = join(folder, "edge.dp.ts");
    assert.is(Reflect.get((await evaluated(file)).pipeline, "limit"), 1);
    writeFileSync(join(folder, "limit.ts"), "export const limit = 2;");
    const result = await evaluate(file, { fresh: true });
    if (!result.ok) throw new Error("refused");
    assert.is(Reflect.get(result.evaluation.pipeline, "limit"), 2);
    const handle: unknown = Reflect.get(result.evaluation.pipeline, "handle");
    const at = result.evaluation.locate(Object(handle));
    assert.is(at?.file, file);
    assert.ok(result.evaluation.record.modules.includes(join(folder, "limit.ts")));
  });
});

test("a module without a default export", async () => {
  const diagnostic = await refusal({ "edge.dp.ts": `${pipelineImport}export class Edge extends Pipeline {}` });
  assert.is(diagnostic.code, "DP1001");
  assert.is(diagnostic.span.file, "edge.dp.ts");
});

test("a default export that is no class on Pipeline", async () => {
  assert.is((await refusal({ "edge.dp.ts": "export default 3;" })).code, "DP1002");
  assert.is((await refusal({ "edge.dp.ts": "export default class Edge {}" })).code, "DP1002");
  assert.match((await refusal({ "edge.dp.ts": "export default () => 1;" })).message, /a function/);
});

test("a constructor that throws is shown at the user's line", async () => {
  const source = `${pipelineImport}import { port } from "./port.js";\nexport default class Edge extends Pipeline {\n  port = port("http");\n}`;
  const helper = `export function port(text: string): number {\n  throw new RangeError(text + " is not a port");\n}`;
  const diagnostic = await refusal({ "edge.dp.ts": source, "port.ts": helper });
  assert.is(diagnostic.code, "DP1003");
  assert.match(diagnostic.message, "RangeError: http is not a port");
  assert.equal([diagnostic.span.file, diagnostic.span.line], ["port.ts", 2]);
});

test("what datapath refuses is shown at the line that asked for it", async () => {
  const source = `import { Pipeline, ipv4 } from "datapath";\nexport default class Edge extends Pipeline {\n  address = ipv4("10.0.0.256");\n}`;
  const diagnostic = await refusal({ "edge.dp.ts": source });
  assert.equal([diagnostic.code, diagnostic.span.file, diagnostic.span.line], ["DP1003", "edge.dp.ts", 3]);
  assert.match(diagnostic.message, "10.0.0.256");
});

test("the user's line is found below a deep stack", async () => {
  const source = `${pipelineImport}import { sink } from "deep";\nexport default class Edge extends Pipeline {\n  depth = sink(40);\n}`;
  const deep = { "node_modules/deep/package.json": '{ "type": "module", "main": "deep.js" }' };
  const code = "export function sink(n) { if (n === 0) throw new Error('bottom'); return sink(n - 1) + 1; }";
  const diagnostic = await refusal({ ...deep, "node_modules/deep/deep.js": code, "edge.dp.ts": source });
  assert.equal([diagnostic.code, diagnostic.span.file, diagnostic.span.line], ["DP1003", "edge.dp.ts", 4]);
});

test("what a block refuses is shown at the line that made the block", async () => {
  const diagnostic = await refusal({
    "edge.dp.ts": `import { Pipeline } from "datapath";
import { AccessControl } from "datapath/blocks";
export default class Edge extends Pipeline {
  acl = new AccessControl({ default: "deny", rules: ["allow tcp dst prot 80"] });
}`,
  });
  assert.equal([diagnostic.code, diagnostic.span.file, diagnostic.span.line], ["DP1003", "edge.dp.ts", 4]);
});

test("a module that throws", async () => {
  const diagnostic = await refusal({
    "edge.dp.ts": `${pipelineImport}\nthrow new Error("no");\nexport default class Edge extends Pipeline {}`,
  });
  assert.equal([diagnostic.code, diagnostic.span.line], ["DP1004", 3]);
});

test("a module that would end the build, or never end, is refused", async () => {
  const exits = await refusal({ "edge.dp.ts": `process.exit(0);\nexport default 1;` });
  assert.equal([exits.code, exits.span.line], ["DP1004", 1]);
  assert.match(exits.message, "process.exit(0) was called");
  const stuck = await refusal({ "edge.dp.ts": `await new Promise(() => {});\nexport default 1;` });
  assert.is(stuck.code, "DP1004");
  assert.match(stuck.message, "never ends");
});

test("what the module prints does not get into the command's output", async () => {
  const source = `${pipelineImport}console.log("from the build");\nexport default class Edge extends Pipeline {}`;
  const written: string[] = [];
  const { write } = process.stderr;
  process.stderr.write = (chunk: string | Uint8Array): boolean => {
    written.push(String(chunk));
    return true;
  };
  try {
    await inPackage({ "edge.dp.ts": source }, async folder => {
      await evaluated(join(folder, "edge.dp.ts"));
    });
  } finally {
    process.stderr.write = write;
  }
  assert.equal(written, ["from the build\n"]);
});

test("an import that does not exist names the file that asks", async () => {
  const diagnostic = await refusal({ "edge.dp.ts": 'import "./a.js";\nexport default 1;', "a.ts": 'import "not-there";' });
  assert.equal([diagnostic.code, diagnostic.span.file], ["DP1005", "a.ts"]);
  assert.match(diagnostic.message, "not-there");
});

test("a syntax error has its place", async () => {
  const diagnostic = await refusal({ "edge.dp.ts": "const x = 1;\nconst y = = 2;\n" });
  assert.equal([diagnostic.code, diagnostic.span.file, diagnostic.span.line, diagnostic.span.column], ["DP1008", "edge.dp.ts", 2, 11]);
});

test("a CommonJS package", async () => {
  assert.is((await refusal({ "package.json": '{ "name": "edge" }', "edge.dp.ts": "export default 1;" })).code, "DP1006");
});

test("another copy of datapath", async () => {
  const other = { "package.json": '{ "type": "module" }', "lib/pipeline.ts": "export class Pipeline {}" };
  const diagnostic = await refusal({
    ...other,
    "edge.dp.ts": `import { Pipeline } from "./lib/pipeline.js";\nexport default class Edge extends Pipeline {}`,
  });
  assert.is(diagnostic.code, "DP1007");
  assert.match(diagnostic.message, "lib/pipeline.ts");
});

test("a file that does not exist", async () => {
  assert.is((await refusal({}, "edg.dp.ts")).code, "DP1009");
});

test.run();

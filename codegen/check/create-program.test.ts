import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ts } from "ts-morph";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CheckedProgram } from "./checked-program.js";
import { createProject } from "./create-program.js";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "datapath-check-")));
test.after(() => rmSync(folder, { recursive: true }));
let made = 0;

/** A package in a folder of its own, with datapath in node_modules. */
function project(files: Readonly<Record<string, string>>): string {
  made += 1;
  const root = join(folder, String(made));
  mkdirSync(join(root, "node_modules"), { recursive: true });
  symlinkSync(fileURLToPath(new URL("../../", import.meta.url)), join(root, "node_modules/datapath"));
  for (const [name, text] of Object.entries({ "package.json": '{ "name": "edge", "type": "module" }', ...files })) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

function summary(program: CheckedProgram): readonly string[] {
  return program.diagnostics.map(({ code, span }) => `${span.file}:${span.line}:${span.column} ${code}`);
}

const pass = `import { Pipeline, Verdict, type TcPacket } from "datapath";
export default class Edge extends Pipeline {
  override ingress(pkt: TcPacket): Verdict {
    return pkt.length > 60 ? Verdict.Pass : Verdict.drop("short");
  }
}
`;

test("a well-typed pipeline has no diagnostics, without any tsconfig", () => {
  assert.equal(summary(createProject(join(project({ "edge.dp.ts": pass }), "edge.dp.ts"))), []);
});

test("TypeScript's own errors keep their code and place, in imported files too", () => {
  const root = project({
    "src/edge.dp.ts": `import { limit } from "./limit.js";\n${pass}export const wrong: string = limit;\n`,
    "src/limit.ts": "export const limit: number = 'sixty';\n",
  });
  assert.equal(summary(createProject(join(root, "src/edge.dp.ts"))), ["src/limit.ts:1:14 TS2322", "src/edge.dp.ts:8:14 TS2322"]);
});

test("a syntax error is not drowned by the type errors that it causes", () => {
  const root = project({ "edge.dp.ts": `${pass}const x = = nonsense;\n` });
  assert.equal(summary(createProject(join(root, "edge.dp.ts"))), ["edge.dp.ts:7:11 TS1109"]);
});

test("strictness is forced, the tsconfig's paths are kept", () => {
  const root = project({
    "tsconfig.json": '{ "compilerOptions": { "strict": false, "module": "commonjs", "paths": { "#limits": ["./config/limits.ts"] } } }',
    "config/limits.ts": "export const limit = 60;\n",
    "edge.dp.ts": `import { limit } from "#limits";\n${pass}export const most: number = limit;\nexport function loose(x) {\n  return x;\n}\n`,
  });
  const program = createProject(join(root, "edge.dp.ts"));
  assert.equal(summary(program), ["edge.dp.ts:9:23 TS7006"]);
  assert.ok(program.files.includes(join(root, "tsconfig.json")));
});

test("a parameter property is refused: options come too late for it", () => {
  const root = project({ "edge.dp.ts": `${pass}export class Size {\n  constructor(readonly bytes: number) {}\n}\n` });
  assert.equal(summary(createProject(join(root, "edge.dp.ts"))), ["edge.dp.ts:8:15 TS1294"]);
});

test("a block package gives its source under the condition datapath, and its own errors stay its own", () => {
  const root = project({
    "node_modules/vlan/package.json":
      '{ "name": "vlan", "type": "module", "exports": { ".": { "datapath": "./src/vlan.dp.ts", "types": "./dist/vlan.d.ts" } } }',
    "node_modules/vlan/src/vlan.dp.ts": "export const tag: number = 'not a number';\n",
    "edge.dp.ts": `import { tag } from "vlan";\n${pass}export const mine: number = tag;\n`,
  });
  const program = createProject(join(root, "edge.dp.ts"));
  assert.equal(summary(program), []);
  assert.ok(program.files.includes(join(root, "node_modules/vlan/src/vlan.dp.ts")));
  assert.ok(program.files.includes(join(root, "node_modules/vlan/package.json")));
});

test("a second check sees what changed and keeps what did not", () => {
  const root = project({
    "edge.dp.ts": `import { limit } from "./limit.js";\n${pass}export const most: number = limit;\n`,
    "limit.ts": "export const limit = 60;\n",
  });
  const first = createProject(join(root, "edge.dp.ts"));
  assert.equal(summary(first), []);
  writeFileSync(join(root, "limit.ts"), "export const limit = 'sixty';\n");
  utimesSync(join(root, "limit.ts"), 1, 1);
  const second = createProject(join(root, "edge.dp.ts"), { previous: first });
  assert.equal(summary(second), ["edge.dp.ts:8:14 TS2322"]);
  assert.is(second.entry, first.entry, "an unchanged file is not parsed again");
});

test("a node's place is underlined to the end of its first line", () => {
  const program = createProject(join(project({ "edge.dp.ts": pass }), "edge.dp.ts"));
  const edge = program.entry.statements.find(ts.isClassDeclaration);
  const method = edge?.members[0];
  if (method === undefined) throw new Error("no method");
  assert.equal(program.spanOf(method), {
    file: "edge.dp.ts",
    line: 3,
    column: 3,
    length: "override ingress(pkt: TcPacket): Verdict {".length,
  });
});

test("a file that does not exist", () => {
  assert.throws(() => createProject(join(folder, "nothing.dp.ts")), /ENOENT/);
});

test.run();

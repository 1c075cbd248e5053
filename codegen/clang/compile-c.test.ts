import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SourceRoot } from "../source/source-root.js";
import { compileC } from "./compile-c.js";
import { findClangs } from "./find-clang.js";

const folder = mkdtempSync(join(tmpdir(), "datapath-compile-"));
test.after(() => rmSync(folder, { recursive: true }));

const source = "export default class Edge {\n  quoted() { return 7; }\n}\n";
const program = `struct context { unsigned int length; };
__attribute__((section("tc"), used)) int edge_ingress(struct context *context) {
#line 2 "src/edge.dp.ts"
  return context->length > 60;
}
char _license[] __attribute__((section("license"), used)) = "Dual BSD/GPL";
`;

function project(name: string): SourceRoot {
  const root = join(folder, name);
  mkdirSync(join(root, "src"), { recursive: true });
  writeFileSync(join(root, "src/edge.dp.ts"), source);
  return new SourceRoot(root);
}

function fakeClang(name: string, version: string): string {
  const bin = join(folder, `bin-${name}-${version}`);
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/sh\necho "Debian clang version ${version}"\n`);
  chmodSync(join(bin, name), 0o755);
  return bin;
}

test("C becomes an eBPF object that quotes the TypeScript", async () => {
  const result = await compileC(program, { root: project("one") });
  if (!result.ok) throw new Error(result.diagnostics[0]?.message);
  const text = Buffer.from(result.object).toString("latin1");
  assert.is(text.slice(0, 4), "\u007fELF");
  assert.match(text, "quoted() { return 7; }");
  assert.is(result.warnings, "");
});

test("two folders give the same bytes", async () => {
  const one = await compileC(program, { root: project("one") });
  const two = await compileC(program, { root: project("elsewhere/two") });
  if (!one.ok || !two.ok) throw new Error("refused");
  assert.equal(one.object, two.object);
  assert.not.match(Buffer.from(one.object).toString("latin1"), tmpdir());
});

test("what clang refuses is our bug: the place, its words, and the C in a file", async () => {
  const result = await compileC(program.replace("context->length", "context->size"), { root: project("one") });
  if (result.ok) throw new Error("accepted");
  const [diagnostic] = result.diagnostics;
  assert.is(diagnostic?.code, "DP5003");
  assert.equal([diagnostic?.span.file, diagnostic?.span.line], ["src/edge.dp.ts", 2]);
  const kept = /kept in (\S+)$/.exec(diagnostic?.message ?? "")?.[1] ?? "";
  assert.match(readFileSync(join(kept, "program.c"), "utf8"), "context->size");
  assert.ok(existsSync(join(kept, "clang.log")));
  rmSync(kept, { recursive: true });
});

test("a program and those that it calls have one stack: what is over it together is named", async () => {
  const deep = (bytes: number): string =>
    `typedef unsigned char bytes[${bytes}];
__attribute__((noinline)) int called(bytes *given) { unsigned char own[200] = {}; asm volatile("" : : "r"(own) : "memory"); return own[given ? (*given)[0] & 7 : 0]; }
${program.replace("return context->length > 60;", 'bytes own = {}; asm volatile("" : : "r"(own) : "memory"); return context->length > called(&own);')}`;
  const fits = await compileC(deep(200), { root: project("one") });
  assert.is(fits.ok, true);
  const over = await compileC(deep(320), { root: project("one") });
  if (over.ok) throw new Error("accepted");
  assert.equal(over.overStack, ["edge_ingress"]);
  assert.is(over.diagnostics[0]?.code, "DP5005");
});

test("a machine without clang", async () => {
  const result = await compileC(program, { root: project("one"), searchPath: join(folder, "nothing") });
  assert.is(result.ok ? "" : result.diagnostics[0]?.code, "DP5001");
});

test("a clang that is too old", async () => {
  const result = await compileC(program, { root: project("one"), searchPath: fakeClang("clang", "13.0.1") });
  assert.is(result.ok ? "" : result.diagnostics[0]?.code, "DP5002");
  assert.match(result.ok ? "" : (result.diagnostics[0]?.hint ?? ""), "apt-get install");
});

test("the newest clang is taken, by number and not by text", () => {
  const searchPath = [fakeClang("clang-9", "9"), fakeClang("clang-16", "16"), fakeClang("clang", "14.0.6")].join(":");
  assert.equal(
    findClangs(searchPath).map(({ version }) => version),
    [16, 14, 9],
  );
});

test("a name that tells the version starts no process", () => {
  const bin = dirname(join(fakeClang("clang-17", "17"), "clang-17"));
  writeFileSync(join(bin, "clang-17"), "#!/bin/sh\nexit 1\n");
  assert.is(findClangs(bin)[0]?.version, 17);
});

test.run();

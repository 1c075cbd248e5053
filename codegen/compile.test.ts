/** The whole compiler on whole files: what a build gives, and what decides it. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { manifestText } from "./bundle/write-bundle.js";
import { type Compilation, compile } from "./compile.js";
import { settle } from "./diagnostics/render.js";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "datapath-whole-")));
test.after(() => rmSync(folder, { recursive: true }));

const edge = `import { Pipeline, Verdict, type TcPacket } from "datapath";
import { Shortest } from "shortest";
import { limit } from "./limit.js";

export default class Edge extends Pipeline {
  readonly shortest = new Shortest({ bytes: limit });

  override ingress(pkt: TcPacket): Verdict {
    return this.shortest.check(pkt) ?? Verdict.Pass;
  }
}
`;
const block = `import { Block, Verdict, type Packet } from "datapath";

export class Shortest extends Block<{ bytes: number }> {
  check(pkt: Packet): Verdict | undefined {
    return pkt.length < this.options.bytes ? Verdict.drop("short") : undefined; // of the block
  }
}
`;
const blockPackage = '{ "name": "shortest", "type": "module", "exports": { ".": { "datapath": "./src/shortest.dp.ts" } } }';

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

/** A project whose block package lies in node_modules, or is linked there from elsewhere. */
function project(name: string, linked: boolean): string {
  const root = join(folder, name);
  write(root, {
    "package.json": '{ "name": "edge", "type": "module" }',
    "src/edge.dp.ts": edge,
    "src/limit.ts":
      "export const limit = Number(process.env.DATAPATH_TEST_LIMIT ?? 60);\ndeclare const process: { env: Record<string, string | undefined> };\n",
  });
  mkdirSync(join(root, "node_modules"), { recursive: true });
  const datapath = fileURLToPath(new URL("../", import.meta.url));
  symlinkSync(datapath, join(root, "node_modules/datapath"));
  const home = linked ? join(folder, `${name}-blocks`) : join(root, "node_modules/shortest");
  write(home, { "package.json": blockPackage, "src/shortest.dp.ts": block });
  if (linked) {
    mkdirSync(join(home, "node_modules"));
    symlinkSync(datapath, join(home, "node_modules/datapath"));
    symlinkSync(home, join(root, "node_modules/shortest"));
  }
  return join(root, "src/edge.dp.ts");
}

function bytes({ bundle, diagnostics }: Compilation): { readonly c: string; readonly object: Uint8Array; readonly manifest: string } {
  if (bundle === undefined) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n"));
  return { c: bundle.code, object: bundle.object, manifest: manifestText(bundle.manifest) };
}

test("the same sources give the same bytes in two folders, a block package linked or not", async () => {
  const one = bytes(await compile(project("one", false)));
  const two = bytes(await compile(project("deep/down/two", true)));
  assert.is(one.c, two.c);
  assert.is(one.manifest, two.manifest);
  assert.ok(Buffer.from(one.object).equals(Buffer.from(two.object)));
  const text = Buffer.from(two.object).toString("latin1");
  assert.match(text, "// of the block", "BTF quotes the block's line");
  assert.not.match(text, folder);
  assert.not.match(two.manifest, folder);
});

test("a second build in one process is the same, with or without its type-check", async () => {
  const file = project("again", false);
  const first = await compile(file);
  const second = await compile(file, { fresh: true, ...(first.checked ? { previous: first.checked } : {}) });
  assert.equal(bytes(first), bytes(second));
});

test("an environment variable decides, is recorded, and its value stays out of the bundle", async () => {
  process.env.DATAPATH_TEST_LIMIT = "1234";
  try {
    const built = await compile(project("environment", false));
    assert.match(bytes(built).c, "1234");
    assert.is(built.record?.environment.get("DATAPATH_TEST_LIMIT"), "1234");
    assert.not.match(bytes(built).manifest, "1234");
  } finally {
    delete process.env.DATAPATH_TEST_LIMIT;
  }
});

test("check alone writes no object", async () => {
  const { bundle, translation, diagnostics } = await compile(project("check", false), { checkOnly: true });
  assert.equal(diagnostics, []);
  assert.is(bundle, undefined);
  assert.match(translation?.printed.code ?? "", "edge_ingress");
});

test("errors of all stages that can run are reported in one run", async () => {
  const file = project("errors", false);
  write(dirname(file), {
    "edge.dp.ts": edge.replace(
      "?? Verdict.Pass;",
      '?? (pkt.length ? Verdict.Pass : Verdict.drop("empty"));\n  }\n  override egress(pkt: TcPacket): Verdict {\n    pkt.mark = pkt.length - 100;\n    while (pkt.length > 60) pkt.priority = 1;\n    return Verdict.Pass;',
    ),
  });
  const { diagnostics } = await compile(file);
  assert.equal([...new Set(settle(diagnostics).map(({ code }) => code))].sort(), ["DP1101", "DP1140", "DP2001"]);
});

test("an error of types does not hide what is outside the subset", async () => {
  const file = project("typed", false);
  write(dirname(file), {
    "edge.dp.ts": edge.replace(
      "?? Verdict.Pass;",
      "?? Verdict.Pass;\n  }\n  override egress(pkt: TcPacket): Verdict {\n    const mark: string = pkt.length;\n    while (pkt.length > 60) pkt.priority = 1;\n    return Verdict.Pass;",
    ),
  });
  const { diagnostics, bundle } = await compile(file);
  assert.equal([...new Set(settle(diagnostics).map(({ code }) => code))].sort(), ["DP1101", "TS2322"]);
  assert.is(bundle, undefined);
});

test.run();

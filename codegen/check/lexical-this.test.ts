import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { evaluate } from "../evaluate/evaluate.js";
import type { Front } from "../specialise/front.js";
import { createFront } from "./create-front.js";
import { createProject } from "./create-program.js";

const source = `import { Block, Pipeline } from "datapath";
type Test = (n: number) => boolean;
class Filter extends Block<{ test: Test }> {
  readonly own = (n: number): boolean => n > 1 && this.options.test(n);
}
class Nested extends Block<{ depth: number; test?: Test }> {
  readonly limit = this.options.depth;
  readonly inner: Nested | undefined = this.options.depth > 0 ? new Nested({ depth: this.options.depth - 1, test: n => n > this.limit }) : undefined;
}
class Registry extends Block<{}> {
  static readonly tests: Test[] = [];
  readonly limit = 3;
  constructor() {
    super();
    Registry.tests.push(n => n > this.limit);
  }
}
class Lists extends Block<{}> {
  readonly limit = 4;
  readonly list = [1, 2].map(size => (n: number) => n > size + this.limit);
  readonly byName = new Map([["one", (n: number) => n > this.limit]]);
}
export default class Edge extends Pipeline {
  readonly max = 9000;
  readonly a = new Filter({ test: n => n > this.max });
  readonly b = new Filter({ test: n => n > 5 });
  readonly nested = new Nested({ depth: 2 });
  readonly registries = [new Registry(), new Registry()];
  readonly tests = Registry.tests;
  readonly lists = new Lists({});
  readonly alone = function (this: void): Test { return n => n === (this as unknown); }();
}
`;

const folder = mkdtempSync(join(tmpdir(), "datapath-this-"));
test.after(() => rmSync(folder, { recursive: true }));

async function front(): Promise<{ readonly front: Front; readonly edge: Record<string, unknown> & object }> {
  rmSync(join(folder, "node_modules"), { recursive: true, force: true });
  writeFileSync(join(folder, "package.json"), '{ "name": "edge", "type": "module" }');
  writeFileSync(
    join(folder, "edge.dp.ts"),
    source.replace('"datapath"', JSON.stringify(fileURLToPath(new URL("../../index.ts", import.meta.url)))),
  );
  const result = await evaluate(join(folder, "edge.dp.ts"));
  if (!result.ok) throw new Error(result.diagnostics[0]?.message);
  const program = createProject(join(folder, "edge.dp.ts"));
  return { front: createFront(result.evaluation, program, () => {}), edge: Object(result.evaluation.pipeline) };
}

const { front: asked, edge } = await front();

function at(path: string): object {
  let value: unknown = edge;
  for (const name of path.split(".")) value = Reflect.get(Object(value), name);
  return Object(value);
}

function thisOf(arrow: object): unknown {
  const resolved = asked.thisOf(arrow);
  return resolved.found ? resolved.value : "not found";
}

test("an arrow in another block's options means the object that made it", () => {
  assert.is(thisOf(at("a.options.test")), edge);
});

test("an arrow in a field of its own means that instance, of several of the class", () => {
  assert.is(thisOf(at("a.own")), at("a"));
  assert.is(thisOf(at("b.own")), at("b"));
});

test("of nested instances of one class the one whose field made it is meant", () => {
  assert.is(thisOf(at("nested.inner.options.test")), at("nested"));
  assert.is(thisOf(at("nested.inner.inner.options.test")), at("nested.inner"));
});

test("arrows in lists and maps are found", () => {
  assert.is(thisOf(at("lists.list.1")), at("lists"));
  const byName: unknown = Reflect.get(at("lists"), "byName");
  assert.ok(byName instanceof Map);
  assert.is(thisOf(byName.get("one")), at("lists"));
});

test("where more than one object can be meant, or none, nothing is claimed", () => {
  assert.is(thisOf(at("tests.0")), "not found");
  assert.is(thisOf(at("alone")), "not found");
  assert.is(thisOf(at("b.options.test")), "not found", "it has no this");
});

test.run();

import { test } from "uvu";
import * as assert from "uvu/assert";
import { allImports, importsOf, sourceFiles } from "./read-imports.js";
import { violation } from "./rules.js";

test("every import runs in the direction of the architecture", () => {
  const wrong = allImports().flatMap(edge => {
    const why = violation(edge);
    return why ? [`${edge.from}:${edge.line} imports ${edge.to}: ${why}`] : [];
  });
  assert.equal(wrong, []);
});

test("the files of every stage are read", () => {
  const files = sourceFiles();
  for (const folder of ["dsl/", "codegen/", "runtime/"])
    assert.ok(
      files.some(path => path.startsWith(folder)),
      folder,
    );
});

/** One line of TypeScript in a file, and whether the rule lets it be. */
const cases: readonly (readonly [file: string, line: string, allowed: boolean])[] = [
  ["dsl/core/view.ts", `import { sizeOf } from "./shape.js";`, true],
  ["dsl/core/view.ts", `import { Block } from "datapath";`, false],
  ["dsl/core/view.ts", `import type { Program } from "../../codegen/ir/ir.js";`, false],
  ["blocks/counter/counter.dp.ts", `import { Block } from "datapath";`, true],
  ["blocks/counter/counter.dp.ts", `import { Block } from "../../dsl/block.js";`, false],
  ["blocks/counter/counter.dp.ts", `import { Node } from "ts-morph";`, false],
  ["codegen/print/print.ts", `import { sizeOf } from "../../dsl/core/shape.js";`, true],
  ["codegen/print/print.ts", `import { Node } from "ts-morph";`, false],
  ["codegen/check/check.ts", `import { Node } from "ts-morph";`, true],
  ["codegen/check/check.ts", `import ts from "typescript";`, false],
  ["codegen/bundle/write.ts", `import { attach } from "../../runtime/attach.js";`, false],
  ["runtime/bundle.ts", `import type { Manifest } from "../codegen/bundle/manifest.js";`, true],
  ["runtime/bundle.ts", `import { type Manifest, type Shape } from "../codegen/bundle/manifest.js";`, true],
  ["runtime/bundle.ts", `import { compile } from "../codegen/compile.js";`, false],
  ["runtime/bundle.ts", `export { compile } from "../codegen/compile.js";`, false],
  ["runtime/cli/build.ts", `import { compile } from "../../codegen/compile.js";`, true],
  ["testing/both.ts", `const { compile } = await import("../codegen/compile.js");`, true],
  ["testing/both.ts", `import { compile } from "../codegen/compile.js";`, false],
  ["testing/session.ts", `import { native } from "../runtime/native/index.js";`, true],
  ["testing/both.ts", `import { Session } from "./session.js";`, false],
  ["testing/kernel.ts", `const { runner } = await import("./kernel-runner.js");`, true],
  ["examples/01-drop/drop.dp.ts", `import { Pipeline } from "datapath";`, true],
  ["examples/01-drop/drop.dp.ts", `import { Pipeline } from "../../index.js";`, false],
  ["dsl/core/view.ts", `import { lab } from "../../test/lab/lab.js";`, false],
];
for (const [file, line, allowed] of cases) {
  test(`${file} ${allowed ? "may" : "may not"}: ${line}`, () => {
    const [edge] = importsOf(file, line);
    assert.ok(edge);
    assert.is(edge && violation(edge) === undefined, allowed);
  });
}

test.run();

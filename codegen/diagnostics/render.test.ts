import { test } from "uvu";
import * as assert from "uvu/assert";
import { SourceRoot } from "../source/source-root.js";
import type { Diagnostic } from "./diagnostic.js";
import { type RenderOptions, render, settle } from "./render.js";

const text = "line one\n\tif (flags & 2) return;\nlast";
const options: RenderOptions = { root: new SourceRoot("/project"), colour: false, directory: "/project/src", read: () => text };

const truth: Diagnostic = {
  code: "DP1140",
  severity: "error",
  message: "`flags & 2` is a value, not a condition",
  hint: "write `(flags & 2) !== 0`",
  span: { file: "src/edge.dp.ts", line: 2, column: 6, length: 9 },
};

test("a diagnostic is shown in tsc's format with its line, an underline and the hint", () => {
  assert.is(
    render([truth], options),
    [
      "edge.dp.ts:2:6 - error DP1140: `flags & 2` is a value, not a condition",
      "",
      "2 \tif (flags & 2) return;",
      "  \t    ~~~~~~~~~",
      "",
      "  hint: write `(flags & 2) !== 0`",
      "",
      "1 error",
      "",
    ].join("\n"),
  );
});

test("related places follow", () => {
  const related = [{ message: "the view ended here", span: { file: "src/edge.dp.ts", line: 1, column: 1, length: 4 } }];
  assert.match(render([{ ...truth, related }], options), "  edge.dp.ts:1:1 - the view ended here\n  1 line one\n    ~~~~\n");
});

test("an underline ends with its line", () => {
  const long = { ...truth, span: { ...truth.span, line: 3, column: 3, length: 80 } };
  assert.match(render([long], options), "3 last\n    ~~\n");
});

test("a diagnostic of the whole file has no frame", () => {
  const whole: Diagnostic = {
    code: "DP1001",
    severity: "error",
    message: "none",
    span: { file: "src/edge.dp.ts", line: 0, column: 0, length: 0 },
  };
  assert.is(render([whole], options), "edge.dp.ts - error DP1001: none\n\n1 error\n");
});

test("colours are ANSI escapes and only on request", () => {
  assert.match(render([truth], { ...options, colour: true }), "\u001b[91merror\u001b[0m");
  assert.not.match(render([truth], options), "\u001b");
});

test("notices are no errors, and nothing is nothing", () => {
  assert.not.match(render([{ ...truth, severity: "notice" }], options), "1 error");
  assert.is(render([], options), "");
});

test("diagnostics are sorted by place and each is said once", () => {
  const first = { ...truth, span: { ...truth.span, line: 1 } };
  assert.equal(settle([truth, first, { ...truth }]), [first, truth]);
});

test("what the specialiser says of a place that the subset refused is left out", () => {
  const consequence: Diagnostic = { ...truth, code: "DP1203", message: "no source" };
  assert.equal(settle([consequence, truth]), [truth]);
  const elsewhere = { ...consequence, span: { ...truth.span, line: 3 } };
  assert.equal(settle([elsewhere, truth]), [truth, elsewhere]);
});

test.run();

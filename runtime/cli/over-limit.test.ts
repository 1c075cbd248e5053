import { test } from "uvu";
import * as assert from "uvu/assert";
import type { HookCost } from "./cost-view.js";
import { exitCodeOf } from "./diagnostics-view.js";
import { ExitCode } from "./exit-code.js";
import { overLimit } from "./over-limit.js";

const cost = (verified: number, counted = false): HookCost => ({ hook: "xdp", instructions: 900, verified, counted, dominated: undefined });

test("an estimate over the verifier's million is an error that names the hook, and the file where no line dominates", () => {
  const [found, ...others] = overLimit([cost(999_999), cost(1_000_000)], "edge.dp.ts");
  assert.is(found?.code, "DP5006");
  assert.match(found?.message ?? "", /^xdp /);
  assert.is(found?.span.file, "edge.dp.ts");
  assert.equal(others, []);
  assert.is(exitCodeOf(found ? [found] : []), ExitCode.WrongInput);
});

test("the line with most of the work is where it is shown", () => {
  const [found] = overLimit([{ ...cost(2_000_000), dominated: { file: "walk.dp.ts", line: 12 } }], "edge.dp.ts");
  assert.equal([found?.span.file, found?.span.line], ["walk.dp.ts", 12]);
});

test("what the verifier counted itself is no estimate", () => {
  assert.equal(overLimit([cost(1_000_000, true)], "edge.dp.ts"), []);
});

test.run();

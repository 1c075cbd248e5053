import { test } from "uvu";
import * as assert from "uvu/assert";
import { median } from "./harness.js";
import { chart, listsTable, rowsTable, table } from "./report.js";

const row = { name: "counter", instructions: 27, twinInstructions: 26, verified: 40, jitedBytes: 150, netNs: 2.1, twinNetNs: 2 };

test("a median is the middle, or between the two in the middle", () => {
  assert.is(median([9, 1, 5]), 5);
  assert.is(median([9, 1, 5, 6]), 5.5);
});

test("columns of a table are as wide as their widest cell", () => {
  assert.is(table(["", "ns"], [["a long name", "7"]]), "             ns\na long name   7");
});

test("a row says how many instructions more than the twin, and the ratio of times", () => {
  const [, line = ""] = rowsTable([row]).split("\n");
  assert.equal(line.trim().split(/\s+/), ["counter", "27", "26", "1", "40", "150", "2.1", "2.0", "1.05"]);
});

test("a list that the verifier refuses is said to be refused", () => {
  assert.match(listsTable([{ rules: 1000, figures: undefined }]), /1000 rules\s+refused by\s+the\s+verifier/);
});

test("the chart has two bars a row", () => {
  const svg = chart([row, { ...row, name: "other" }]);
  assert.is(svg.match(/<rect x=/g)?.length, 4);
  assert.match(svg, />27 \/ 26 instructions</);
});

test.run();

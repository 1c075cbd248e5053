// test: timeout 300
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Measured, measuredCases, measuredPage, measuredPath, readPage, whatOf } from "./measured.js";
import { sizeOf } from "./run-case.js";

const lines = readPage(readFileSync(measuredPath, "utf8"));

test("the page names the bench's pipelines, each in its own words", () => {
  assert.equal(
    lines.map(({ name, what }) => ({ name, what })),
    measuredCases().map(of => ({ name: of.name, what: whatOf(of) })),
  );
});

test("what the page says of cheap rows is so", async () => {
  for (const name of ["ARP responder", "counter", "acl/10"]) {
    const of = measuredCases().find(each => each.name === name);
    const line = lines.find(each => each.name === name);
    if (!of || !line) throw new Error(`no row ${name}`);
    assert.equal({ instructions: line.instructions, verified: line.verified }, await sizeOf(of), name);
  }
});

test("a page is read as it was written", () => {
  const some: readonly Measured[] = [
    { name: "a/b/c/1", what: "What it is.", instructions: 12, verified: 34 },
    { name: "d", what: "Not built.", instructions: undefined, verified: undefined },
  ];
  assert.equal(readPage(measuredPage(some)), some);
});

test.run();

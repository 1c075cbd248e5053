import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile, manifestOf } from "../../fixtures/compile.js";
import { Terminal } from "../terminal.js";
import { explain } from "./explain.js";
import { renderProgram } from "./render.js";

const source = [
  "export default class Sample extends Pipeline {",
  "  override ingress(pkt) {",
  "    if (pkt.length > 100)",
  '      return Verdict.drop("long");',
  "  }",
  "}",
];

/** As the compiler prints it: `#line` in front of every statement. The fixture's prelude is in front of it. */
const body = `SEC("tc") int sample_ingress(struct __sk_buff *ctx)
{
#line 3 "sample.dp.ts"
  if (ctx->len > 100)
#line 4 "sample.dp.ts"
    return 2;
#line 2 "sample.dp.ts"
  return -1;
}
`;
const object = compile(body);
const manifest = manifestOf({
  hooks: [{ hook: "ingress", program: "sample_ingress", section: "tc" }],
  lines: [
    { line: 4, source: { file: "sample.dp.ts", line: 3, column: 5 } },
    { line: 6, source: { file: "sample.dp.ts", line: 4, column: 7 } },
    { line: 8, source: { file: "sample.dp.ts", line: 2, column: 3 } },
  ],
});

test("each line of TypeScript has its C and its instructions", () => {
  const [program] = explain({ manifest, code: body, object });
  assert.is(program?.hook, "ingress");
  const at = (line: number) => program?.lines.find(candidate => candidate.line === line);
  assert.equal(at(3)?.c, ["if (ctx->len > 100)"]);
  assert.equal(at(4)?.c, ["return 2;"]);
  assert.ok(at(3)?.instructions.some(text => /= \*\(u32 \*\)\(r1 \+ 0\)$/.test(text)));
  const counted = program?.lines.flatMap(line => line.instructions) ?? [];
  assert.is(counted.length, program?.instructions);
});

test("three columns where there is room, one under the other where there is not", () => {
  const [program] = explain({ manifest, code: body, object });
  assert.ok(program);
  const text = (_file: string, line: number): string | undefined => source[line - 1];
  const wide = program && renderProgram(program, text, new Terminal({ write: () => {} }, { write: () => {} }, {}));
  const row = wide?.find(line => line.trim().startsWith("3 "));
  assert.match(row ?? "", /^ +3 if \(pkt\.length > 100\) +│ if \(ctx->len > 100\) +│ \d+: \S/);
  const narrow =
    program &&
    renderProgram(program, text, new Terminal({ isTTY: true, columns: 80, write: () => {} }, { write: () => {} }, { NO_COLOR: "1" }));
  assert.ok(narrow?.includes("      if (ctx->len > 100)"));
});

test.run();

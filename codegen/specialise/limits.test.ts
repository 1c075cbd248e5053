/** How many bytes are copied or summed at once: what `dp check` says, line by line. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../compile.js";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "datapath-limits-")));
test.before(() => {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(fileURLToPath(new URL("../../", import.meta.url)), join(folder, "node_modules/datapath"));
  writeFileSync(join(folder, "package.json"), '{ "name": "limits", "type": "module" }');
});
test.after(() => rmSync(folder, { recursive: true }));

/** What is said about statements, one a line, where `count` is 0 … 65,535 and `many` 600 … 65,535. */
async function told(statements: readonly string[]): Promise<readonly (string | undefined)[]> {
  const file = join(folder, "limits.dp.ts");
  const lines = [
    'import { Pipeline, u16, Verdict, type TcPacket } from "datapath";',
    "export default class Limits extends Pipeline {",
    "  override ingress(pkt: TcPacket): Verdict {",
    "    const count = pkt.read(12, u16) ?? 0; const many = Math.max(count, 600);",
    "    if (many === count) return Verdict.Pass;",
    ...statements,
    "    return Verdict.Pass;",
    "  }",
    "}",
  ];
  writeFileSync(file, lines.join("\n"));
  const { diagnostics } = await compile(file, { checkOnly: true });
  const first = lines.length - statements.length - 2;
  const said = statements.map((_, i) => diagnostics.find(({ span }) => span.line === first + i));
  assert.is(diagnostics.length, said.filter(diagnostic => diagnostic !== undefined).length, "nothing is said of other lines");
  return said.map(diagnostic => diagnostic && `${diagnostic.code} ${diagnostic.message}`);
}
const copies = (count: string, max: string): string => `if (!pkt.copy(14, 34, ${count}, { max: ${max} })) return Verdict.drop("no");`;
const sums = (length: string, max: string): string => `if (pkt.checksum(14, ${length}, { max: ${max} }) === 1) return Verdict.drop("no");`;

test("a limit over what is carried at once, or that is none, is refused where it is given", async () => {
  assert.equal(await told([copies("count", "512"), copies("count", "-1"), copies("count", "1.5"), sums("count", "2033")]), [
    "DP3108 copy(…, { max: 512 }): at most 511 bytes at once",
    "DP3108 copy(…, { max: -1 }): at most 511 bytes at once",
    "DP3108 copy(…, { max: 1.5 }): at most 511 bytes at once",
    "DP3108 checksum(…, { max: 2033 }): at most 2032 bytes at once",
  ]);
});

test("a number of bytes that is always above the limit is refused; one that may be is met at run time", async () => {
  assert.equal(
    await told([
      copies("512", "511"),
      copies("many", "511"),
      copies("count", "511"),
      copies("511", "511"),
      copies("5", "4"),
      sums("2033", "2032"),
      sums("count", "2032"),
      sums("2032", "2032"),
      sums("many", "599"),
      sums("many", "600"),
    ]),
    [
      "DP3108 the number of bytes to copy is 512, and its limit is 511: it is never done",
      "DP3108 the number of bytes to copy is 600…65535, and its limit is 511: it is never done",
      undefined,
      undefined,
      "DP3108 the number of bytes to copy is 5, and its limit is 4: it is never done",
      "DP3108 the number of bytes to sum is 2033, and its limit is 2032: it is never done",
      undefined,
      undefined,
      "DP3108 the number of bytes to sum is 600…65535, and its limit is 599: it is never done",
      undefined,
    ],
  );
});

test.run();

/** Each row is the body of a method: what the subset's rules say of it, or nothing. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ts } from "ts-morph";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkSubset } from "./check-subset.js";
import { createProject } from "./create-program.js";
import { isFunctionNode } from "./declaration-at.js";

const accepted: readonly string[] = [
  "const eth = pkt.at(0, Ethernet);\nif (!eth || eth.etherType !== 0x806) return undefined;\neth.src = eth.dst;\nreturn Verdict.Reflect;",
  "for (const size of this.sizes) if (pkt.length === size) return Verdict.drop('size');",
  "for (let i = 0; i < this.sizes.length; i++) if (pkt.read(i, u8) === this.sizes[i]) break;",
  "const total = this.totals.get(1);\nif (total) total.packets += 1n;",
  "const { length } = pkt;\nreturn length > 60 ? Verdict.Pass : undefined;",
  "return this.optional?.(pkt) ?? Verdict.Pass;",
  "switch (pkt.length) {\n  case 60:\n    return Verdict.drop('sixty');\n  default:\n    return undefined;\n}",
  "const isLong = (n: number): boolean => n > 1500;\nreturn isLong(pkt.length) ? Verdict.drop('long') : undefined;",
  "const size = { length: pkt.length, limit: this.limit };\nreturn size.length > size.limit ? Verdict.drop('long') : undefined;",
  "return this.mode === 'drop' ? Verdict.drop('mode') : undefined;",
  "return this.marks[4] === pkt.mark ? Verdict.drop('mark') : undefined;",
  "const verdict: Verdict = Verdict.Pass;\nreturn verdict === Verdict.Pass ? undefined : verdict;",
  "const high = Math.trunc(pkt.length / 2 ** 8) % 256;\nreturn high === 1 ? Verdict.drop('one') : undefined;",
  "const wide: u32 = u8(pkt.length) as u16;\nreturn wide === 60 ? Verdict.drop('sixty') : undefined;",
  "const size = (pkt.length satisfies number) as number;\nreturn size === 60 ? Verdict.drop('sixty') : undefined;",
  "return this.sizes.some(size => size === pkt.length) ? Verdict.drop('some') : undefined;",
  "const evidence = new Evidence(pkt.length);\nreturn evidence.length > 60 ? Verdict.drop('long') : undefined;",
  "let at = 14;\nif (pkt.length > 60) at += 4;\nreturn pkt.read(at, u8) === undefined ? Verdict.drop('short') : undefined;",
  "const bytes = pkt.bytes(0, 6);\nif (bytes && bytes[0] === bytes[5]) return Verdict.drop('same');",
  "const is = pkt.length > 60 && pkt.length < 1500;\nif (is) return Verdict.drop('middle');",
];

const refused: readonly (readonly [body: string, ...codes: string[]])[] = [
  ["while (pkt.length > 60) pkt.mark = 1;", "DP1101"],
  ["do pkt.mark = 1; while (pkt.length > 60);", "DP1101"],
  ["for (;;) return undefined;", "DP1101"],
  ["const long = new Map<number, number>();\nif (long.size > 1) return undefined;", "DP1107"],
  [
    "const list: number[] = [];\nif (list.length > 1) return undefined;\nconst parsed = JSON.parse('1');\nif (parsed.x === 1) return undefined;",
    "DP1108",
  ],
  ["const eth = pkt.at(0, Ethernet)!;\nif (eth.src === 1) return undefined;", "DP1109"],
  ["const narrow = pkt.length as u16;\nif (narrow === 1) return undefined;", "DP1110"],
  ["const wide = this.totals.get(1)?.packets as bigint | undefined;\nif (wide === 1n) return undefined;"],
  ["const text = 'a' + 'b';\nif (text === 'ab') return undefined;", "DP1111"],
  ["if (this.mode.startsWith('d')) return undefined;", "DP1111"],
  ["const now = Date.now();\nif (now > 1) return undefined;", "DP1113"],
  ["const d = new Date();\nif (d === undefined) return undefined;", "DP1113"],
  ["this.limit = 3;", "DP1115"],
  ["this.limit++;", "DP1115"],
  ["this.list[0] = 3;", "DP1115"],
  ["moduleCounter += 1;", "DP1115"],
  ["Evidence.made = 3;", "DP1115"],
  ["if (pkt.length) return undefined;", "DP1140"],
  ["if (!pkt.mark) return undefined;", "DP1140"],
  ["if (pkt.mark & 2) return undefined;", "DP1140"],
  ["const size = pkt.length || 60;\nif (size === 60) return undefined;", "DP1140"],
  ["return pkt.length && pkt.mark ? undefined : Verdict.Pass;", "DP1140", "DP1140"],
  ["const count = this.counts.get(1);\nreturn count ? Verdict.Pass : undefined;", "DP1140"],
  ["const one = this.totals.get(1);\nconst two = this.totals.get(2);\nif (one === two) return undefined;", "DP1141"],
  ["if (pkt.length == 60) return undefined;", "DP1120"],
  ["console.log(pkt.length);", "DP1130"],
  ["try {\n  while (true) pkt.mark = 1;\n} catch {}", "DP1104"],
  ["const f = async () => pkt.length;\nvoid f;", "DP1105"],
  ["const f = function* () {\n  yield 1;\n};\nvoid f;", "DP1106", "DP1106"],
  ["const view: { next?: () => number } = {};\nview.next = () => pkt.length;", "DP1125"],
  ["var a = 1, b = 2;\nif (a === b) return undefined;", "DP1121"],
  ["if (arguments.length === 1) return undefined;", "DP1132"],
  ["const nothing = null;\nvoid nothing;", "DP1127"],
];

const folder = mkdtempSync(join(tmpdir(), "datapath-subset-"));
test.after(() => rmSync(folder, { recursive: true }));

function found(bodies: readonly string[]): readonly (readonly string[])[] {
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  rmSync(join(folder, "node_modules/datapath"), { force: true });
  symlinkSync(fileURLToPath(new URL("../../", import.meta.url)), join(folder, "node_modules/datapath"));
  writeFileSync(join(folder, "package.json"), '{ "name": "subset", "type": "module" }');
  const methods = bodies.map((body, i) => `  row${i}(pkt: TcPacket): Verdict | undefined {\n${body}\n    return undefined;\n  }\n`);
  const text = `import { Block, Verdict, hashMap, struct, u8, u32, u64, type TcPacket, type u16 } from "datapath";
import { Ethernet } from "datapath/headers";
class Total extends struct({ packets: u64 }) {}
class Evidence {
  static made = 0;
  constructor(length: number) { this.length = length; }
  readonly length: number;
}
let moduleCounter = 0;
declare const console: { log(...values: unknown[]): void };
export class Rows extends Block<{ mode?: "drop" }> {
  readonly sizes: readonly number[] = [60, 1514];
  readonly list = [1, 2];
  readonly marks = { 4: 1, 6: 2 };
  readonly mode: "drop" | "pass" = this.options.mode ?? "pass";
  readonly optional: ((pkt: TcPacket) => Verdict | undefined) | undefined = undefined;
  limit = 1;
  readonly totals = hashMap(u32, Total, { maxEntries: 4 });
  readonly counts = hashMap(u32, u32, { maxEntries: 4 });
${methods.join("")}}
void [u8, Ethernet, Evidence, moduleCounter];
export type Wide = u16;
`;
  writeFileSync(join(folder, "rows.ts"), text);
  const program = createProject(join(folder, "rows.ts"));
  const types = program.diagnostics.filter(({ code }) => code !== "TS7027");
  assert.equal(
    types.map(({ message, span }) => `${span.line}: ${message}`),
    [],
    "the rows are well-typed",
  );
  const codes: (readonly string[])[] = [];
  program.entry.forEachChild(node => {
    if (!ts.isClassDeclaration(node)) return;
    for (const member of node.members) {
      if (isFunctionNode(member) && member.name?.getText().startsWith("row"))
        codes.push(checkSubset(member, program).map(({ code }) => code));
    }
  });
  return codes;
}

test("what the language has is accepted", () => {
  const codes = found(accepted);
  assert.equal(
    accepted.filter((_, i) => codes[i]?.length !== 0).map(body => `${body} → ${codes[accepted.indexOf(body)]}`),
    [],
  );
});

test("what it has not is refused, each with its own code", () => {
  const codes = found(refused.map(([body]) => body));
  const wrong = refused.filter(([, ...expected], i) => expected.join() !== codes[i]?.join());
  assert.equal(
    wrong.map(row => `${row[0]} → ${codes[refused.indexOf(row)]}`),
    [],
  );
});

test.run();

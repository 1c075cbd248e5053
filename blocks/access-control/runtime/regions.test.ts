import { Verdict } from "datapath";
import { AccessControl, type AccessControlOptions } from "datapath/blocks";
import { hosting, simulate } from "datapath/testing";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { evaluate } from "../filter/evaluate.js";
import { seeded } from "../filter/expressions.fixture.js";
import { behindTag, cutFrames, plainFrames } from "../filter/frames.fixture.js";
import { readThroughTags } from "../filter/readings.js";
import { parseRule } from "../filter/rule.js";
import { MOST_REGIONS, tablesOf } from "./regions.js";

const alone = (options: AccessControlOptions) =>
  hosting(
    () => new AccessControl(options),
    (acl, pkt) => acl.check(pkt),
  );
const plain = plainFrames();
const frames = [
  ...plain,
  ...cutFrames().filter((_, i) => i % 5 === 0),
  ...plain.filter((_, i) => i % 7 === 0).map((frame, i) => behindTag(frame, i + 1)),
];

/** What these terms are about is in the frames. */
const terms = [
  "tcp",
  "udp",
  "icmp",
  "icmp6",
  "ip",
  "ip6",
  "tcp port 80",
  "dst port 53",
  "udp src portrange 40-60",
  "src portrange 1000-65535",
  "net 10.0.0.0/8",
  "src net 10.0.0.0/30",
  "host 10.0.0.1",
  "dst host 10.0.0.2",
  "dst net 192.0.0.0/8",
  "ip6 net 2001:db8::/32",
  "src net 2001:db8:0:1::/64",
  "ip6 host fe80::5",
];
function randomRule(random: () => number): string {
  const pick = (): string => `${random() < 0.2 ? "not " : ""}${terms[Math.floor(random() * terms.length)] ?? "tcp"}`;
  const expression = random() < 0.4 ? pick() : `(${pick()}) ${random() < 0.6 ? "and" : "or"} (${pick()})`;
  return `${random() < 0.5 ? "allow" : "deny"} ${expression}`;
}

for (const table of ["lpmTrie", "prefixTable"] as const) {
  test(`random lists in a ${table} decide as the first rule that matches`, () => {
    const random = seeded(table === "lpmTrie" ? 3 : 4);
    const pipeline = alone({ default: "deny", rules: [], runtime: { maxPrefixes: 50, table } })();
    let passed = 0;
    let judged = 0;
    for (let list = 0; list < 12; list++) {
      const rules = Array.from({ length: 1 + Math.floor(random() * 6) }, () => randomRule(random));
      pipeline.block.runtime?.replace(rules);
      const read = rules.map(parseRule);
      for (const [i, frame] of frames.entries()) {
        if (i % 6 !== list % 6) continue;
        const reading = readThroughTags(frame);
        const first = read.find(rule => evaluate(rule.condition, reading) === true);
        const expected = isIp(frame) && first?.verb === "allow";
        const { verdict } = simulate(pipeline, "xdp", frame);
        passed += Number(expected);
        judged += 1;
        if ((verdict === Verdict.Pass) !== expected)
          assert.unreachable(`expected ${expected}, got ${verdict} for ${Buffer.from(frame).toString("hex")}\n${rules.join("\n")}`);
      }
    }
    assert.ok(passed > judged / 20 && passed < judged * 0.9, `${passed} of ${judged} passed`);
  });
}

/** Run-time rules are asked about IP that can be parsed. */
function isIp(frame: Uint8Array): boolean {
  return simulate(ipOnly, "xdp", frame).verdict === Verdict.Pass;
}
const ipOnly = alone({ default: "allow", rules: ["deny not ip and not ip6"], malformed: "drop" })();

test("many prefixes of one kind are one region", () => {
  const rules = Array.from({ length: 1000 }, (_, i) =>
    parseRule(`${i % 3 === 0 ? "allow" : "deny"} src net 10.${i >> 4}.${(i & 15) * 16}.0/${20 + (i % 8)}`),
  );
  const read = rules.map(({ verb, condition }) => ({ verb: verb === "allow" ? verb : ("deny" as const), condition }));
  const tables = tablesOf(read, 4, ["source"]);
  const bits = tables.prefixes.source.reduce((all, { regions }) => all | regions.allow | regions.deny, 0n);
  assert.is(bits, 1n);
});

test("rules that cross each other too often are refused with the reason", () => {
  const rules = Array.from({ length: MOST_REGIONS + 1 }, (_, i) => parseRule(`allow src host 10.0.0.${i} and dst host 10.1.0.${i}`));
  const read = rules.map(({ condition }) => ({ verb: "allow" as const, condition }));
  assert.throws(() => tablesOf(read, 4, ["source", "destination"]), /make 65 regions of one verdict, and there is room for 64/);
});

test.run();

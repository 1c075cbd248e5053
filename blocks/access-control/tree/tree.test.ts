import { test } from "uvu";
import * as assert from "uvu/assert";
import { randomExpression, seeded, written } from "../filter/expressions.fixture.js";
import { parseFilter } from "../filter/index.js";
import { compile } from "./compile.js";
import { costOf, decide } from "./decision.js";
import { type Family, type Field, fieldKey, greatest } from "./field.js";
import { lower } from "./lower.js";
import { type Predicate, truth } from "./predicate.js";

interface Written {
  readonly verb: "allow" | "deny" | "audit";
  readonly expression: string;
}
const families: readonly Family[] = [4, 6, 0];

/** Values next to where something changes, and some at random: one for each field. */
function packets(predicates: readonly Predicate[], random: () => number, count: number): Map<string, number>[] {
  const values = new Map<string, { field: Field; at: Set<number> }>();
  const edges = (predicate: Predicate): void => {
    if (predicate.kind === "and" || predicate.kind === "or") {
      edges(predicate.left);
      edges(predicate.right);
    } else if (predicate.kind === "not") edges(predicate.operand);
    else if (predicate.kind === "within") {
      const known = values.get(fieldKey(predicate.field)) ?? { field: predicate.field, at: new Set([0, greatest(predicate.field)]) };
      for (const value of [
        predicate.first - 1,
        predicate.first,
        predicate.last,
        predicate.last + 1,
        predicate.cutFrom - 1,
        predicate.cutFrom,
      ])
        if (value >= 0 && value <= greatest(predicate.field)) known.at.add(value);
      values.set(fieldKey(predicate.field), known);
    }
  };
  for (const predicate of predicates) edges(predicate);
  const lists = [...values].map(([key, { at }]) => ({ key, at: [...at] }));
  return Array.from({ length: count }, () => new Map(lists.map(({ key, at }) => [key, at[Math.floor(random() * at.length)] ?? 0])));
}

/** Compares the decision with the list, rule by rule, on `count` packets of each family. */
function check(rules: readonly Written[], random: () => number, count: number): void {
  const conditions = rules.map((rule, i) => ({
    condition: parseFilter(rule.expression),
    ends: rule.verb !== "audit",
    result: `${i} ${rule.verb}`,
  }));
  for (const family of families) {
    const predicates = conditions.map(rule => lower(rule.condition, family));
    const decision = compile(conditions, family, { keyOf: result => result, fallback: "none" });
    for (const packet of packets(predicates, random, count)) {
      const valueFor = (field: Field): number => packet.get(fieldKey(field)) ?? 0;
      const expected: string[] = [];
      const first = conditions.find((rule, i) => {
        const predicate = predicates[i];
        const holds = predicate !== undefined && truth(predicate, valueFor) === true;
        if (holds && !rule.ends) expected.push(rule.result);
        return holds && rule.ends;
      });
      const noted: string[] = [];
      const found = decide(decision, valueFor, result => noted.push(result));
      if (found !== (first?.result ?? "none") || noted.join() !== expected.join())
        assert.unreachable(
          `family ${family}: expected ${expected} ${first?.result}, found ${noted} ${found}, for ${JSON.stringify([...packet])}\n${rules.map(rule => `${rule.verb} ${rule.expression}`).join("\n")}`,
        );
    }
  }
}

test("each written expression decides as it says", () => {
  const random = seeded(1);
  for (const expression of written) check([{ verb: "allow", expression }], random, 40);
});

test("random lists of rules decide as the first that holds", () => {
  const random = seeded(2);
  for (let list = 0; list < 150; list++) {
    const rules = Array.from({ length: 1 + Math.floor(random() * 8) }, (): Written => {
      const verb = random() < 0.2 ? "audit" : random() < 0.5 ? "allow" : "deny";
      return { verb, expression: randomExpression(random, 1 + Math.floor(random() * 2)) };
    });
    check(rules, random, 60);
  }
});

/** Source networks and destination ports of TCP. */
function serverRules(count: number, random: () => number): Written[] {
  const one = <T>(list: readonly T[], none: T): T => list[Math.floor(random() * list.length)] ?? none;
  return Array.from({ length: count }, (): Written => {
    const length = one([8, 16, 16, 20, 24, 24, 24, 28, 32, 32], 32);
    const bits = Math.floor(random() * 2 ** length) * 2 ** (32 - length);
    const net = `${[24, 16, 8, 0].map(shift => Math.floor(bits / 2 ** shift) % 256).join(".")}/${length}`;
    const port = one(["port 22", "port 80", "port 443", "portrange 8000-8080", "", ""], "");
    return { verb: random() < 0.5 ? "allow" : "deny", expression: `tcp${port && ` dst ${port}`} and src net ${net}` };
  });
}

for (const [count, most] of [
  [10, 45],
  [100, 320],
  [1000, 2600],
] as const) {
  test(`${count} rules over source networks and ports stay below ${most} compares`, () => {
    const rules = serverRules(count, seeded(5));
    const compiled = rules.map(rule => ({ condition: parseFilter(rule.expression), ends: true, result: rule.verb }));
    const began = performance.now();
    const decision = compile(compiled, 4, { keyOf: result => result, fallback: "deny" });
    const took = performance.now() - began;
    const { compares, deepest } = costOf(decision);
    console.log(`${count} rules: ${compares} compares, at most ${deepest} for one packet, ${took.toFixed(0)} ms`);
    assert.ok(compares <= most, `${compares} compares`);
    assert.ok(deepest <= 24, `${deepest} deep`);
    if (count <= 100) check(rules, seeded(6), 500);
  });
}

test.run();

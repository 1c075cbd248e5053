/** What splitting must not change: parts that know nothing but what is carried come to the same verdict and bytes. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { analyse } from "../analyse/analyse.js";
import { Generator, generator } from "../ir/generate.js";
import { interpret, Trap } from "../ir/interpret.js";
import type { Program } from "../ir/ir.js";
import { simplify } from "../simplify/simplify.js";
import { partName } from "./parts.js";
import { type Step, split } from "./split.js";

const PROGRAMS = Number(process.env.EQUIVALENCE_PROGRAMS ?? 80);

function outcome(program: Program, bytes: Uint8Array, parts?: readonly Program[]): string {
  const packet = bytes.slice();
  try {
    const verdict = interpret(program, { packet, ...(parts && { parts }) });
    return `${verdict} ${Buffer.from(packet).toString("hex")}`;
  } catch (error) {
    if (error instanceof Trap) return "trap";
    throw error;
  }
}

test("a program in parts does the same", () => {
  let runs = 0;
  let cuts = 0;
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const program = new Generator(seed).memoryProgram();
    const analysis = analyse(program);
    if (analysis.problems.length > 0) continue;
    const simplified = simplify(program, analysis);
    const pick = generator(seed);
    const steps = Array.from({ length: 1 + pick(4) }, (): Step => ({ choice: pick(3) === 0 ? "best" : pick(1000) }));
    const { parts, steps: done } = split(simplified, steps);
    const [first] = parts;
    assert.ok(first);
    assert.is(parts.length, done + 1);
    cuts += done;
    for (let round = 0; round < 10; round++) {
      const packet = Uint8Array.from({ length: 44 }, () => (pick(2) === 0 ? 0 : pick(3) === 0 ? 255 : pick(256)));
      const expected = outcome(program, packet);
      if (expected === "trap") continue;
      runs++;
      assert.is(outcome(first, packet, parts), expected, `seed ${seed}`);
    }
  }
  assert.ok(runs > PROGRAMS / 20, `${runs} runs`);
  assert.ok(cuts > PROGRAMS / 20, `${cuts} cuts`);
});

test("the names of parts are no longer than a program's may be", () => {
  const program = (name: string, hook: Program["hook"]): Program => ({ name, hook, body: [] });
  assert.is(partName(program("edge_ingress", "ingress"), 0), "edge_ingress");
  assert.is(partName(program("edge_ingress", "ingress"), 1), "edge_ingress_2");
  assert.is(partName(program("firewal_ingress", "ingress"), 11), "fire_ingress_12");
  assert.is(partName(program("firewall_up_xdp", "xdp"), 2), "firewall__xdp_3");
});

test.run();

/** What simplifying must not change: on random programs and packets, verdicts and bytes stay as they were. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { analyse } from "../analyse/analyse.js";
import { Generator, generator } from "../ir/generate.js";
import { interpret, Trap } from "../ir/interpret.js";
import type { Program } from "../ir/ir.js";
import { visitStatements } from "../ir/walk.js";
import { simplify } from "./simplify.js";

const PROGRAMS = Number(process.env.EQUIVALENCE_PROGRAMS ?? 300);

/** Verdict and bytes; a trap's name where there is one. */
function outcome(program: Program, bytes: Uint8Array): string {
  const packet = bytes.slice();
  try {
    const verdict = interpret(program, { packet });
    return `${verdict} ${Buffer.from(packet).toString("hex")}`;
  } catch (error) {
    if (error instanceof Trap) return "trap";
    throw error;
  }
}
function statements(program: Program): number {
  let count = 0;
  visitStatements(program.body, () => count++);
  return count;
}

for (const kind of ["program", "memoryProgram"] as const) {
  test(`a simplified ${kind} does the same`, () => {
    let before = 0;
    let after = 0;
    let runs = 0;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const program = new Generator(seed)[kind]();
      const analysis = analyse(program);
      // an unproved program may be anything; the random arithmetic seldom proves
      if (analysis.problems.length > 0) continue;
      const simplified = simplify(program, analysis);
      assert.equal(
        simplified.analysis.problems.map(({ message }) => message),
        [],
        `seed ${seed}`,
      );
      before += statements(program);
      after += statements(simplified.program);
      const pick = generator(seed);
      for (let round = 0; round < 10; round++) {
        // often near to what the checks look for
        const packet = Uint8Array.from({ length: 44 }, () => (pick(2) === 0 ? 0 : pick(3) === 0 ? 255 : pick(256)));
        const expected = outcome(program, packet);
        if (expected === "trap") continue;
        runs++;
        assert.is(outcome(simplified.program, packet), expected, `seed ${seed}`);
      }
    }
    assert.ok(runs > PROGRAMS / 20, `${runs} runs`);
    if (kind === "memoryProgram") assert.ok(after < before, `${before} statements became ${after}`);
  });
}

test.run();

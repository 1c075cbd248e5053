import { test } from "uvu";
import * as assert from "uvu/assert";
import { asm, assemble } from "./verifier/assemble.fixture.js";
import { walk } from "./verifier-walk.js";

const MOST = 10_000;

test("each path is followed, and a branch that is decided one way", () => {
  assert.is(walk(assemble(asm.set(0, 2), asm.exit), MOST).steps, 2);
  // the context's fourth word is any number
  const open = walk(assemble(asm.word(2, 1, 12), asm.set(0, 1), asm.ifAbove(2, 7, 1), asm.set(0, 2), asm.exit), MOST);
  assert.is(open.visits[4], 2);
  const decided = walk(assemble(asm.set(2, 9), asm.set(0, 1), asm.ifAbove(2, 7, 1), asm.set(0, 2), asm.exit), MOST);
  assert.is(decided.visits[3], 0);
  assert.is(decided.steps, 4);
});

test("a walk ends where it was told to", () => {
  const { complete, steps } = walk(assemble(asm.set(0, 2), asm.set(1, 2), asm.set(2, 2), asm.exit), 3);
  assert.not.ok(complete);
  assert.is(steps, 3);
});

/** Paths that meet with different numbers in r7, go on over two branches, where a state is kept, and then read a register. */
const meeting = (reads: number) =>
  assemble(
    asm.word(6, 1, 12),
    asm.word(8, 1, 16),
    asm.set(7, 1),
    asm.ifAbove(6, 50, 1),
    asm.set(7, 2),
    ...Array.from({ length: 8 }, () => asm.set(2, 0)),
    asm.ifEqual(8, 51, 0),
    asm.ifEqual(8, 52, 0),
    asm.set(2, 0),
    asm.ifEqual(reads, 2, 0),
    asm.set(0, 2),
    asm.exit,
  );

test("paths that differ in a number are walked on once where it decides nothing, and each where it does", () => {
  const ends = (reads: number) => walk(meeting(reads), MOST).visits[18] ?? 0;
  assert.ok(ends(7) > ends(2), `${ends(7)} and ${ends(2)}`);
});

test("a state is kept behind a call too", () => {
  const jumps = [asm.ifEqual(6, 1, 0), asm.ifEqual(6, 2, 0)];
  const tail = Array.from({ length: 20 }, () => asm.set(1, 0));
  const code = assemble(
    asm.word(6, 1, 12),
    asm.word(8, 1, 16),
    ...jumps,
    asm.ifAbove(8, 5, 1),
    asm.set(9, 3),
    asm.set(9, 4),
    asm.set(2, 0),
    asm.set(3, 0),
    asm.call(7),
    asm.set(1, 0),
    ...tail,
    asm.set(0, 2),
    asm.exit,
  );
  // what follows the call is walked once, however many paths came to it
  assert.is(walk(code, MOST).visits[14], 1);
});

test.run();

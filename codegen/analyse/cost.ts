/**
 * How many instructions the kernel's verifier may walk: an estimate from the compiled code, made not to be below its count.
 *
 * The verifier follows every path from the entry and counts each instruction each time that it comes by. It stops early
 * where it has seen an equal state, or where a branch is decided. All paths of the loop-free graph, counted, are a bound
 * for every kernel, far too high where many branches follow one another and join; where it is, a walk like the verifier's
 * own that tells more states apart gives a closer one.
 */
import { flowOf, successorsOf } from "../object/instruction.js";
import { lengthOf, type ObjectProgram } from "../object/programs.js";
import { walk } from "./verifier-walk.js";

export interface Cost {
  /** instructions in the program */
  readonly instructions: number;
  /** the verifier walks no more than this; `MOST` stands for that or more */
  readonly verified: bigint;
  /** the share of each source line in `verified`, the largest first */
  readonly lines: readonly LineCost[];
}
export interface LineCost {
  readonly file: string;
  readonly line: number;
  readonly verified: bigint;
}

/** Counting stops here: a million times what any kernel verifies. */
export const MOST = 10n ** 12n;

/** A bound of so many times the instructions is close enough. */
const WORTH_A_WALK = 3;
/** Steps of a walk, a few µs each. */
const MOST_WALKED = 900_000;
/**
 * What a walk may fall short of the kernel's, as a share of it. Of the bench's pipelines on Linux 6.18 the largest is 0.14.
 * It is measured, not proved: the fuzzer holds estimates against counts.
 */
const MARGIN = 1 / 4;
const MUCH_WORK = 400_000;

/** The kernel refuses to verify more (since Linux 5.2). */
export const VERIFIER_LIMIT = 1_000_000n;

/**
 * A bound of the verifier's work on a loop-free program.
 *
 * @param functions the object's global functions: each is verified by itself, once
 * @throws {RangeError} where the program or a function loops or jumps outside of itself
 */
export function costOf(program: ObjectProgram, functions: readonly ObjectProgram[] = []): Cost {
  const own = ownCost(program);
  const called = program.instructions.some(instruction => flowOf(instruction).kind === "call") ? functions.map(ownCost) : [];
  return {
    instructions: called.reduce((sum, each) => sum + each.instructions, own.instructions),
    verified: called.reduce((sum, each) => capped(sum + each.verified), own.verified),
    lines: own.lines,
  };
}

function ownCost(program: ObjectProgram): Cost {
  const lines = new Map<string, { file: string; line: number; verified: bigint }>();
  const paths = countsOf(program);
  let verified = 0n;
  for (const { slot, place } of program.instructions) {
    const count = paths.get(slot) ?? 0n;
    verified = capped(verified + count);
    if (!place) continue;
    const key = `${place.file}:${place.line}`;
    const line = lines.get(key) ?? { file: place.file, line: place.line, verified: 0n };
    line.verified = capped(line.verified + count);
    lines.set(key, line);
  }
  const byCost = [...lines.values()].sort((a, b) => (a.verified === b.verified ? a.line - b.line : a.verified < b.verified ? 1 : -1));
  return { instructions: lengthOf(program), verified, lines: byCost };
}

/** How often the verifier comes by each instruction, at most. */
function countsOf(program: ObjectProgram): ReadonlyMap<number, bigint> {
  const paths = pathsTo(program);
  const all = [...paths.values()].reduce((sum, count) => capped(sum + count), 0n);
  if (all < BigInt(WORTH_A_WALK * program.instructions.length)) return paths;
  const walked = walk(program, MOST_WALKED);
  if (!walked.complete) return paths;
  const counts = new Map(program.instructions.map(({ slot }) => [slot, BigInt(Math.ceil((walked.visits[slot] ?? 0) * (1 + MARGIN)))]));
  return [...counts.values()].reduce((sum, count) => sum + count, 0n) < all ? counts : paths;
}

/** Whether the verifier would need a good part of what it allows itself. */
export function isMuchWork(program: ObjectProgram): boolean {
  let all = 0n;
  for (const count of pathsTo(program).values()) all = capped(all + count);
  return all > BigInt(MUCH_WORK) && !walk(program, MUCH_WORK).complete;
}

/** The number of paths from the entry to each instruction. */
function pathsTo(program: ObjectProgram): ReadonlyMap<number, bigint> {
  const next = new Map(program.instructions.map(instruction => [instruction.slot, successorsOf(instruction)]));
  // clang may lay a block out before its predecessors, so the order of slots will not do
  const waiting = new Map<number, number>();
  const found = [0];
  for (const slot of found) {
    const targets = next.get(slot);
    if (!targets) throw new RangeError(`${program.name} goes on outside of itself, at instruction ${slot}`);
    for (const to of targets) {
      if (!waiting.has(to)) found.push(to);
      waiting.set(to, (waiting.get(to) ?? 0) + 1);
    }
  }
  const paths = new Map<number, bigint>([[0, 1n]]);
  const ready = waiting.has(0) ? [] : [0];
  for (const slot of ready) {
    for (const to of next.get(slot) ?? []) {
      paths.set(to, capped((paths.get(to) ?? 0n) + (paths.get(slot) ?? 0n)));
      const left = (waiting.get(to) ?? 0) - 1;
      waiting.set(to, left);
      if (left === 0) ready.push(to);
    }
  }
  if (ready.length < found.length) throw new RangeError(`${program.name} has a loop`);
  return paths;
}

function capped(count: bigint): bigint {
  return count > MOST ? MOST : count;
}

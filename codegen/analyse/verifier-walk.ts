/**
 * A walk like the verifier's own, to tell how much work a program is for it: every path is followed, depth first, and ends
 * where one came before in a state that covers its own. Of numbers it knows what the kernel knows, of memory less: what
 * the kernel reads of frozen data is marked, and told apart where it counts. What is still missed is in the margin (cost.ts).
 */
import { flowOf, type Instruction } from "../object/instruction.js";
import type { ObjectProgram, ProgramInstruction } from "../object/programs.js";
import { Executor } from "./verifier/executor.js";
import { Liveness } from "./verifier/liveness.js";
import type { Kept, Machine } from "./verifier/machine.js";

/** The kernel keeps states at jumps that are so far apart, at the least. */
const LEAST_JUMPS = 2;
const LEAST_INSTRUCTIONS = 8;
/** It keeps one, too, where it would have to remember more steps. */
const MOST_HISTORY = 40;
/** A kept state goes when it was compared in vain so many times more often than it was hit. */
const PATIENCE = 3;

export interface Walk {
  /** how often the verifier comes by each instruction, by slot */
  readonly visits: Uint32Array;
  /** all of them */
  readonly steps: number;
  /** whether the walk came to its end */
  readonly complete: boolean;
}

/** Walks a loop-free program, until its end or for `most` instructions. */
export function walk(program: ObjectProgram, most: number): Walk {
  return new Walker(program).run(most);
}

class Walker {
  private readonly at: (ProgramInstruction | undefined)[] = [];
  private readonly prunePoints: Uint8Array;
  /** where the kernel remembers how it came */
  private readonly jumpPoints: Uint8Array;
  private readonly kept = new Map<number, Kept[]>();
  private readonly visits: Uint32Array;
  private readonly liveness: Liveness;
  private readonly executor: Executor;

  constructor(program: ObjectProgram) {
    this.liveness = new Liveness(program);
    this.executor = new Executor(program, this.liveness);
    const slots = program.instructions.reduce((most, { slot, slots }) => Math.max(most, slot + slots), 0);
    this.visits = new Uint32Array(slots);
    this.prunePoints = new Uint8Array(slots + 1);
    this.jumpPoints = new Uint8Array(slots + 1);
    for (const instruction of program.instructions) {
      this.at[instruction.slot] = instruction;
      const flow = flowOf(instruction);
      if (flow.kind === "branch" || flow.kind === "call") this.prunePoints[instruction.slot] = 1;
      const to = flow.kind === "branch" || flow.kind === "jump" ? flow.to : undefined;
      const behind = flow.kind === "call" || isHelperCall(instruction) ? instruction.slot + instruction.slots : undefined;
      for (const point of [to, behind]) {
        if (point === undefined) continue;
        this.prunePoints[point] = 1;
        this.jumpPoints[point] = 1;
      }
    }
  }

  run(most: number): Walk {
    const { waiting } = this.executor;
    let walked = 0;
    let [jumps, jumpsKept, keptAt] = [0, 0, 0];
    for (let path = waiting.pop(); path; path = waiting.pop()) {
      const { machine } = path;
      let slot: number | undefined = path.slot;
      while (slot !== undefined) {
        const instruction = this.at[slot];
        if (!instruction || walked >= most) return { visits: this.visits, steps: walked, complete: false };
        // counted also where the path then ends
        walked++;
        this.visits[slot] = (this.visits[slot] ?? 0) + 1;
        if (this.prunePoints[slot] === 1) {
          const isFar = jumps - jumpsKept >= LEAST_JUMPS && walked - keptAt >= LEAST_INSTRUCTIONS;
          const keeps = isFar || machine.history > MOST_HISTORY;
          if (this.wasHere(slot, machine, keeps)) break;
          if (keeps) {
            const list = this.kept.get(slot) ?? [];
            this.kept.set(slot, list);
            list.push(machine.keep(slot));
            [jumpsKept, keptAt] = [jumps, walked];
          }
        }
        if (this.jumpPoints[slot] === 1) machine.history++;
        const kind = instruction.opcode & 7;
        if (kind === 5 || kind === 6) jumps++;
        slot = this.executor.run(instruction, machine);
      }
      this.liveness.update();
    }
    return { visits: this.visits, steps: walked, complete: true };
  }

  /** Whether a path came by in a state that covers this one; `counts`: a comparison in vain counts against the kept state. */
  private wasHere(slot: number, machine: Machine, counts: boolean): boolean {
    const list = this.kept.get(slot);
    if (!list) return false;
    for (let i = list.length - 1; i >= 0; i--) {
      const kept = list[i];
      if (!kept) continue;
      if (machine.isCoveredBy(kept, this.liveness)) {
        kept.hits++;
        machine.endAt(kept, this.liveness);
        return true;
      }
      if (counts) kept.misses++;
      if (kept.misses > kept.hits * PATIENCE + PATIENCE) list.splice(i, 1);
    }
    return false;
  }
}

function isHelperCall({ opcode }: Instruction): boolean {
  return opcode === 0x85;
}

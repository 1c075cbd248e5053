/**
 * A walk like the verifier's, to tell how far pruning takes it: every path is followed, and a path ends where one came
 * before in the same state. What is told apart here is more than the kernel tells apart, so the walk is never shorter:
 *
 *  - a scalar is a constant, or the text of what made it and of each branch that looked at it, where the kernel has ranges
 *    and takes what matters to no pointer for equal;
 *  - a branch is decided by constants alone, where the kernel decides by ranges too;
 *  - states are kept no more often than the kernel keeps them.
 */
import { flowOf, type Instruction } from "../object/instruction.js";
import type { ObjectProgram } from "../object/programs.js";
import { liveRegisters } from "./live-registers.js";

/** What a register or stack slot holds: equal texts stand for what the kernel can't tell apart either. */
type Held = string;

interface WalkState {
  readonly registers: (Held | undefined)[];
  readonly stack: Map<number, Held>;
}
interface Waiting {
  readonly slot: number;
  readonly state: WalkState;
}

/** States are kept at jumps this far apart at the least; the kernel has 2 and 8. */
const LEAST_JUMPS = 2;
const LEAST_INSTRUCTIONS = 8;

/** How often the verifier comes by each instruction, by slot; undefined when it is more than `most` in all. */
export function walk(program: ObjectProgram, most: number): ReadonlyMap<number, number> | undefined {
  return new Walker(program).run(most);
}

class Walker {
  private readonly at: ReadonlyMap<number, Instruction>;
  private readonly live: ReadonlyMap<number, number>;
  private readonly prunePoints = new Set<number>();
  private readonly seen = new Map<number, Set<string>>();
  /** short names of long texts */
  private readonly names = new Map<string, Held>();
  private readonly visits = new Map<number, number>();

  constructor(program: ObjectProgram) {
    this.at = new Map(program.instructions.map(instruction => [instruction.slot, instruction]));
    this.live = liveRegisters(program);
    for (const instruction of program.instructions) {
      const flow = flowOf(instruction);
      if (flow.kind === "jump") this.prunePoints.add(flow.to);
      if (flow.kind === "branch") this.prunePoints.add(flow.to).add(instruction.slot);
    }
  }

  run(most: number): ReadonlyMap<number, number> | undefined {
    const registers: (Held | undefined)[] = Array.from({ length: 11 }, () => undefined);
    registers[1] = "ctx";
    registers[10] = "stack 0";
    const waiting: Waiting[] = [{ slot: 0, state: { registers, stack: new Map() } }];
    let walked = 0;
    let [jumps, jumpsKept, kept] = [0, 0, 0];
    for (let path = waiting.pop(); path; path = waiting.pop()) {
      const { state } = path;
      let slot: number | undefined = path.slot;
      while (slot !== undefined) {
        const instruction = this.at.get(slot);
        if (!instruction) return undefined;
        // counted also where the path then ends
        if (++walked > most) return undefined;
        this.visits.set(slot, (this.visits.get(slot) ?? 0) + 1);
        if (this.prunePoints.has(slot)) {
          const text = this.textOf(slot, state);
          const known = this.seen.get(slot) ?? new Set();
          this.seen.set(slot, known);
          if (known.has(text)) break;
          if (jumps - jumpsKept >= LEAST_JUMPS && walked - kept >= LEAST_INSTRUCTIONS) {
            known.add(text);
            [jumpsKept, kept] = [jumps, walked];
          }
        }
        const kind = instruction.opcode & 7;
        if (kind === 5 || kind === 6) jumps++;
        slot = this.step(instruction, state, waiting);
      }
    }
    return this.visits;
  }

  /** What of a state can matter from an instruction on. */
  private textOf(slot: number, { registers, stack }: WalkState): string {
    const live = this.live.get(slot) ?? 0x7ff;
    const held = registers.map((register, i) => (live & (1 << i) ? (register ?? "") : ""));
    const slots = [...stack].sort(([a], [b]) => a - b).map(([offset, value]) => `${offset}:${value}`);
    return `${held.join(";")}|${slots.join(";")}`;
  }

  private name(text: string): Held {
    if (text.length < 24) return text;
    const known = this.names.get(text);
    if (known) return known;
    const made = `#${this.names.size}`;
    this.names.set(text, made);
    return made;
  }

  private step(instruction: Instruction, state: WalkState, waiting: Waiting[]): number | undefined {
    const { opcode, slot, slots } = instruction;
    const flow = flowOf(instruction);
    switch (flow.kind) {
      case "exit":
        return undefined;
      case "jump":
        return flow.to;
      case "branch":
        return this.branch(instruction, flow.to, state, waiting);
      case "call":
      case "next":
        break;
    }
    switch (opcode & 7) {
      case 0:
        state.registers[instruction.destination] = `wide ${slot}`;
        break;
      case 1:
        state.registers[instruction.destination] = this.load(instruction, state);
        break;
      case 2:
      case 3:
        this.store(instruction, state);
        break;
      case 4:
      case 7:
        state.registers[instruction.destination] = this.compute(instruction, state);
        break;
      case 5:
        // a helper: its arguments are gone, and what they pointed at on the stack may be written
        for (let i = 1; i <= 5; i++) state.registers[i] = undefined;
        state.registers[0] = `call ${slot}`;
        break;
    }
    return slot + slots;
  }

  private load(instruction: Instruction, state: WalkState): Held {
    const from = state.registers[instruction.source] ?? "";
    const offset = stackOffset(from);
    if (offset !== undefined) return state.stack.get(offset + instruction.offset) ?? `load ${instruction.slot}`;
    // the ctx's pointers are the same however often they are read
    return from === "ctx" ? `ctx ${instruction.offset}` : `load ${instruction.slot}`;
  }

  private store(instruction: Instruction, state: WalkState): void {
    const offset = stackOffset(state.registers[instruction.destination] ?? "");
    if (offset === undefined) return;
    const value = (instruction.opcode & 7) === 2 ? constant(BigInt(instruction.immediate)) : (state.registers[instruction.source] ?? "");
    state.stack.set(offset + instruction.offset, value);
  }

  private compute(instruction: Instruction, state: WalkState): Held {
    const { opcode, destination, source, immediate } = instruction;
    const wide = (opcode & 7) === 7;
    const operation = opcode & 0xf0;
    const right = opcode & 8 ? (state.registers[source] ?? "") : constant(BigInt(immediate));
    // MOV: a copy is what it was copied from
    if (operation === 0xb0) {
      const value = constantOf(right);
      return value === undefined ? right : constant(wide ? value : BigInt.asUintN(32, value));
    }
    const left = state.registers[destination] ?? "";
    const offset = stackOffset(left);
    const [a, b] = [constantOf(left), constantOf(right)];
    if (operation === 0 && offset !== undefined && b !== undefined) return `stack ${offset + Number(b)}`;
    if (a !== undefined && b !== undefined) {
      const folded = fold(operation, a, b);
      if (folded !== undefined) return constant(BigInt.asUintN(wide ? 64 : 32, folded));
    }
    // whatever is combined with 32 bits of which nothing is known is that
    if (operation === 0xa0 && !wide && (isAnything(left) || isAnything(right))) return ANYTHING;
    return this.name(`(${left} ${opcode} ${operation === 0xd0 ? immediate : right})`);
  }

  private branch(instruction: Instruction, to: number, state: WalkState, waiting: Waiting[]): number {
    const { slot, destination, source, opcode, immediate } = instruction;
    const left = state.registers[destination] ?? "";
    const right = opcode & 8 ? (state.registers[source] ?? "") : constant(BigInt(immediate));
    const [a, b] = [constantOf(left), constantOf(right)];
    if (a !== undefined && b !== undefined) {
      const equal = BigInt.asUintN(32, a) === BigInt.asUintN(32, b) && (a === b || (opcode & 7) === 6);
      if ((opcode & 0xf0) === 0x10) return equal ? to : slot + 1;
      if ((opcode & 0xf0) === 0x50) return equal ? slot + 1 : to;
    }
    const taken: WalkState = { registers: [...state.registers], stack: new Map(state.stack) };
    this.learn(taken, [left, right], `${opcode} ${left} ${right} yes`);
    this.learn(state, [left, right], `${opcode} ${left} ${right} no`);
    waiting.push({ slot: to, state: taken });
    return slot + 1;
  }

  /** Each copy of what a branch looked at is told from what it was. A check of a packet's end tells of all pointers at once. */
  private learn(state: WalkState, looked: readonly Held[], what: string): void {
    const subjects = looked.filter(held => held !== "" && constantOf(held) === undefined);
    const after = (held: Held): Held => (subjects.includes(held) ? this.name(`[${held} ${what}]`) : held);
    state.registers.forEach((held, i) => {
      if (held !== undefined && i !== 10) state.registers[i] = after(held);
    });
    for (const [offset, held] of state.stack) state.stack.set(offset, after(held));
  }
}

function constant(value: bigint): Held {
  return `= ${value}`;
}
function constantOf(held: Held): bigint | undefined {
  return held.startsWith("= ") ? BigInt(held.slice(2)) : undefined;
}
const ANYTHING: Held = "any 32 bits";
/** Scalars of the context are 32 bits of anything; its pointers are in other fields. */
function isAnything(held: Held): boolean {
  return held === ANYTHING || (held.startsWith("ctx ") && !POINTERS.has(held));
}
/** `data`, `data_end` and `data_meta` of xdp_md and __sk_buff */
const POINTERS: ReadonlySet<Held> = new Set(["ctx 0", "ctx 4", "ctx 8", "ctx 76", "ctx 80", "ctx 140"]);
function stackOffset(held: Held): number | undefined {
  return held.startsWith("stack ") ? Number(held.slice(6)) : undefined;
}

/** What every supported kernel computes of two constants; undefined for what some give up on. */
function fold(operation: number, a: bigint, b: bigint): bigint | undefined {
  switch (operation) {
    case 0x00:
      return a + b;
    case 0x10:
      return a - b;
    case 0x40:
      return a | b;
    case 0x50:
      return a & b;
    case 0x60:
      return a << (b & 63n);
    default:
      return undefined;
  }
}

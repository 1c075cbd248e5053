/**
 * What of registers and stack may be read later, at each instruction: only there do states have to agree. Registers by the
 * code alone, as the kernel does it (6.15); the stack by what the paths so far were seen to read and write, since only a
 * path tells where a pointer points (6.18). Older kernels find less to be alive, and so fewer states that differ.
 */
import { type Instruction, successorsOf } from "../../object/instruction.js";
import type { ObjectProgram } from "../../object/programs.js";
import { helperOf, OWN_FUNCTION } from "./helpers.js";

const CALL = 0x85;
const EXIT = 0x95;
/** Those that a call leaves behind with other contents. */
const SCRATCHED = 0x3f;

export class Liveness {
  private readonly order: readonly Instruction[];
  private readonly next: readonly (readonly number[])[];
  private readonly registersAt: Uint16Array;
  /** two words a slot, as there are 64 places on the stack */
  private readonly stackAt: Uint32Array;
  private readonly reads: Uint32Array;
  private readonly writes: Uint32Array;
  /** instructions that a path came by: of others nothing is known to be written */
  private readonly seen: Uint8Array;
  private changed = false;

  constructor(program: ObjectProgram) {
    const slots = program.instructions.reduce((most, { slot, slots }) => Math.max(most, slot + slots), 0);
    const next: number[][] = [];
    for (const instruction of program.instructions) next[instruction.slot] = successorsOf(instruction);
    this.next = next;
    this.order = backwards(program.instructions, next);
    this.registersAt = new Uint16Array(slots + 1);
    this.stackAt = new Uint32Array(2 * slots + 2);
    this.reads = new Uint32Array(2 * slots + 2);
    this.writes = new Uint32Array(2 * slots + 2);
    this.seen = new Uint8Array(slots + 1);
    for (const instruction of this.order) {
      let live = 0;
      for (const to of next[instruction.slot] ?? []) live |= this.registersAt[to] ?? 0;
      const [used, defined] = registersOf(instruction);
      this.registersAt[instruction.slot] = (live & ~defined) | used;
    }
  }

  /** Bits of the registers that may be read from an instruction on. */
  registers(slot: number): number {
    return this.registersAt[slot] ?? 0;
  }
  /** Whether a place on the stack may be read from an instruction on, as far as paths have shown. */
  hasStack(slot: number, index: number): boolean {
    return ((this.stackAt[2 * slot + (index >> 5)] ?? 0) & (1 << (index & 31))) !== 0;
  }
  /** Whether anything on the stack may be. */
  hasAnyStack(slot: number): boolean {
    return this.stackAt[2 * slot] !== 0 || this.stackAt[2 * slot + 1] !== 0;
  }

  /** An instruction read a place on the stack. */
  read(slot: number, index: number): void {
    const at = 2 * slot + (index >> 5);
    const before = this.reads[at] ?? 0;
    this.reads[at] = before | (1 << (index & 31));
    this.changed ||= this.reads[at] !== before;
  }
  /** An instruction came by, and wrote these places whole, as two words of bits: what it does not always write stays alive. */
  wrote(slot: number, low: number, high: number): void {
    const [first, second] = [this.writes[2 * slot] ?? 0, this.writes[2 * slot + 1] ?? 0];
    const isFirst = this.seen[slot] === 0;
    this.seen[slot] = 1;
    const [all, also] = isFirst ? [low, high] : [first & low, second & high];
    if (all >>> 0 === first && also >>> 0 === second) return;
    this.writes[2 * slot] = all;
    this.writes[2 * slot + 1] = also;
    this.changed = true;
  }

  /** Takes what was read and written into account: at the end of a path. */
  update(): void {
    if (!this.changed) return;
    this.changed = false;
    for (const { slot } of this.order) {
      for (const word of [0, 1]) {
        let live = 0;
        for (const to of this.next[slot] ?? []) live |= this.stackAt[2 * to + word] ?? 0;
        this.stackAt[2 * slot + word] = (live & ~(this.writes[2 * slot + word] ?? 0)) | (this.reads[2 * slot + word] ?? 0);
      }
    }
  }
}

/** Registers that an instruction reads, and those that it gives other contents. */
function registersOf(instruction: Instruction): readonly [used: number, defined: number] {
  const { opcode, destination, source, immediate } = instruction;
  if (opcode === EXIT) return [1, 0];
  if (opcode === CALL) {
    const helper = source === 0 ? helperOf(immediate) : OWN_FUNCTION;
    return [(2 ** helper.arguments - 1) << 1, SCRATCHED];
  }
  const [to, from] = [1 << destination, 1 << source];
  const byRegister = (opcode & 8) !== 0;
  switch (opcode & 7) {
    case 0:
      return [0, to];
    case 1:
      return [from, to];
    case 2:
      return [to, 0];
    case 3:
      // an atomic operation may give r0 or its operand back; either counts as not defined
      return [to | from | ((opcode & 0xe0) === 0xc0 ? 1 : 0), 0];
    case 4:
    case 7: {
      const operation = opcode & 0xf0;
      if (operation === 0xb0) return [byRegister ? from : 0, to];
      const alone = operation === 0x80 || operation === 0xd0;
      return [to | (byRegister && !alone ? from : 0), to];
    }
    default:
      return (opcode & 0xf0) === 0 ? [0, 0] : [to | (byRegister ? from : 0), 0];
  }
}

/** Each instruction behind all that follow it. */
function backwards(instructions: readonly Instruction[], next: readonly (readonly number[])[]): readonly Instruction[] {
  const at: Instruction[] = [];
  for (const instruction of instructions) at[instruction.slot] = instruction;
  const order: Instruction[] = [];
  const seen = new Uint8Array(at.length);
  const waiting: [slot: number, child: number][] = [[0, 0]];
  seen[0] = 1;
  for (let top = waiting.at(-1); top; top = waiting.at(-1)) {
    const child = next[top[0]]?.[top[1]];
    if (child === undefined) {
      const instruction = at[top[0]];
      if (instruction) order.push(instruction);
      waiting.pop();
      continue;
    }
    top[1]++;
    if (seen[child]) continue;
    seen[child] = 1;
    waiting.push([child, 0]);
  }
  return order;
}

/**
 * The registers whose value can still matter to the verifier, from each instruction on: as bits, by slot. It looks at
 * addresses, at what is compared, handed to helpers or spilled; what only goes to memory or back to the caller, or is
 * computed for that, it takes as any number.
 */
import { flowOf, type Instruction } from "../object/instruction.js";
import type { ObjectProgram } from "../object/programs.js";

export function liveRegisters(program: ObjectProgram): ReadonlyMap<number, number> {
  const live = new Map<number, number>();
  const order = [...program.instructions].reverse();
  for (let changed = true; changed; ) {
    changed = false;
    for (const instruction of order) {
      let after = 0;
      for (const next of successors(instruction)) after |= live.get(next) ?? 0;
      const { reads, writes } = usesOf(instruction, after);
      const before = (after & ~writes) | reads;
      if (before !== live.get(instruction.slot)) {
        live.set(instruction.slot, before);
        changed = true;
      }
    }
  }
  return live;
}

function successors(instruction: Instruction): readonly number[] {
  const flow = flowOf(instruction);
  const after = instruction.slot + instruction.slots;
  switch (flow.kind) {
    case "exit":
      return [];
    case "jump":
      return [flow.to];
    case "branch":
      return [flow.to, after];
    case "call":
    case "next":
      return [after];
  }
}

const ARGUMENTS = 0b111110;
const STACK = 10;

function usesOf({ opcode, destination, source }: Instruction, after: number): { readonly reads: number; readonly writes: number } {
  const to = 1 << destination;
  const from = 1 << source;
  switch (opcode & 7) {
    case 0:
      return { reads: 0, writes: to };
    case 1:
      return { reads: from, writes: to };
    case 2:
      return { reads: to, writes: 0 };
    case 3:
      // an atomic operation may give the old value back
      if ((opcode & 0xe0) === 0xc0) return { reads: to | from | 1, writes: 0 };
      return { reads: destination === STACK ? to | from : to, writes: 0 };
    case 4:
    case 7: {
      if ((after & to) === 0) return { reads: 0, writes: to };
      const move = (opcode & 0xf0) === 0xb0;
      return { reads: (move ? 0 : to) | (opcode & 8 ? from : 0), writes: to };
    }
    default: {
      if ((opcode & 0xf0) === 0x90) return { reads: 0, writes: 0 };
      if ((opcode & 0xf0) === 0x80) return { reads: ARGUMENTS, writes: ARGUMENTS | 1 };
      if ((opcode & 0xf0) === 0) return { reads: 0, writes: 0 };
      return { reads: to | (opcode & 8 ? from : 0), writes: 0 };
    }
  }
}

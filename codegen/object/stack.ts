/** How deep into its stack a function reaches. */
import type { ObjectProgram } from "./programs.js";

const FRAME = 10;
/** r = r10 */
const MOVE = 0xbf;
/** r += immediate */
const ADD = 0x07;
const CLASS_LDX = 0x01;
const CLASS_ST = 0x02;
const CLASS_STX = 0x03;

/** In bytes below the frame pointer. */
export function stackOf({ instructions }: ObjectProgram): number {
  let least = 0;
  for (const [i, { opcode, destination, source, offset }] of instructions.entries()) {
    const kind = opcode & 7;
    const base = kind === CLASS_LDX ? source : kind === CLASS_ST || kind === CLASS_STX ? destination : undefined;
    if (base === FRAME) least = Math.min(least, offset);
    const next = instructions[i + 1];
    if (opcode === MOVE && source === FRAME && next?.opcode === ADD && next.destination === destination)
      least = Math.min(least, next.immediate);
  }
  return -least;
}

/** The verifier counts each function's in such steps: of 16 where a program is compiled for the processor, of 32 else. */
const STEP = 32;

/** In bytes, with the functions that it calls, as the verifier adds them up; undefined for a function that calls none. */
export function chainOf(program: ObjectProgram, programs: readonly ObjectProgram[]): number | undefined {
  const called = new Set(program.instructions.flatMap(({ calls }) => calls ?? []));
  if (called.size === 0) return undefined;
  const deepest = (one: ObjectProgram): number => chainOf(one, programs) ?? framed(one);
  return framed(program) + Math.max(0, ...programs.filter(({ name }) => called.has(name)).map(deepest));
}

function framed(program: ObjectProgram): number {
  return Math.max(STEP, Math.ceil(stackOf(program) / STEP) * STEP);
}

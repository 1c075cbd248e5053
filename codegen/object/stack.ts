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

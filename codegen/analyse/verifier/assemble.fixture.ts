/** Small programs for tests, instruction by instruction (RFC 9669). */
import { decode } from "../../object/instruction.js";
import type { ObjectProgram } from "../../object/programs.js";

type Encoded = readonly [opcode: number, registers: number, offset: number, immediate: number];

const EXIT: Encoded = [0x95, 0, 0, 0];

export const asm = {
  exit: EXIT,
  /** r = a small number */
  set: (register: number, value: number): Encoded => [0xb7, register, 0, value],
  copy: (to: number, from: number): Encoded => [0xbf, to | (from << 4), 0, 0],
  add: (to: number, value: number): Encoded => [0x07, to, 0, value],
  /** eight bytes from where a register points */
  load: (to: number, from: number, offset: number): Encoded => [0x79, to | (from << 4), offset, 0],
  word: (to: number, from: number, offset: number): Encoded => [0x61, to | (from << 4), offset, 0],
  store: (to: number, offset: number, from: number): Encoded => [0x7b, to | (from << 4), offset, 0],
  storeWord: (to: number, offset: number, from: number): Encoded => [0x63, to | (from << 4), offset, 0],
  /** over `count` instructions where the register equals the number */
  ifEqual: (register: number, value: number, count: number): Encoded => [0x15, register, count, value],
  ifAbove: (register: number, value: number, count: number): Encoded => [0x25, register, count, value],
  jump: (count: number): Encoded => [0x05, 0, count, 0],
  call: (helper: number): Encoded => [0x85, 0, 0, helper],
} as const;

export function assemble(...code: readonly Encoded[]): ObjectProgram {
  const bytes = new Uint8Array(8 * code.length);
  const view = new DataView(bytes.buffer);
  for (const [i, [opcode, registers, offset, immediate]] of code.entries()) {
    view.setUint8(8 * i, opcode);
    view.setUint8(8 * i + 1, registers);
    view.setInt16(8 * i + 2, offset, true);
    view.setInt32(8 * i + 4, immediate, true);
  }
  const instructions = decode(bytes).map(instruction => ({ ...instruction, place: undefined, addresses: undefined, calls: undefined }));
  return { name: "small", section: "xdp", instructions };
}

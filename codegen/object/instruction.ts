/** eBPF instructions (RFC 9669). */
import { MalformedObject, viewOf } from "./elf.js";

export interface Instruction {
  /** in 8-byte slots from the function's start; a 64-bit immediate load takes two */
  readonly slot: number;
  readonly slots: 1 | 2;
  readonly opcode: number;
  readonly destination: number;
  readonly source: number;
  readonly offset: number;
  readonly immediate: number;
  /** the upper half of a 64-bit immediate */
  readonly upper: number;
}

/** Where control goes next. */
export type Flow =
  | { readonly kind: "next" }
  | { readonly kind: "jump"; readonly to: number }
  | { readonly kind: "branch"; readonly to: number }
  /** of a function in the same object */
  | { readonly kind: "call" }
  | { readonly kind: "exit" };

const CLASS_LD = 0x00;
const CLASS_JMP = 0x05;
const CLASS_JMP32 = 0x06;
const WIDE_LOAD = 0x18;
const CALL = 0x80;
const EXIT = 0x90;
/** source register of a call: 1 is a function of the program, 0 and 2 the kernel's */
const PSEUDO_CALL = 1;

/** @throws {MalformedObject} where the code is cut short */
export function decode(code: Uint8Array): Instruction[] {
  const view = viewOf(code);
  const instructions: Instruction[] = [];
  for (let slot = 0; slot * 8 < code.length; ) {
    if (slot * 8 + 8 > code.length) throw new MalformedObject("an instruction is cut short");
    const at = slot * 8;
    const opcode = view.getUint8(at);
    const registers = view.getUint8(at + 1);
    const slots = opcode === WIDE_LOAD && (opcode & 7) === CLASS_LD ? 2 : 1;
    instructions.push({
      slot,
      slots,
      opcode,
      destination: registers & 15,
      source: registers >> 4,
      offset: view.getInt16(at + 2, true),
      immediate: view.getInt32(at + 4, true),
      upper: slots === 2 && at + 16 <= code.length ? view.getInt32(at + 12, true) : 0,
    });
    slot += slots;
  }
  return instructions;
}

export function flowOf(instruction: Instruction): Flow {
  const { opcode, slot, offset, immediate, source } = instruction;
  const kind = opcode & 7;
  if (kind !== CLASS_JMP && kind !== CLASS_JMP32) return { kind: "next" };
  const operation = opcode & 0xf0;
  if (operation === CALL && kind === CLASS_JMP) return { kind: source === PSEUDO_CALL ? "call" : "next" };
  if (operation === EXIT) return { kind: "exit" };
  // an unconditional jump of the 32-bit class has its distance in the immediate
  if (operation === 0) return { kind: "jump", to: slot + 1 + (kind === CLASS_JMP32 ? immediate : offset) };
  return { kind: "branch", to: slot + 1 + offset };
}

/** Slots where control may be next. */
export function successorsOf(instruction: Instruction): number[] {
  const flow = flowOf(instruction);
  const after = instruction.slot + instruction.slots;
  switch (flow.kind) {
    case "next":
    case "call":
      return [after];
    case "jump":
      return [flow.to];
    case "branch":
      return [flow.to, after];
    case "exit":
      return [];
  }
}

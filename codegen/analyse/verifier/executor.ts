/** What each instruction does to the state of a path, as the verifier sees it. */
import { type Flow, flowOf, type Instruction } from "../../object/instruction.js";
import type { ObjectProgram, ProgramInstruction } from "../../object/programs.js";
import { decide, learn } from "./branches.js";
import { helperOf, OWN_FUNCTION } from "./helpers.js";
import type { Liveness } from "./liveness.js";
import { bytesOf, isHeld, Machine, SLOTS } from "./machine.js";
import { isSigns, lowBytes, OPERATION } from "./range.js";
import {
  anything,
  BEYOND,
  CONTEXT,
  compute,
  constant,
  constantOf,
  INVALID,
  type MemoryPointer,
  markOf,
  markPrecise,
  narrow,
  PACKET_END,
  type PacketPointer,
  refined,
  type Scalar,
  scalar,
  type Value,
  wide,
  word,
} from "./values.js";

const LOOKUP = 1;
const NOTHING = constant(0);
/** A packet pointer that may lie farther is not proved. */
const FARTHEST = 0xffff;

const MAPS = ".maps";
/** Sections that the kernel reads as they are when it loads a program. */
const FROZEN = ".rodata";

/** Where the context has addresses, by the kind of program. */
const PACKET_FIELDS: { readonly [kind: string]: { readonly data: number; readonly end: number; readonly meta: number } } = {
  xdp: { data: 0, end: 4, meta: 8 },
  tc: { data: 76, end: 80, meta: 140 },
};

/** A path that is still to be followed. */
export interface Path {
  readonly slot: number;
  readonly machine: Machine;
}

export class Executor {
  /** paths that branches left for later */
  readonly waiting: Path[] = [];
  /** what memory is a part of: maps, sections, results of helpers */
  private readonly named: string[] = [];
  private readonly flows: Flow[] = [];
  private readonly liveness: Liveness;
  private readonly fields: { readonly data: number; readonly end: number; readonly meta: number } | undefined;
  /** places on the stack that the instruction wrote whole */
  private readonly whole = new Uint32Array(2);
  private ids = 0;

  constructor(program: ObjectProgram, liveness: Liveness) {
    this.liveness = liveness;
    this.fields = PACKET_FIELDS[program.section.split("/")[0] ?? ""];
    for (const instruction of program.instructions) {
      this.flows[instruction.slot] = flowOf(instruction);
    }
    const start = new Machine();
    start.registers[1] = CONTEXT;
    start.registers[10] = { kind: "stack", offset: 0 };
    this.waiting.push({ slot: 0, machine: start });
  }

  /** Runs an instruction; gives the one that the path goes on with. */
  run(instruction: ProgramInstruction, machine: Machine): number | undefined {
    this.whole.fill(0);
    const next = this.step(instruction, machine);
    this.liveness.wrote(instruction.slot, this.whole[0] ?? 0, this.whole[1] ?? 0);
    return next;
  }

  private sourceOf(name: string): number {
    const known = this.named.indexOf(name);
    return known >= 0 ? known : this.named.push(name) - 1;
  }

  private step(instruction: ProgramInstruction, machine: Machine): number | undefined {
    const { opcode, slot, slots, destination } = instruction;
    const flow = this.flows[slot];
    switch (flow?.kind) {
      case undefined:
      case "exit":
        return undefined;
      case "jump":
        return flow.to;
      case "branch":
        return this.branch(instruction, flow.to, machine);
      case "call":
        this.call(instruction, machine, true);
        return slot + slots;
      case "next":
        break;
    }
    switch (opcode & 7) {
      case 0:
        machine.registers[destination] = this.wideConstant(instruction);
        break;
      case 1:
        machine.registers[destination] = this.load(instruction, machine);
        break;
      case 2:
        this.store(instruction, machine, constant(instruction.immediate));
        break;
      case 3: {
        const pointer = machine.registers[destination];
        const value = machine.registers[instruction.source];
        if ((opcode & 0xe0) !== 0xc0) {
          this.store(instruction, machine, value);
          break;
        }
        // an atomic operation may give the old value back, a compare-exchange in r0
        if (pointer?.kind === "stack") this.store(instruction, machine, anything(8));
        if ((instruction.immediate & 0xff) === 0xf1) machine.registers[0] = anything(opcode & 8 ? 8 : 4);
        else if (instruction.immediate & 1) machine.registers[instruction.source] = anything(opcode & 8 ? 8 : 4);
        break;
      }
      case 4:
      case 7:
        this.fork(instruction, machine);
        machine.registers[destination] = this.arithmetic(instruction, machine);
        break;
      case 5:
        this.call(instruction, machine, false);
        break;
    }
    return slot + slots;
  }

  /** A map, or the address of data in a section: by its name, with its small offset. Else a number. */
  private wideConstant({ immediate, upper, addresses }: ProgramInstruction): Value {
    if (!addresses) return wide(upper, immediate);
    const { section, offset } = addresses;
    return section === MAPS
      ? memory(this.sourceOf(`${section} ${offset}`), 0, false, 0)
      : memory(this.sourceOf(section), 0, false, offset + immediate);
  }

  private load({ opcode, slot, source, offset }: Instruction, machine: Machine): Value {
    const from = machine.registers[source];
    const bytes = sizeOf(opcode);
    if (from?.kind === "stack") {
      const at = from.offset + offset;
      const index = slotAt(at);
      const held = machine.stack[index];
      this.liveness.read(slot, index);
      if (!isHeld(held)) {
        const read = (2 ** bytes - 1) << (at & 7);
        return held && (held.zero & read) === read ? constant(0) : anything(bytes);
      }
      const { value } = held;
      machine.history++;
      if (value.kind !== "scalar") return bytes === 8 && at % 8 === 0 ? value : anything(bytes);
      return at % 8 === 0 && bytes <= held.bytes ? narrow(value, bytes) : anything(bytes, [value]);
    }
    if (from?.kind === "memory" && this.named[from.source]?.startsWith(FROZEN)) {
      // one number in the kernel, and known to it: not here, where params may have any value
      return anything(bytes, [], markOf(from.source, from.offset + offset, bytes));
    }
    if (from?.kind === "context" && this.fields) {
      if (offset === this.fields.data || offset === this.fields.meta) {
        return { kind: "packet", id: offset === this.fields.data ? 0 : -1, offset: 0, part: NOTHING, range: 0 };
      }
      if (offset === this.fields.end) return PACKET_END;
    }
    return anything(bytes);
  }

  private store({ opcode, destination, offset }: Instruction, machine: Machine, value: Value | undefined): void {
    const to = machine.registers[destination];
    if (to?.kind !== "stack") return;
    const at = to.offset + offset;
    const bytes = sizeOf(opcode);
    const index = slotAt(at);
    const before = bytesOf(machine.stack[index]);
    if (bytes === 8) this.whole[index >> 5] = (this.whole[index >> 5] ?? 0) | (1 << (index & 31));
    const written = (2 ** bytes - 1) << (at & 7);
    if (at % 8 === 0 && value && (bytes === 8 || value.kind === "scalar")) {
      const rest = { written: before.written & ~written, zero: before.zero & ~written };
      machine.history++;
      machine.put(index, { value: value.kind === "scalar" ? narrow(value, bytes) : value, bytes, rest });
      return;
    }
    const isZero = constantOf(value) === 0;
    if (isZero) markPrecise(value);
    machine.put(index, { written: before.written | written, zero: isZero ? before.zero | written : before.zero & ~written });
  }

  /** Newer kernels take a sign that is combined with a constant for what it is: two cases (6.18). */
  private fork({ opcode, slot, destination, source }: Instruction, machine: Machine): void {
    const operation = opcode & 0xf0;
    if (operation !== 0x50 && operation !== 0x40) return;
    const held = machine.registers[destination];
    if (held?.kind !== "scalar") return;
    if (opcode & 8 && constantOf(machine.registers[source]) === undefined) return;
    const whole = isSigns(held.range, true);
    if (!whole && !isSigns(held.range, false)) return;
    const other = new Machine(machine);
    other.registers[destination] = scalar(constant(0).range, [held]);
    this.waiting.push({ slot, machine: other });
    machine.registers[destination] = scalar(constant(whole ? -1 : 0xffff_ffff).range, [held]);
  }

  private arithmetic(instruction: Instruction, machine: Machine): Value {
    const { opcode, destination, source, immediate } = instruction;
    const wide = (opcode & 7) === 7;
    const operation = opcode & 0xf0;
    const byRegister = (opcode & 8) !== 0;
    if (operation === 0xd0) {
      const before = machine.registers[destination];
      if (before?.kind !== "scalar") return anything(8);
      return scalar(lowBytes(before.range, immediate / 8, byRegister), [before], before.mark && markOf(operation, immediate, before.mark));
    }
    const right = byRegister ? machine.registers[source] : constant(wide ? immediate : immediate >>> 0);
    if (operation === 0xb0) {
      if (!right || wide || right.kind !== "scalar") return right ?? anything(8);
      return word(right);
    }
    const left = machine.registers[destination];
    if (operation === 0x80) {
      return left?.kind === "scalar" ? compute(OPERATION.subtract, wide, NOTHING, left) : anything(8);
    }
    if (left?.kind === "scalar" && right?.kind === "scalar") return compute(operation, wide, left, right);
    if (operation === 0x00 && left && right) {
      if (right.kind === "scalar") return this.moved(left, right, 1, immediateOf(byRegister, immediate));
      if (left.kind === "scalar") return this.moved(right, left, 1, undefined);
    }
    if (operation === 0x10 && left && right?.kind === "scalar") return this.moved(left, right, -1, immediateOf(byRegister, immediate));
    return anything(8);
  }

  /** A pointer and a number: what it was computed from counts. */
  private moved(pointer: Value, by: Scalar, sign: 1 | -1, immediate: number | undefined): Value {
    markPrecise(by);
    const exact = immediate ?? constantOf(by);
    const operation = sign > 0 ? OPERATION.add : OPERATION.subtract;
    switch (pointer.kind) {
      case "packet":
        if (exact !== undefined) return { ...pointer, offset: pointer.offset + sign * exact };
        return { ...pointer, id: ++this.ids, part: compute(operation, true, pointer.part, by), range: 0 };
      case "memory":
        if (exact !== undefined) return { ...pointer, offset: pointer.offset + sign * exact };
        return { ...pointer, part: compute(operation, true, pointer.part, by) };
      case "stack":
        return exact === undefined ? pointer : { kind: "stack", offset: pointer.offset + sign * exact };
      case "scalar":
      case "context":
      case "end":
      case "invalid":
        return pointer;
    }
  }

  private call({ immediate, slot }: Instruction, machine: Machine, own: boolean): void {
    const helper = own ? OWN_FUNCTION : helperOf(immediate);
    const map = !own && immediate === LOOKUP ? machine.registers[1] : undefined;
    const found = map !== undefined && this.isKnownKey(machine);
    // entries of one map are alike, wherever they were looked up
    const source = map?.kind === "memory" ? this.sourceOf(`an entry of ${map.source}`) : this.sourceOf(`given at ${slot}`);
    for (let i = 1; i <= helper.arguments; i++) {
      const argument = machine.registers[i];
      if (!argument) continue;
      if (helper.sized) markPrecise(argument);
      if (argument.kind === "stack")
        this.touchStack(slot, machine, argument.offset, helper.sized ? machine.registers[i + 1] : undefined, helper.writes === true);
    }
    for (let i = 1; i <= 5; i++) machine.registers[i] = undefined;
    if (helper.moves) machine.change(held => (held.kind === "packet" || held.kind === "end" ? INVALID : held));
    machine.registers[0] = helper.gives === "memory" ? memory(source, ++this.ids, true, 0, found) : anything(8);
  }

  /** Whether r2 points to four bytes on the stack that are known. */
  private isKnownKey(machine: Machine): boolean {
    const key = machine.registers[2];
    if (key?.kind !== "stack") return false;
    const slot = machine.stack[slotAt(key.offset)];
    const read = 0xf << (key.offset & 7);
    if (!isHeld(slot)) return slot !== undefined && (slot.zero & read) === read;
    if (constantOf(slot.value) === undefined || (key.offset & 7) !== 0 || slot.bytes < 4) return false;
    markPrecise(slot.value);
    return true;
  }

  /** A helper reads memory on the stack, or writes it: up to its size, where that is known, else to the next register that was put there. */
  private touchStack(at: number, machine: Machine, offset: number, size: Value | undefined, writes: boolean): void {
    const bytes = constantOf(size);
    const first = slotAt(offset);
    const last = bytes === undefined || bytes === 0 ? SLOTS - 1 : Math.min(SLOTS - 1, slotAt(offset + bytes - 1));
    for (let index = first; index <= last; index++) {
      const held = machine.stack[index];
      if (bytes === undefined && (held === undefined || (isHeld(held) && held.value.kind !== "scalar"))) break;
      this.liveness.read(at, index);
      if (writes) machine.put(index, { written: 0xff, zero: 0 });
    }
  }

  private branch(instruction: Instruction, to: number, machine: Machine): number {
    const { slot, destination, source, opcode, immediate } = instruction;
    const wide = (opcode & 7) === 5;
    const operation = opcode & 0xf0;
    const left = machine.registers[destination];
    const right = opcode & 8 ? machine.registers[source] : constant(wide ? immediate : immediate >>> 0);
    const next = slot + 1;
    if (left?.kind === "scalar" && right?.kind === "scalar") return this.compare(instruction, left, right, machine, next, to);
    const zero = constantOf(right) === 0;
    if (left?.kind === "memory" && zero && (operation === 0x10 || operation === 0x50)) {
      const [ifNull, ifNot] = operation === 0x10 ? [to, next] : [next, to];
      if (!left.nullable) return ifNot;
      const other = new Machine(machine);
      const [nulls, found] = ifNull === next ? [machine, other] : [other, machine];
      resolve(nulls, left, constant(0));
      resolve(found, left, undefined);
      this.waiting.push({ slot: to, machine: other });
      return next;
    }
    const packet = left?.kind === "packet" ? left : right?.kind === "packet" ? right : undefined;
    const end = left?.kind === "end" || right?.kind === "end";
    if (packet && end) return this.check(operation, packet, left === packet, machine, next, to);
    this.waiting.push({ slot: to, machine: new Machine(machine) });
    return next;
  }

  private compare({ opcode }: Instruction, left: Scalar, right: Scalar, machine: Machine, next: number, to: number): number {
    const [operation, wide, byRegister] = [opcode & 0xf0, (opcode & 7) === 5, (opcode & 8) !== 0];
    const taken = decide(operation, wide, left.range, right.range);
    if (taken !== undefined) {
      markPrecise(left);
      markPrecise(right);
      return taken ? to : next;
    }
    const other = new Machine(machine);
    for (const [at, holds] of [
      [other, true],
      [machine, false],
    ] as const) {
      const [l, r] = learn(operation, holds, wide, left.range, right.range);
      // where one of the two counts later, so does the other
      const from = byRegister ? [left, right] : [left];
      if (l !== left.range) at.replace(left, refined(left, l, from));
      if (r !== right.range) at.replace(right, refined(right, r, from));
    }
    this.waiting.push({ slot: to, machine: other });
    return next;
  }

  /** A packet pointer held against the packet's end: on one side all that is in front of it is proved. */
  private check(operation: number, pointer: PacketPointer, first: boolean, machine: Machine, next: number, to: number): number {
    const other = new Machine(machine);
    // `pointer > end` and its like
    const beyond = first ? operation === 0x20 || operation === 0x30 : operation === 0xa0 || operation === 0xb0;
    const within = first ? operation === 0xa0 || operation === 0xb0 : operation === 0x20 || operation === 0x30;
    if (pointer.range === BEYOND && (beyond || within)) return beyond ? to : next;
    if (beyond || within) {
      const [inside, outside] = beyond ? [machine, other] : [other, machine];
      if (Number(pointer.part.range.u64.max) + pointer.offset <= FARTHEST) {
        inside.change(held =>
          held.kind === "packet" && held.id === pointer.id && held.range >= 0 && held.range < pointer.offset
            ? { ...held, range: pointer.offset }
            : held,
        );
      }
      for (let i = 0; i < outside.registers.length; i++) {
        if (outside.registers[i] === pointer) outside.registers[i] = { ...pointer, range: BEYOND };
      }
    }
    this.waiting.push({ slot: to, machine: other });
    return next;
  }
}

function memory(source: number, id: number, nullable: boolean, offset: number, found = false): MemoryPointer {
  return { kind: "memory", source, id, nullable, found, offset, part: NOTHING };
}
/** All that came from one lookup is NULL, or none is. */
function resolve(machine: Machine, pointer: MemoryPointer, by: Scalar | undefined): void {
  machine.change(held => {
    if (held.kind !== "memory" || !held.nullable || held.id !== pointer.id) return held;
    return by ?? { ...held, id: 0, nullable: false, found: false };
  });
}

function immediateOf(byRegister: boolean, immediate: number): number | undefined {
  return byRegister ? undefined : immediate;
}
function sizeOf(opcode: number): number {
  return [4, 2, 1, 8][(opcode >> 3) & 3] ?? 8;
}
function slotAt(offset: number): number {
  return Math.max(0, Math.min(SLOTS - 1, Math.floor((512 + offset) / 8)));
}

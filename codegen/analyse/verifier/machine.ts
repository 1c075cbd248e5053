/** Registers and stack at one point of a path, and the states that were kept to compare later paths with. */
import { markPrecise, type Scalar, type Value } from "./values.js";

/** Eight bytes of the stack: a register's value that was stored there, or byte by byte what is there. */
export type Slot = Held | Bytes;
export interface Held {
  readonly value: Value;
  readonly bytes: number;
  /** behind a value of fewer than eight bytes */
  readonly rest: Bytes;
}
/** Two sets of bytes, as bits: those that were written, and those among them that are zero. */
export interface Bytes {
  readonly written: number;
  readonly zero: number;
}
export function isHeld(slot: Slot | undefined): slot is Held {
  return slot !== undefined && "value" in slot;
}
/** A slot byte by byte, whatever it held. */
export function bytesOf(slot: Slot | undefined): Bytes {
  if (!isHeld(slot)) return slot ?? { written: 0, zero: 0 };
  return { written: slot.rest.written | (2 ** slot.bytes - 1), zero: slot.rest.zero };
}
function coversBytes(old: Bytes, now: Bytes): boolean {
  return (old.written & ~now.written) === 0 && (old.zero & ~now.zero) === 0;
}

export const SLOTS = 64;
export const REGISTERS = 11;

/** A set of registers (0…10) and stack slots (16…79), as bits. */
export class Marks {
  registers = 0;
  low = 0;
  high = 0;

  has(at: number): boolean {
    if (at < 16) return (this.registers & (1 << at)) !== 0;
    return at < 48 ? (this.low & (1 << (at - 16))) !== 0 : (this.high & (1 << (at - 48))) !== 0;
  }
  add(at: number): void {
    if (at < 16) this.registers |= 1 << at;
    else if (at < 48) this.low |= 1 << (at - 16);
    else this.high |= 1 << (at - 48);
  }
  clear(): void {
    this.registers = 0;
    this.low = 0;
    this.high = 0;
  }
  copy(): Marks {
    const copy = new Marks();
    copy.registers = this.registers;
    copy.low = this.low;
    copy.high = this.high;
    return copy;
  }
}

/** A state that was kept. What its paths then read, and depended on, is told to it while they are walked. */
export interface Kept {
  readonly registers: readonly (Value | undefined)[];
  readonly stack: readonly (Slot | undefined)[];
  readonly parent: Kept | undefined;
  /** between its parent and it */
  readonly written: Marks;
  readonly read: Marks;
  misses: number;
  hits: number;
}

export class Machine {
  registers: (Value | undefined)[];
  stack: (Slot | undefined)[];
  private parent: Kept | undefined;
  private readonly written: Marks;

  constructor(from?: Machine) {
    this.registers = from ? from.registers.slice() : new Array<Value | undefined>(REGISTERS).fill(undefined);
    this.stack = from ? from.stack.slice() : new Array<Slot | undefined>(SLOTS).fill(undefined);
    this.parent = from?.parent;
    this.written = from ? from.written.copy() : new Marks();
  }

  get(register: number): Value | undefined {
    this.read(register);
    return this.registers[register];
  }
  set(register: number, value: Value | undefined): void {
    this.registers[register] = value;
    this.written.add(register);
  }
  slot(index: number): Slot | undefined {
    this.read(16 + index);
    return this.stack[index];
  }
  /** @param whole all eight bytes */
  setSlot(index: number, slot: Slot, whole: boolean): void {
    this.stack[index] = slot;
    if (whole) this.written.add(16 + index);
  }

  private read(at: number): void {
    if (this.written.has(at)) return;
    for (let kept = this.parent; kept; kept = kept.parent) {
      if (kept.read.has(at)) return;
      kept.read.add(at);
      if (kept.written.has(at)) return;
    }
  }

  /** Puts another value in the place of one, wherever it is held. */
  replace(value: Value, by: Value): void {
    if (value === by) return;
    this.change(held => (held === value ? by : held));
  }
  change(f: (held: Value) => Value): void {
    for (let i = 0; i < REGISTERS; i++) {
      const held = this.registers[i];
      if (held) this.registers[i] = f(held);
    }
    for (let i = 0; i < SLOTS; i++) {
      const slot = this.stack[i];
      if (!isHeld(slot)) continue;
      const value = f(slot.value);
      if (value !== slot.value) this.stack[i] = { ...slot, value };
    }
  }

  /** Keeps the state as it is here. Numbers are new ones from here on: what depended on them before does not count behind it. */
  keep(): Kept {
    const kept: Kept = {
      registers: this.registers.slice(),
      stack: this.stack.slice(),
      parent: this.parent,
      written: this.written.copy(),
      read: new Marks(),
      misses: 0,
      hits: 0,
    };
    this.parent = kept;
    this.written.clear();
    const renewed = new Map<Scalar, Scalar>();
    this.change(held => {
      if (held.kind !== "scalar") return held;
      const known = renewed.get(held) ?? { ...held, precise: false, from: [held] };
      renewed.set(held, known);
      return known;
    });
    return kept;
  }

  /** Whether all that was found from a kept state on holds here too. */
  isCoveredBy(kept: Kept): boolean {
    const pairs = new Pairs();
    for (let i = 0; i < REGISTERS; i++) {
      const old = kept.registers[i];
      if (old && kept.read.has(i) && !covers(old, this.registers[i], pairs)) return false;
    }
    for (let i = 0; i < SLOTS; i++) {
      const old = kept.stack[i];
      if (old === undefined || !kept.read.has(16 + i)) continue;
      const now = this.stack[i];
      if (isHeld(old)) {
        if (!isHeld(now) || now.bytes !== old.bytes || !coversBytes(old.rest, now.rest) || !covers(old.value, now.value, pairs))
          return false;
      } else if (now === undefined || isHeld(now) || !coversBytes(old, now)) return false;
    }
    return true;
  }
  /** What the paths from a kept state on read and depended on counts for this one, which ends here. */
  endAt(kept: Kept): void {
    for (let i = 0; i < REGISTERS; i++) {
      if (!kept.read.has(i)) continue;
      this.read(i);
      if (isPrecise(kept.registers[i])) markPrecise(this.registers[i]);
    }
    for (let i = 0; i < SLOTS; i++) {
      if (!kept.read.has(16 + i)) continue;
      this.read(16 + i);
      const [old, now] = [kept.stack[i], this.stack[i]];
      if (isHeld(old) && isHeld(now) && isPrecise(old.value)) markPrecise(now.value);
    }
  }
}

function isPrecise(value: Value | undefined): boolean {
  return value?.kind === "scalar" && value.precise;
}

function covers(old: Value, now: Value | undefined, pairs: Pairs): boolean {
  if (!now || now.kind !== old.kind) return false;
  switch (old.kind) {
    case "scalar":
      if (!old.precise) return true;
      if (now.kind !== "scalar" || now.min < old.min || now.max > old.max) return false;
      if ((now.unknown & ~old.unknown) !== 0 || ((now.bits ^ old.bits) & ~old.unknown) !== 0) return false;
      return old.min === old.max || now.min === now.max || pairs.match(old, now);
    case "packet":
      if (now.kind !== "packet" || now.offset !== old.offset || now.least < old.least || now.most > old.most) return false;
      if (old.range < 0 || now.range < 0 ? old.range !== now.range : old.range > now.range) return false;
      return pairs.match(`packet ${old.id}`, `packet ${now.id}`);
    case "memory":
      if (now.kind !== "memory" || now.source !== old.source || now.nullable !== old.nullable || now.offset !== old.offset) return false;
      if (now.least < old.least || now.most > old.most) return false;
      return !old.nullable || pairs.match(`memory ${old.id}`, `memory ${now.id}`);
    case "stack":
      return now.kind === "stack" && now.offset === old.offset;
    case "context":
    case "end":
    case "invalid":
      return true;
  }
}
/** What was one and the same must be so here, and nothing else. */
class Pairs {
  private readonly there = new Map<unknown, unknown>();
  private readonly back = new Map<unknown, unknown>();

  match(old: unknown, now: unknown): boolean {
    if (!this.there.has(old) && !this.back.has(now)) {
      this.there.set(old, now);
      this.back.set(now, old);
      return true;
    }
    return this.there.get(old) === now && this.back.get(now) === old;
  }
}

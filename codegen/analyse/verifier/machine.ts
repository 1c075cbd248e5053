/** Registers and stack at one point of a path, and the states that were kept to compare later paths with. */
import type { Liveness } from "./liveness.js";
import { isWithin, markPrecise, type Scalar, type Value } from "./values.js";

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
/** What was never written may be read, as any number (6.3): only zeros have to be there again. */
function coversBytes(old: Bytes, now: Bytes): boolean {
  return (old.zero & ~now.zero) === 0;
}
function coversSlot(old: Slot, now: Slot | undefined, pairs: Pairs): boolean {
  if (!isHeld(old)) return coversBytes(old, bytesOf(now));
  if (isHeld(now)) return now.bytes >= old.bytes && coversBytes(old.rest, now.rest) && covers(old.value, now.value, pairs);
  // eight bytes of which nothing is known are read as any number
  return old.value.kind === "scalar" && old.bytes === 8 && bytesOf(now).zero === 0 && !old.value.precise;
}

export const SLOTS = 64;
export const REGISTERS = 11;

/** A state that was kept at an instruction. What its paths then depended on is told to its numbers while they are walked. */
export interface Kept {
  readonly slot: number;
  readonly registers: readonly (Value | undefined)[];
  readonly stack: readonly (Slot | undefined)[];
  readonly deepest: number;
  misses: number;
  hits: number;
}

export class Machine {
  registers: (Value | undefined)[];
  readonly stack: (Slot | undefined)[];
  /** the stack is as deep as it was written: the lowest place */
  deepest: number;
  /** steps since the last kept state that the kernel remembers: jumps, spills and fills */
  history: number;

  constructor(from?: Machine) {
    this.registers = from ? from.registers.slice() : new Array<Value | undefined>(REGISTERS).fill(undefined);
    this.history = from?.history ?? 0;
    this.deepest = from?.deepest ?? SLOTS;
    this.stack = from ? from.stack.slice() : new Array<Slot | undefined>(SLOTS).fill(undefined);
  }

  put(index: number, slot: Slot): void {
    this.stack[index] = slot;
    if (index < this.deepest) this.deepest = index;
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
    for (let i = this.deepest; i < SLOTS; i++) {
      const slot = this.stack[i];
      if (!isHeld(slot)) continue;
      const value = f(slot.value);
      if (value !== slot.value) this.stack[i] = { ...slot, value };
    }
  }

  /**
   * Keeps the state as it is here. Its numbers are new ones from here on: what depended on them on the way here, or on
   * other ways from there, does not count.
   */
  keep(slot: number): Kept {
    const renewed = new Map<Scalar, Scalar>();
    this.change(held => {
      if (held.kind !== "scalar") return held;
      const known = renewed.get(held) ?? { ...held, precise: false, from: [held] };
      renewed.set(held, known);
      return known;
    });
    this.history = 0;
    return { slot, registers: this.registers.slice(), stack: this.stack.slice(), deepest: this.deepest, misses: 0, hits: 0 };
  }

  /** Whether all that was found from a kept state on holds here too. */
  isCoveredBy(kept: Kept, liveness: Liveness): boolean {
    const pairs = new Pairs();
    const live = liveness.registers(kept.slot);
    for (let i = 0; i < REGISTERS; i++) {
      const old = kept.registers[i];
      if (old && (live & (1 << i)) !== 0 && !covers(old, this.registers[i], pairs)) return false;
    }
    if (!liveness.hasAnyStack(kept.slot)) return true;
    for (let i = kept.deepest; i < SLOTS; i++) {
      const old = kept.stack[i];
      if (old === undefined || !liveness.hasStack(kept.slot, i)) continue;
      // below what was written here there is no stack
      if (i < this.deepest && isHeld(old)) return false;
      if (!coversSlot(old, this.stack[i], pairs)) return false;
    }
    return true;
  }
  /** What the paths from a kept state on depended on counts for this one, which ends here. */
  endAt(kept: Kept, liveness: Liveness): void {
    const live = liveness.registers(kept.slot);
    for (let i = 0; i < REGISTERS; i++) {
      if ((live & (1 << i)) !== 0 && isPrecise(kept.registers[i])) markPrecise(this.registers[i]);
    }
    for (let i = kept.deepest; i < SLOTS; i++) {
      if (!liveness.hasStack(kept.slot, i)) continue;
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
      if (now.kind !== "scalar" || !isWithin(old, now)) return false;
      return (!old.linked && !now.linked) || pairs.match(old.linked ? old : {}, now.linked ? now : {});
    case "packet":
      if (now.kind !== "packet" || now.offset !== old.offset || !isWithin(old.part, now.part)) return false;
      if (old.range < 0 || now.range < 0 ? old.range !== now.range : old.range > now.range) return false;
      return pairs.match(`packet ${old.id}`, `packet ${now.id}`);
    case "memory":
      if (
        now.kind !== "memory" ||
        now.source !== old.source ||
        now.nullable !== old.nullable ||
        now.found !== old.found ||
        now.offset !== old.offset
      )
        return false;
      if (!isWithin(old.part, now.part)) return false;
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
  private readonly olds: unknown[] = [];
  private readonly nows: unknown[] = [];

  match(old: unknown, now: unknown): boolean {
    const at = this.olds.indexOf(old);
    if (at >= 0) return this.nows[at] === now;
    if (this.nows.includes(now)) return false;
    this.olds.push(old);
    this.nows.push(now);
    return true;
  }
}

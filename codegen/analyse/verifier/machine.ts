/** Registers and stack at one point of a path, and the states that were kept to compare later paths with. */
import type { Liveness } from "./liveness.js";
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

/** A state that was kept at an instruction. What its paths then depended on is told to its numbers while they are walked. */
export interface Kept {
  readonly slot: number;
  readonly registers: readonly (Value | undefined)[];
  readonly stack: readonly (Slot | undefined)[];
  misses: number;
  hits: number;
}

export class Machine {
  registers: (Value | undefined)[];
  stack: (Slot | undefined)[];

  constructor(from?: Machine) {
    this.registers = from ? from.registers.slice() : new Array<Value | undefined>(REGISTERS).fill(undefined);
    this.stack = from ? from.stack.slice() : new Array<Slot | undefined>(SLOTS).fill(undefined);
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
  keep(slot: number): Kept {
    const kept: Kept = { slot, registers: this.registers.slice(), stack: this.stack.slice(), misses: 0, hits: 0 };
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
  isCoveredBy(kept: Kept, liveness: Liveness): boolean {
    const pairs = new Pairs();
    const live = liveness.registers(kept.slot);
    for (let i = 0; i < REGISTERS; i++) {
      const old = kept.registers[i];
      if (old && (live & (1 << i)) !== 0 && !covers(old, this.registers[i], pairs)) return false;
    }
    if (!liveness.hasAnyStack(kept.slot)) return true;
    for (let i = 0; i < SLOTS; i++) {
      const old = kept.stack[i];
      if (old === undefined || !liveness.hasStack(kept.slot, i)) continue;
      const now = this.stack[i];
      if (isHeld(old)) {
        if (!isHeld(now) || now.bytes !== old.bytes || !coversBytes(old.rest, now.rest) || !covers(old.value, now.value, pairs))
          return false;
      } else if (now === undefined || isHeld(now) || !coversBytes(old, now)) return false;
    }
    return true;
  }
  /** What the paths from a kept state on depended on counts for this one, which ends here. */
  endAt(kept: Kept, liveness: Liveness): void {
    const live = liveness.registers(kept.slot);
    for (let i = 0; i < REGISTERS; i++) {
      if ((live & (1 << i)) !== 0 && isPrecise(kept.registers[i])) markPrecise(this.registers[i]);
    }
    for (let i = 0; i < SLOTS; i++) {
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
      return old.min === old.max || now.min === now.max || pairs.match(old, now);
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
/** Whether all that one number may be the other may be too. */
function isWithin(old: Scalar, now: Scalar): boolean {
  if (now.min < old.min || now.max > old.max || (old.mark !== 0 && old.mark !== now.mark)) return false;
  return (now.unknown & ~old.unknown) === 0 && ((now.bits ^ old.bits) & ~old.unknown) === 0;
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

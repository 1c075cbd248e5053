/** What each name and each place in memory stands for at one point of the program, with the facts of the path to it. */
import { framePointer, frontPointer, type Local, type Memory, type Place, type Pointer } from "../ir/ir.js";
import type { Atoms, Join } from "./atoms.js";
import { domainOfLocal, rangeOfDomain } from "./domains.js";
import { Facts, joinFacts, rangeOfValue } from "./facts.js";
import { hull, type Interval, interval } from "./interval.js";
import type { AtomId, Linear } from "./linear.js";
import { constant, difference, equal, keyOf, ofAtom, shifted } from "./linear.js";
import { integer, isOne, sameValue, truth, type Value } from "./value.js";

/** A pointer as it was last set. */
export interface Pointed {
  /** offset from the packet's start; undefined for a map's entry */
  readonly offset: Linear | undefined;
  /** bytes from the pointer to the packet's end, as far as checks have told */
  readonly room: Linear;
  /** 1 where an entry was found */
  readonly present: Linear;
}

/** A scalar in memory whose value is known to be this one. */
interface Remembered {
  readonly region: Region;
  readonly value: Value;
  /** a local that was assigned this value where it was read or written */
  readonly holder: Local | undefined;
}
interface Region {
  /** `packet`, or the map's symbol, or `buffer N`: what cannot overlap has different names */
  readonly space: string;
  /** where it is in the packet, without the constant offset of the place */
  readonly base: Linear | undefined;
  /** the pointer that names a map's entry; 0 for the rest */
  readonly pointer: number;
  readonly offset: bigint;
  readonly bytes: bigint;
  /** bits inside a container that several fields share */
  readonly shift: number;
  readonly width: number;
}

export class State {
  readonly atoms: Atoms;
  facts: Facts;
  readonly locals: Map<number, Value>;
  readonly pointers: Map<number, Pointed>;
  private readonly memory: Map<string, Remembered>;
  /** bytes in the packet as far as checks of constant offsets have told; renewed when the packet moves */
  end: Linear;

  constructor(atoms: Atoms, from?: State) {
    this.atoms = atoms;
    this.facts = from ? from.facts.copy() : new Facts(atoms);
    this.locals = new Map(from?.locals);
    this.pointers = new Map(from?.pointers);
    this.memory = new Map(from?.memory);
    this.end = from?.end ?? newEnd(atoms, WHOLE_ETHERNET);
    if (!from) this.pointAtFrame();
  }

  fork(): State {
    return new State(this.atoms, this);
  }
  /** The same names over facts of their own: for the right side of `&&`. */
  under(facts: Facts): State {
    const state = new State(this.atoms, this);
    state.facts = facts;
    return state;
  }
  /** Lets go of the other locals. */
  keep(isNeeded: (local: number) => boolean): void {
    for (const id of this.locals.keys()) if (!isNeeded(id)) this.locals.delete(id);
  }
  get reachable(): boolean {
    return !this.facts.impossible;
  }

  read(local: Local): Value {
    const known = this.locals.get(local.id);
    if (known) return known;
    const made = this.unknown(local, rangeOfDomain(local.domain));
    this.locals.set(local.id, made);
    return made;
  }
  assign(local: Local, value: Value): void {
    this.locals.set(local.id, value);
  }
  /** A new value of which only an interval is known. */
  unknown(local: Local, range: Interval, shared = false): Value {
    const form = ofAtom(this.atoms.input(local.name, domainOfLocal(local, range), shared).id);
    return local.domain === "boolean" ? truth(isOne(form)) : integer(form);
  }

  point(pointer: Pointer, offset: Linear): void {
    // the verifier relates a check to data + constant wherever it was made, to a run-time offset only where it was made
    const room = offset.terms.length === 0 ? shifted(this.end, -offset.constant) : newRoom(this.atoms, pointer.name);
    this.pointers.set(pointer.id, { offset, room, present: constant(1n) });
  }
  /** A map's entry, or NULL. */
  found(pointer: Pointer): void {
    this.forgetPointer(pointer);
    const present = ofAtom(this.atoms.input(`${pointer.name} != NULL`, interval(0n, 1n)).id);
    this.pointers.set(pointer.id, { offset: undefined, room: constant(0n), present });
  }
  alias(pointer: Pointer, from: Pointer | "null"): void {
    this.forgetPointer(pointer);
    const pointed = from === "null" ? { offset: undefined, room: constant(0n), present: constant(0n) } : this.pointed(from);
    this.pointers.set(pointer.id, pointed);
  }
  pointed(pointer: Pointer): Pointed {
    const known = this.pointers.get(pointer.id);
    if (known) return known;
    const made: Pointed = {
      offset: ofAtom(this.atoms.input(pointer.name, interval(0n, 65535n)).id),
      room: newRoom(this.atoms, pointer.name),
      present: ofAtom(this.atoms.input(`${pointer.name} != NULL`, interval(0n, 1n)).id),
    };
    this.pointers.set(pointer.id, made);
    return made;
  }

  recall(place: Place): { readonly value: Value; readonly holder: Local | undefined } | undefined {
    const region = this.regionOf(place);
    return region && this.memory.get(keyOfRegion(region, place));
  }
  /** What a place holds from now on, after a read or a write of it. */
  remember(place: Place, value: Value, holder: Local | undefined): void {
    const region = this.regionOf(place);
    if (region && !(place.memory.kind === "entry" && place.memory.map.shared)) {
      this.memory.set(keyOfRegion(region, place), { region, value, holder });
    }
  }
  /** Something may have been written to these bytes. */
  forget(memory: Memory, offset: number, bytes: number, scalar?: Place["scalar"]): void {
    const written = this.regionAt(memory, offset, bytes, scalar);
    for (const [key, { region }] of this.memory) {
      if (!this.apart(written, region)) this.memory.delete(key);
    }
  }
  forgetSpace(space: string): void {
    for (const [key, { region }] of this.memory) if (region.space === space) this.memory.delete(key);
  }
  /** What the kernel gives, the same each time until something changes it. */
  recallAmbient(what: string): Value | undefined {
    return this.memory.get(what)?.value;
  }
  rememberAmbient(what: string, value: Value): void {
    const region = { space: what, base: undefined, pointer: 0, offset: 0n, bytes: 1n, shift: 0, width: 8 };
    this.memory.set(what, { region, value, holder: undefined });
  }
  private forgetPointer(pointer: Pointer): void {
    for (const [key, { region }] of this.memory) if (region.pointer === pointer.id) this.memory.delete(key);
  }
  /** The packet moved: its pointers, its bytes and what was known of its end are gone. */
  moved(): void {
    this.forgetSpace("packet");
    this.end = newEnd(this.atoms, 0n);
    for (const [id, pointed] of this.pointers) if (pointed.offset) this.pointers.delete(id);
    this.pointAtFrame();
  }
  /** What follows is a program of its own: of the packet and of memory nothing is known. */
  anew(): void {
    this.memory.clear();
    this.moved();
  }
  /** Offsets below 12 are used with `front` alone and the others never, so both count as the packet's start. */
  private pointAtFrame(): void {
    const offset = constant(0n);
    const front = ofAtom(this.atoms.input("room at front", interval(0n, 1n << 32n)).id);
    this.pointers.set(frontPointer.id, { offset, room: front, present: constant(1n) });
    this.pointers.set(framePointer.id, { offset, room: this.end, present: constant(1n) });
  }

  private regionOf(place: Place): Region | undefined {
    if (place.index) return undefined;
    return this.regionAt(place.memory, place.offset, place.scalar.bytes, place.scalar);
  }
  private regionAt(memory: Memory, offset: number, bytes: number, scalar: Place["scalar"] | undefined): Region {
    const rest = { bytes: BigInt(bytes), shift: scalar?.shift ?? 0, width: scalar?.width ?? bytes * 8 };
    switch (memory.kind) {
      case "packet": {
        const base = this.pointed(memory.pointer).offset ?? constant(0n);
        return { space: "packet", base, pointer: 0, offset: BigInt(offset), ...rest };
      }
      case "entry":
        return { space: memory.map.symbol, base: undefined, pointer: memory.pointer.id, offset: BigInt(offset), ...rest };
      case "buffer":
        return { space: `buffer ${memory.buffer.id}`, base: undefined, pointer: 0, offset: BigInt(offset), ...rest };
    }
  }
  private apart(a: Region, b: Region): boolean {
    if (a.space !== b.space) return true;
    // where b begins, seen from a; two entries of one map may be the same
    const gap =
      a.base && b.base
        ? this.facts.rangeOf(shifted(difference(b.base, a.base), b.offset - a.offset))
        : interval(b.offset - a.offset, b.offset - a.offset);
    if (gap.min >= a.bytes || gap.max <= -b.bytes) return true;
    if (gap.min !== 0n || gap.max !== 0n || a.bytes !== b.bytes) return false;
    return a.shift >= b.shift + b.width || b.shift >= a.shift + a.width;
  }

  /** The state where several paths meet; undefined when none of them is taken. */
  static join(atoms: Atoms, all: readonly State[]): State | undefined {
    const states = all.filter(state => state.reachable);
    const [first] = states;
    if (first === undefined || states.length === 1) return first;
    const join: Join = { incoming: states.map(state => state.facts), phis: new Map<AtomId, readonly Value[]>() };
    const merge = (name: string, values: readonly Value[]): Value => {
      const [value] = values;
      if (value && values.every(other => sameValue(value, other))) return value;
      const truths = values.every(other => other.kind === "truth");
      const base = values.map((other, path) => rangeOfValue(join.incoming[path] ?? first.facts, other)).reduce(hull);
      const { id } = atoms.phi(name, join, truths ? interval(0n, 1n) : base);
      join.phis.set(id, values);
      return truths ? truth(isOne(ofAtom(id))) : integer(ofAtom(id));
    };
    const mergeForms = (name: string, forms: readonly Linear[]): Linear => {
      const merged = merge(name, forms.map(integer));
      return merged.kind === "integer" ? merged.form : constant(0n);
    };

    // A local that some paths leave alone belongs to one case of a choice: it is read behind that case's tag alone, so
    // only the paths that assigned it count.
    const mergeSome = (id: number): Value => {
      const some = states.filter(state => state.locals.has(id));
      const values = some.flatMap(state => state.locals.get(id) ?? []);
      const range = values.map((value, path) => rangeOfValue(some[path]?.facts ?? first.facts, value)).reduce(hull);
      const form = ofAtom(atoms.input(`local ${id}`, range).id);
      return values.every(value => value.kind === "truth") ? truth(isOne(form)) : integer(form);
    };

    const result = new State(atoms);
    result.end = mergeForms(
      "data_end",
      states.map(state => state.end),
    );
    for (const id of new Set(states.flatMap(state => [...state.locals.keys()]))) {
      const values = states.flatMap(state => state.locals.get(id) ?? []);
      if (values.length === states.length) result.locals.set(id, merge(`local ${id}`, values));
      else result.locals.set(id, mergeSome(id));
    }
    for (const id of first.pointers.keys()) {
      const values = states.flatMap(state => state.pointers.get(id) ?? []);
      if (values.length !== states.length) continue;
      const offsets = values.flatMap(value => value.offset ?? []);
      if (offsets.length !== 0 && offsets.length !== values.length) continue;
      result.pointers.set(id, {
        offset: offsets.length === 0 ? undefined : mergeForms("offset", offsets),
        room: mergeForms(
          "room",
          values.map(value => value.room),
        ),
        present: mergeForms(
          "present",
          values.map(value => value.present),
        ),
      });
    }
    for (const [key, remembered] of first.memory) {
      const others = states.map(state => state.memory.get(key));
      if (!others.every(other => other !== undefined && sameValue(other.value, remembered.value))) continue;
      const holder = others.every(other => other?.holder === remembered.holder) ? remembered.holder : undefined;
      result.memory.set(key, { ...remembered, holder });
    }
    result.facts = joinFacts(atoms, join.incoming, join.phis);
    return result;
  }
}

/** Where two pointers certainly point at the same byte of the same packet. */
export function samePlace(a: Pointed, b: Pointed): boolean {
  return a.offset !== undefined && b.offset !== undefined && equal(a.offset, b.offset);
}

function keyOfRegion(region: Region, place: Place): string {
  const base = region.base ? keyOf(shifted(region.base, region.offset)) : `${region.pointer} ${region.offset}`;
  const { bytes, order, shift, width } = place.scalar;
  return `${region.space} ${base} ${bytes} ${order} ${shift} ${width}`;
}
/** Every program begins with the check that an Ethernet header is there, behind a tag as in front of it. */
const WHOLE_ETHERNET = 14n;

function newEnd(atoms: Atoms, least: bigint): Linear {
  return ofAtom(atoms.input("data_end", interval(least, 1n << 32n)).id);
}
function newRoom(atoms: Atoms, name: string): Linear {
  return ofAtom(atoms.input(`room at ${name}`, interval(-(1n << 32n), 1n << 32n)).id);
}

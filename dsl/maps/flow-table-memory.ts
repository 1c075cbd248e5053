/**
 * A flow table's memory and its algorithm, for one CPU: the same slots, victims and fingerprints as the compiled program
 * has. `codegen/print/flow-table.ts` is the same in C, where it also says what keeps CPUs apart.
 */
import { CONTROL, contentsOf, HEAD, WAYS, type Where, whereOf } from "../core/flow-slots.js";
import type { FlowGeometry, SlotContent } from "../core/spec.js";

export type Outcome = "new" | "hit" | "busy" | "full";

export class FlowMemory {
  readonly geometry: FlowGeometry;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #hints: Uint16Array;
  readonly #idle: readonly [fresh: number, established: number];
  readonly #seed: bigint;

  constructor(geometry: FlowGeometry, seed: bigint, idle: readonly [fresh: number, established: number]) {
    this.geometry = geometry;
    this.bytes = new Uint8Array(geometry.size);
    this.#view = new DataView(this.bytes.buffer);
    this.#hints = new Uint16Array(this.bytes.buffer, geometry.hintsAt, WAYS << geometry.setBits);
    this.#idle = idle;
    this.#seed = seed;
    this.#view.setBigUint64(HEAD.seed, seed, true);
    idle.forEach((ticks, i) => {
      this.#view.setUint32(HEAD.idle + 4 * i, ticks, true);
    });
  }

  /** The slot of the flow with this key, or undefined. */
  find(key: Uint8Array, now: number): number | undefined {
    const where = this.#where(key);
    const slot = this.#holder(where, key);
    return slot !== undefined && this.#isFresh(slot, now) ? slot : undefined;
  }

  /** The flow's slot, made with this value where there is none. */
  add(key: Uint8Array, value: Uint8Array, established: boolean, now: number): { outcome: Outcome; slot: number } {
    const where = this.#where(key);
    const first = this.#way(where.first, where.fingerprint);
    const second = this.#way(where.second, where.fingerprint);
    for (const [set, way] of [
      [where.first, first],
      [where.second, second],
    ] as const) {
      const slot = set * WAYS + way;
      if (way === WAYS || !this.#holds(slot, key)) continue;
      if (this.#is(slot, CONTROL.live) && this.#isFresh(slot, now)) return { outcome: "hit", slot };
      return this.#claim(slot, where, key, value, established, now);
    }
    const free = this.#free(where, first, second);
    if (free !== undefined) return this.#claim(free, where, key, value, established, now);
    const victim = this.#victim(where, first, second, now);
    return victim === undefined ? { outcome: "full", slot: 0 } : this.#claim(victim, where, key, value, established, now);
  }

  control(slot: number): bigint {
    return this.#view.getBigUint64(this.#at(slot) + this.geometry.control, true);
  }
  seen(slot: number): number {
    return this.#view.getUint32(this.#at(slot) + this.geometry.seen, true);
  }
  /** Live bytes of a slot's value; the time of the last packet may lie in their padding. */
  value(slot: number, bytes: number): Uint8Array {
    const at = this.#at(slot) + this.geometry.value;
    return this.bytes.subarray(at, at + bytes);
  }
  touch(slot: number, now: number): void {
    this.#view.setUint32(this.#at(slot) + this.geometry.seen, now, true);
  }

  /** Flags change with the version that was seen alone: never on another flow that took the slot. */
  exchange(slot: number, seen: bigint, next: bigint): boolean {
    if (this.control(slot) !== seen) return false;
    this.#view.setBigUint64(this.#at(slot) + this.geometry.control, next, true);
    return true;
  }
  /** Lets a deleted flow's slot be taken again. */
  release(slot: number): void {
    this.#hints[slot] = 0;
  }

  /** What every slot holds that was ever used. */
  *contents(keyBytes: number, valueBytes: number): Iterable<readonly [slot: number, content: SlotContent]> {
    yield* contentsOf(this.bytes, this.geometry, keyBytes, valueBytes);
  }

  #at(slot: number): number {
    return this.geometry.slotsAt + slot * this.geometry.slotBytes;
  }
  #is(slot: number, flag: bigint): boolean {
    return (this.#view.getUint8(this.#at(slot) + this.geometry.control) & Number(flag)) !== 0;
  }

  #where(key: Uint8Array): Where {
    return whereOf(key, this.geometry, this.#seed);
  }

  /** The slot of a set whose hint is the fingerprint, which is unique there; WAYS for none. */
  #way(set: number, fingerprint: number): number {
    const at = this.#hints.indexOf(fingerprint, set * WAYS) - set * WAYS;
    return at >= 0 && at < WAYS ? at : WAYS;
  }

  #holds(slot: number, key: Uint8Array): boolean {
    const at = this.#at(slot);
    for (let i = 0; i < key.length; i++) if (this.bytes[at + i] !== key[i]) return false;
    return true;
  }

  #holder(where: Where, key: Uint8Array): number | undefined {
    const holds = (slot: number): boolean => this.#is(slot, CONTROL.live) && this.#holds(slot, key);
    if (holds(where.home)) return where.home;
    for (const set of [where.first, where.second]) {
      const way = this.#way(set, where.fingerprint);
      if (way < WAYS && holds(set * WAYS + way)) return set * WAYS + way;
    }
    return undefined;
  }

  /** Signed: another CPU may have stored a later time than the one that this CPU read. */
  #age(slot: number, now: number): number {
    return (now - this.seen(slot)) | 0;
  }
  #isFresh(slot: number, now: number): boolean {
    return ((this.#idle[this.#is(slot, CONTROL.established) ? 1 : 0] - this.#age(slot, now)) | 0) >= 0;
  }

  #frees(set: number): number {
    let count = 0;
    for (let i = 0; i < WAYS; i++) if (this.#hints[set * WAYS + i] === 0) count++;
    return count;
  }

  /** The first set until it holds five, then the emptier one; not a set that has the fingerprint of another key. */
  #free(where: Where, first: number, second: number): number | undefined {
    const n1 = first < WAYS ? 0 : this.#frees(where.first);
    const n2 = second < WAYS ? 0 : this.#frees(where.second);
    if (n1 + n2 === 0) return undefined;
    const set = n1 > 3 || n1 >= n2 ? where.first : where.second;
    if (set === where.first && this.#hints[where.home] === 0) return where.home;
    return set * WAYS + this.#way(set, 0);
  }

  /** Whom a new flow replaces: expired, then not established, then (by option) established; then the oldest, the lowest. */
  #victim(where: Where, first: number, second: number, now: number): number | undefined {
    let best: Rank | undefined;
    const eldest = (set: number): void => {
      for (let i = 0; i < WAYS; i++) best = higher(this.#rank(set * WAYS + i, now), best);
    };
    if (first === WAYS) eldest(where.first);
    else if (second < WAYS) best = this.#rank(where.first * WAYS + first, now);
    if (second === WAYS && (best === undefined || best.kind === 0)) eldest(where.second);
    if (best === undefined || (best.kind === 0 && !this.geometry.evictEstablished)) return undefined;
    return best.slot;
  }

  #rank(slot: number, now: number): Rank {
    const age = Math.max(0, this.#age(slot, now));
    const established = this.#is(slot, CONTROL.established);
    const old = !this.#is(slot, CONTROL.live) || age > this.#idle[established ? 1 : 0];
    return { slot, age, kind: old ? 2 : established ? 0 : 1 };
  }

  #claim(
    slot: number,
    where: Where,
    key: Uint8Array,
    value: Uint8Array,
    established: boolean,
    now: number,
  ): { outcome: Outcome; slot: number } {
    const { geometry } = this;
    const at = this.#at(slot);
    const control = this.control(slot);
    if ((control & CONTROL.changing) !== 0n) return { outcome: "busy", slot: 0 };
    this.bytes.set(key, at);
    this.bytes.set(value, at + geometry.value);
    this.#view.setUint32(at + geometry.seen, now, true);
    const next = (control & ~(CONTROL.version - 1n)) + CONTROL.version + CONTROL.live + (established ? CONTROL.established : 0n);
    this.#view.setBigUint64(at + geometry.control, next, true);
    this.#hints[slot] = where.fingerprint;
    return { outcome: "new", slot };
  }
}

interface Rank {
  readonly slot: number;
  /** 2 gone or expired, 1 not established, 0 established */
  readonly kind: number;
  readonly age: number;
}
/** The better victim; of equal ones the one that was there first. */
function higher(candidate: Rank, best: Rank | undefined): Rank {
  if (best === undefined || candidate.kind > best.kind) return candidate;
  return candidate.kind === best.kind && candidate.age > best.age ? candidate : best;
}

/**
 * Flow tables in the kernel: the one value of an array, mapped into this process. Reading follows the programs' own rule:
 * an entry is good where its control word is the same before and behind. No lock is taken here.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { FlowGeometry, MapEntry } from "../../codegen/bundle/manifest.js";
import { CONTROL, HEAD, WAYS, whereOf } from "../../dsl/core/flow-slots.js";
import { DatapathError } from "../errors.js";
import { readTicks } from "../machine/ticks.js";
import { type KernelMap, native } from "../native/index.js";
import { type AtomicField, atomicFields } from "./atomic-fields.js";
import { sizeOf } from "./codec.js";
import { type Collected, type RawEntry, RawMap } from "./raw.js";

export interface FlowTableStart {
  /** where the hash begins: random, or who sends packets could choose which flows meet in one set */
  readonly seed: bigint;
  readonly tickNanoseconds: bigint;
  readonly processors: number;
}

function ofThisMachine(): FlowTableStart {
  return {
    seed: randomBytes(8).readBigUInt64LE(),
    tickNanoseconds: BigInt(native().tickNanoseconds()),
    processors: possibleProcessors(),
  };
}

/**
 * Writes what a table's head holds, before a program that was loaded for it sees a packet.
 * @param goesOn it has entries of an earlier program, which were placed by its seed: how long they may idle is new alone
 */
export function beginFlowTable(map: KernelMap, geometry: FlowGeometry, goesOn: boolean, start: FlowTableStart = ofThisMachine()): void {
  const { seed, tickNanoseconds: tick, processors } = start;
  const view = new DataView(memoryOf(map));
  if (!goesOn) view.setBigUint64(HEAD.seed, seed, true);
  geometry.idle.forEach((nanoseconds, i) => {
    view.setUint32(HEAD.idle + 4 * i, Number((BigInt(nanoseconds) + tick - 1n) / tick), true);
  });
  if (geometry.perCpu && !goesOn) view.setUint32(HEAD.ownSets, ownSets(map, geometry, processors), true);
}

function memoryOf(map: KernelMap): ArrayBuffer {
  const memory = map.memory();
  if (!memory) throw new DatapathError("DP6016", `the flow table ${map.info().name} cannot be mapped`);
  return memory;
}

/** Each CPU has a part of the sets, all parts alike: how many that are. */
function ownSets(map: KernelMap, { setBits }: FlowGeometry, processors: number): number {
  const shift = Math.ceil(Math.log2(processors));
  if (shift >= setBits)
    throw new DatapathError("DP6009", `${map.info().name} has ${2 ** setBits} sets, too few for ${processors} processors`, {
      hint: "a table per CPU needs maxEntries of at least 16 for each",
    });
  return 2 ** (setBits - shift);
}

/** Processors that may ever be there: their numbers begin at 0. */
function possibleProcessors(): number {
  const last = /(\d+)\s*$/.exec(readFileSync("/sys/devices/system/cpu/possible", "utf8"));
  return Number(last?.[1] ?? 0) + 1;
}

/** A slot that a packet writes all the time is looked at so often. */
const ATTEMPTS = 100;

interface Slot {
  readonly number: number;
  /** the control word that the copy was taken under */
  readonly control: bigint;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** ticks */
  readonly seen: number;
}

/** A flow table's entries as stored bytes. */
export class RawFlowTable extends RawMap {
  readonly #geometry: FlowGeometry;
  readonly #keySize: number;
  readonly #valueSize: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #words: BigUint64Array;
  readonly #halves: Uint32Array;
  readonly #atomics: readonly AtomicField[];

  constructor(map: KernelMap, entry: MapEntry, geometry: FlowGeometry) {
    const keySize = entry.key ? sizeOf(entry.key) : 0;
    const valueSize = entry.value ? sizeOf(entry.value) : 0;
    super(map, { ...map.info(), keySize, valueSize, maxEntries: entry.maxEntries });
    const memory = memoryOf(map);
    this.#geometry = geometry;
    this.#keySize = keySize;
    this.#valueSize = valueSize;
    this.#bytes = new Uint8Array(memory);
    this.#view = new DataView(memory);
    this.#words = new BigUint64Array(memory);
    this.#halves = new Uint32Array(memory);
    this.#atomics = atomicFields(entry.value);
  }

  override get(key: Uint8Array): Uint8Array | undefined {
    return this.#find(key)?.value;
  }

  /** Flows are made by packets: only a program may take the table's locks. */
  override set(): void {
    throw new DatapathError("DP6008", "entries of a flow table are made by the program; here they can be read and deleted");
  }

  /** Marks the flow as gone; its slot is taken again when it is needed. */
  override delete(key: Uint8Array): boolean {
    for (let i = 0; i < ATTEMPTS; i++) {
      const slot = this.#find(key);
      if (!slot) return false;
      if (this.#drop(slot)) return true;
    }
    return false;
  }

  override *entries(): Generator<RawEntry> {
    for (const slot of this.#slots()) if (this.#isFresh(slot)) yield [slot.key, slot.value, slot.seen];
  }

  override find(key: Uint8Array): RawEntry | undefined {
    const slot = this.#find(key);
    return slot && [slot.key, slot.value, slot.seen];
  }

  /** A flow that changes meanwhile is left alone: its control word is another one. */
  override collect(key: Uint8Array, isOver: (entry: RawEntry) => boolean): Collected {
    const slot = this.#find(key);
    return slot && isOver([slot.key, slot.value, slot.seen]) && this.#drop(slot) ? "deleted" : "kept";
  }

  override clear(): void {
    for (const slot of this.#slots()) if (!this.#drop(slot)) this.delete(slot.key);
  }

  /** Entries that have idled too long, or were deleted, and still stand in their slots. */
  get stale(): number {
    let count = 0;
    for (const slot of this.#slots()) if (!this.#isFresh(slot)) count++;
    return count;
  }

  #drop({ number, control }: Slot): boolean {
    return this.kernel.compareExchange(this.#at(number) + this.#geometry.control, control, control & ~CONTROL.live);
  }

  *#slots(): Generator<Slot> {
    const { setBits, slotBytes, slotsAt, control } = this.#geometry;
    const first = (slotsAt + control) / 8;
    for (let number = 0; number < WAYS << setBits; number++) {
      if (((this.#words[first + (number * slotBytes) / 8] ?? 0n) & CONTROL.live) === 0n) continue;
      const slot = this.#copy(number);
      if (slot) yield slot;
    }
  }

  #find(key: Uint8Array): Slot | undefined {
    const words = new Uint8Array(this.#geometry.keyWords * 8);
    words.set(key);
    const seed = this.#view.getBigUint64(HEAD.seed, true);
    for (const number of this.#candidates(words, seed)) {
      const slot = this.#copy(number);
      if (slot && Buffer.compare(slot.key, key) === 0 && this.#isFresh(slot)) return slot;
    }
    return undefined;
  }

  /** Where a key may be; with a part for each CPU, in any of them. */
  *#candidates(words: Uint8Array, seed: bigint): Generator<number> {
    const { setBits, hintsAt, perCpu } = this.#geometry;
    const sets = 2 ** setBits;
    const own = (perCpu && this.#view.getUint32(HEAD.ownSets, true)) || sets;
    const where = whereOf(words, this.#geometry, seed);
    const inOwn = [where.first & (own - 1), where.second & (own - 1)];
    for (let begin = 0; begin < sets; begin += own) {
      for (const set of inOwn) {
        for (let way = 0; way < WAYS; way++) {
          const number = (begin + set) * WAYS + way;
          if (this.#view.getUint16(hintsAt + 2 * number, true) === where.fingerprint) yield number;
        }
      }
    }
  }

  #at(number: number): number {
    return this.#geometry.slotsAt + number * this.#geometry.slotBytes;
  }

  /** A slot as it was at one moment; undefined where it holds no flow. */
  #copy(number: number): Slot | undefined {
    const at = this.#at(number);
    const word = (at + this.#geometry.control) / 8;
    for (let i = 0; i < ATTEMPTS; i++) {
      const control = Atomics.load(this.#words, word);
      if ((control & CONTROL.changing) !== 0n) continue;
      if ((control & CONTROL.live) === 0n) return undefined;
      const whole = this.#bytes.slice(at, at + this.#geometry.slotBytes);
      this.#loadAtomics(at, whole);
      if (Atomics.load(this.#words, word) !== control) continue;
      const { value, seen } = this.#geometry;
      const stored = whole.slice(value, value + this.#valueSize);
      if (seen >= value && seen < value + this.#valueSize) stored.fill(0, seen - value, seen - value + 4);
      const time = new DataView(whole.buffer).getUint32(seen, true);
      return { number, control, key: whole.slice(0, this.#keySize), value: stored, seen: time };
    }
    return undefined;
  }

  /** What programs change with no change of the control word: a copy of bytes may hold one half of before and one of after. */
  #loadAtomics(at: number, whole: Uint8Array): void {
    const view = new DataView(whole.buffer, whole.byteOffset);
    for (const { offset, bits } of this.#atomics) {
      const place = this.#geometry.value + offset;
      if (bits === 64) view.setBigUint64(place, Atomics.load(this.#words, (at + place) / 8), true);
      else view.setUint32(place, Atomics.load(this.#halves, (at + place) / 4), true);
    }
  }

  #isFresh({ number, control }: Slot): boolean {
    const { now, ahead } = readTicks();
    const seen = this.#view.getUint32(this.#at(number) + this.#geometry.seen, true);
    const idle = this.#view.getUint32(HEAD.idle + ((control & CONTROL.established) === 0n ? 0 : 4), true);
    return ((now - ahead - seen) | 0) <= idle;
  }
}

/** The entries of a map, whatever its kind. */
export function rawMapOf(map: KernelMap, entry: MapEntry): RawMap {
  return entry.flow ? new RawFlowTable(map, entry, entry.flow) : new RawMap(map);
}

/**
 * Stores to neighbouring bytes become wide ones: constants side by side, and what was loaded side by side and is stored
 * so again, in whatever pieces the program names them.
 *
 * Within a run of loads, stores and pure assignments the stores wait until something must see them; by then each byte's
 * last value is known, and where it comes from.
 */
import type { Scalar } from "../../dsl/core/shape.js";
import type { Local, Memory, Place, Program, Span, Statement } from "../ir/ir.js";
import { bodiesOf, countLocals, endsAway, mapBodies } from "../ir/walk.js";
import { constantChunks, copyChunks } from "./chunks.js";
import { byteOf } from "./scalar-bytes.js";

export function mergeStores(program: Program, freshLocal: (name: string, domain: Local["domain"]) => Local): Program {
  const counts = countLocals(program.body);
  const all = (body: readonly Statement[]): readonly Statement[] => new Run(counts, freshLocal, all).all(body);
  return { ...program, body: all(program.body) };
}

type Load = Extract<Statement, { kind: "load" }>;
type Store = Extract<Statement, { kind: "store" }>;
type Copy = Extract<Statement, { kind: "copyPlace" }>;

/** Where one byte's new value comes from. */
type Source =
  | { readonly kind: "constant"; readonly value: number }
  /** some bits of it, by these stores */
  | { readonly kind: "bits"; readonly mask: number; readonly value: number; readonly stores: readonly Store[] }
  /** memory that nothing has written since */
  | {
      readonly kind: "copy";
      readonly memory: Memory;
      readonly offset: number;
      readonly name: string /** that holds it */;
      readonly load?: Load;
    }
  /** any other value; the store stays as it is */
  | { readonly kind: "store"; readonly store: Store };

interface Pending {
  readonly memory: Memory;
  readonly bytes: Map<number, { readonly source: Source; readonly by: Store | Copy }>;
}

/** What a flush makes, in this order. */
interface Made {
  readonly loads: Statement[];
  readonly first: Statement[];
  readonly stores: Statement[];
}

class Run {
  private readonly out: Statement[] = [];
  /** waiting stores, by the memory that they go to */
  private pending = new Map<string, Pending>();
  /** loads whose bytes nothing has written since, by local */
  private readonly clean = new Map<number, Load>();
  private readonly writes: ReadonlyMap<number, number>;
  private readonly reads: ReadonlyMap<number, number>;
  private readonly freshLocal: (name: string, domain: Local["domain"]) => Local;
  private readonly inside: (body: readonly Statement[]) => readonly Statement[];

  constructor(
    counts: ReturnType<typeof countLocals>,
    freshLocal: (name: string, domain: Local["domain"]) => Local,
    inside: (body: readonly Statement[]) => readonly Statement[],
  ) {
    this.writes = counts.writes;
    this.reads = counts.reads;
    this.freshLocal = freshLocal;
    this.inside = inside;
  }

  all(body: readonly Statement[]): readonly Statement[] {
    for (const statement of body) this.one(statement);
    this.flush();
    return this.out;
  }

  private one(statement: Statement): void {
    switch (statement.kind) {
      case "let":
        if (this.writes.get(statement.local.id) !== 1) this.flush();
        this.out.push(statement);
        return;
      case "load":
        if (!isPlain(statement.place) || this.writes.get(statement.local.id) !== 1) {
          this.barrier(statement);
          return;
        }
        if (this.meetsPending(statement.place.memory, statement.place.offset, statement.place.scalar.bytes)) this.flush();
        this.out.push(statement);
        this.clean.set(statement.local.id, statement);
        return;
      case "store":
        if (!isPlain(statement.place)) this.barrier(statement);
        else this.store(statement);
        return;
      case "copyPlace":
        this.copy(statement);
        return;
      case "clear": {
        const memory: Memory = { kind: "buffer", buffer: statement.buffer };
        if ((this.pending.get(keyOf(memory))?.bytes.size ?? 0) > 0) this.flush();
        this.out.push(statement);
        this.written(memory, 0, statement.buffer.layout.size);
        return;
      }
      case "point":
      case "alias":
        this.passes(statement, memory => memory.kind !== "buffer" && memory.pointer.id === statement.pointer.id);
        return;
      case "if":
      case "block":
        // what is inside must see all stores; behind a branch that goes away, or that writes nothing, nothing has changed
        if ((statement.kind === "if" && statement.else.length === 0 && endsAway(statement.then)) || isReadOnly(statement)) {
          this.flush();
          this.out.push(mapBodies(statement, this.inside));
          return;
        }
        this.barrier(mapBodies(statement, this.inside));
        return;
      default:
        this.barrier(mapBodies(statement, this.inside));
    }
  }

  /** A statement after which one memory holds something else; what was loaded from others is still there. */
  private passes(statement: Statement, changed: (memory: Memory) => boolean): void {
    this.flush();
    this.out.push(statement);
    for (const [local, load] of this.clean) if (changed(load.place.memory)) this.clean.delete(local);
  }

  /** A statement that may read or write anything. */
  private barrier(statement: Statement): void {
    this.flush();
    this.out.push(statement);
    this.clean.clear();
  }

  private store(store: Store): void {
    const { place } = store;
    const { scalar } = place;
    const waiting = this.waiting(place.memory);
    const sources = this.sourcesOf(store);
    const whole = scalar.width === scalar.bytes * 8;
    if (!whole) {
      // some of a byte's bits: alone only where the rest is a constant that waits
      this.storeBits(store, waiting);
      return;
    }
    const before = Array.from({ length: scalar.bytes }, (_, i) => waiting.bytes.get(place.offset + i)?.source);
    const cut = before.find(source => stillNeeded(source, place));
    if (cut) {
      this.flush();
      this.store(store);
      return;
    }
    for (let i = 0; i < scalar.bytes; i++)
      waiting.bytes.set(place.offset + i, { source: sources?.[i] ?? { kind: "store", store }, by: store });
  }

  private storeBits(store: Store, waiting: Pending): void {
    const { place, value } = store;
    const { scalar } = place;
    const mask = ((1n << BigInt(scalar.width)) - 1n) << BigInt(scalar.shift);
    const merged: [number, Source][] = [];
    for (let i = 0; i < scalar.bytes; i++) {
      const own = byteOf(scalar, mask, i);
      if (own === 0) continue;
      const before = waiting.bytes.get(place.offset + i)?.source ?? { kind: "bits", mask: 0, value: 0, stores: [] };
      if (value.op !== "const" || before.kind === "copy" || before.kind === "store") {
        this.flush();
        this.out.push(store);
        this.written(place.memory, place.offset, scalar.bytes);
        return;
      }
      const byte = (before.value & ~own) | byteOf(scalar, value.value << BigInt(scalar.shift), i);
      const all = before.kind === "constant" ? 0xff : before.mask | own;
      const source: Source =
        all === 0xff || before.kind === "constant"
          ? { kind: "constant", value: byte }
          : { kind: "bits", mask: all, value: byte, stores: [...before.stores, store] };
      merged.push([place.offset + i, source]);
    }
    for (const [at, source] of merged) waiting.bytes.set(at, { source, by: store });
  }

  private copy(copy: Copy): void {
    if (isShared(copy.to) || isShared(copy.from)) {
      this.barrier(copy);
      return;
    }
    if (this.meetsPending(copy.from, copy.fromOffset, copy.bytes)) this.flush();
    const waiting = this.waiting(copy.to);
    const cut = [...waiting.bytes].some(
      ([at, { source }]) => (source.kind === "store" || source.kind === "bits") && at >= copy.toOffset && at < copy.toOffset + copy.bytes,
    );
    if (cut) this.flush();
    const { bytes } = this.waiting(copy.to);
    for (let i = 0; i < copy.bytes; i++) {
      const source: Source = { kind: "copy", memory: copy.from, offset: copy.fromOffset + i, name: "bytes" };
      bytes.set(copy.toOffset + i, { source, by: copy });
    }
  }

  /** The source of each byte in memory order; undefined where the value is computed. */
  private sourcesOf({ place, value }: Store): readonly Source[] | undefined {
    const { scalar } = place;
    const each = <T>(f: (i: number) => T): T[] => Array.from({ length: scalar.bytes }, (_, i) => f(i));
    if (value.op === "const") {
      const word = BigInt.asUintN(scalar.bytes * 8, value.value);
      return each(i => ({ kind: "constant", value: byteOf(scalar, word, i) }));
    }
    const load = value.op === "local" ? this.clean.get(value.local.id) : undefined;
    if (!load || !sameScalar(load.place.scalar, scalar)) return undefined;
    return each(i => ({ kind: "copy", memory: load.place.memory, offset: load.place.offset + i, name: load.place.name, load }));
  }

  /** The stores that wait for a memory; those to what it may overlap are made first. */
  private waiting(memory: Memory): Pending {
    const key = keyOf(memory);
    for (const other of this.pending.values()) {
      if (keyOf(other.memory) !== key && mayOverlap(other.memory, memory)) {
        this.flush();
        break;
      }
    }
    const known = this.pending.get(key) ?? { memory, bytes: new Map() };
    this.pending.set(key, known);
    return known;
  }

  private meetsPending(memory: Memory, offset: number, bytes: number): boolean {
    for (const pending of this.pending.values()) {
      if (keyOf(pending.memory) === keyOf(memory)) {
        for (let i = 0; i < bytes; i++) if (pending.bytes.has(offset + i)) return true;
      } else if (mayOverlap(pending.memory, memory) && pending.bytes.size > 0) return true;
    }
    return false;
  }

  private written(memory: Memory, offset: number, bytes: number): void {
    for (const [local, { place }] of this.clean) {
      const apart =
        keyOf(place.memory) === keyOf(memory) && (place.offset >= offset + bytes || offset >= place.offset + place.scalar.bytes);
      if (!apart && (keyOf(place.memory) === keyOf(memory) || mayOverlap(place.memory, memory))) this.clean.delete(local);
    }
  }

  private flush(): void {
    const all = [...this.pending.values()].filter(pending => pending.bytes.size > 0);
    this.pending = new Map();
    if (all.length === 0) return;
    // every load comes before every store: sources are what was there when the run began
    const loads: Statement[] = [];
    const first: Statement[] = [];
    const stores: Statement[] = [];
    const edges = sourceEdges(all);
    const held = new Map<string, Local>();
    for (const pending of all) this.flushOne(pending, edges, held, { loads, first, stores });
    this.out.push(...loads, ...first, ...stores);
    for (const { memory, bytes } of all) for (const at of bytes.keys()) this.written(memory, at, 1);
  }

  private flushOne({ memory, bytes }: Pending, edges: ReadonlySet<string>, held: Map<string, Local>, { loads, first, stores }: Made): void {
    const at = [...bytes.keys()].sort((a, b) => a - b);
    const aligned = memory.kind !== "packet";
    const written = new Set<Store>();
    for (let i = 0; i < at.length; ) {
      const start = at[i] ?? 0;
      const entry = bytes.get(start);
      if (!entry) break;
      const { source, by } = entry;
      if (source.kind === "bits") {
        // these read the rest of the byte: in front of all others, which may write some of it
        first.push(...source.stores.filter(store => !written.has(store)));
        for (const store of source.stores) written.add(store);
        i++;
        continue;
      }
      if (source.kind === "store") {
        if (!written.has(source.store)) stores.push(source.store);
        written.add(source.store);
        i++;
        continue;
      }
      const run = runFrom(bytes, start, edges);
      i += run.length;
      const target = (offset: number, scalar: Scalar): Place => ({ memory, offset, scalar, name: nameOf(bytes, offset, scalar.bytes) });
      if (source.kind === "constant") {
        const values = run.map(other => (other.kind === "constant" ? other.value : 0));
        for (const { offset, size } of constantChunks(start, values, aligned)) {
          const value = values.slice(offset - start, offset - start + size).reduceRight((word, byte) => (word << 8n) | BigInt(byte), 0n);
          stores.push(storeOf(target(offset, host(size)), { op: "const", domain: size === 8 ? "bigint" : "number", value }, by.span));
        }
        continue;
      }
      const origin = { offset: source.offset, aligned: source.memory.kind !== "packet" };
      const pieces = copyChunks({ offset: start, aligned }, origin, run.length);
      const keyFor = (from: number, size: number): string => `${keyOf(source.memory)} ${from} ${size}`;
      const cost = pieces.reduce((sum, { offset, size }) => sum + (held.has(keyFor(source.offset + offset - start, size)) ? 1 : 2), 0);
      const whole = this.wholeLoads(run);
      if (whole && whole.cost <= cost) {
        for (const { load, at: offset } of whole.loads)
          stores.push(storeOf(target(start + offset, load.place.scalar), { op: "local", local: load.local }, by.span));
        continue;
      }
      for (const { offset, size } of pieces) {
        const from = source.offset + offset - start;
        const key = keyFor(from, size);
        let local = held.get(key);
        if (!local) {
          const piece = run[offset - start];
          const name = piece?.kind === "copy" ? piece.name : source.name;
          local = this.freshLocal(nameFor(name), size === 8 ? "bigint" : "number");
          held.set(key, local);
          loads.push({
            kind: "load",
            local,
            place: { memory: source.memory, offset: from, scalar: host(size), name },
            span: by.span,
          });
        }
        stores.push(storeOf(target(offset, host(size)), { op: "local", local }, by.span));
      }
    }
  }

  /** The loads that hold a run of copied bytes, whole and side by side, and what storing them costs; undefined where they don't. */
  private wholeLoads(run: readonly Source[]): { readonly loads: readonly { load: Load; at: number }[]; readonly cost: number } | undefined {
    const loads: { load: Load; at: number }[] = [];
    let cost = 0;
    for (let at = 0; at < run.length; ) {
      const source = run[at];
      const load = source?.kind === "copy" ? source.load : undefined;
      if (source?.kind !== "copy" || !load || source.offset !== load.place.offset) return undefined;
      const { bytes } = load.place.scalar;
      if (bytes === 6 || bytes === 16 || at + bytes > run.length) return undefined;
      loads.push({ load, at });
      // a load for something else is there anyway
      cost += (this.reads.get(load.local.id) ?? 0) > 1 ? 1 : 2;
      at += bytes;
    }
    return { loads, cost };
  }
}

/** The bytes from `start` on that have one kind of source and, copied, lie side by side there too. */
function runFrom(bytes: ReadonlyMap<number, { readonly source: Source }>, start: number, edges: ReadonlySet<string>): readonly Source[] {
  const first = bytes.get(start)?.source;
  const run: Source[] = [];
  for (let at = start; ; at++) {
    const source = bytes.get(at)?.source;
    if (!source || source.kind !== first?.kind || source.kind === "store" || source.kind === "bits") return run;
    if (source.kind === "copy" && first.kind === "copy") {
      if (keyOf(source.memory) !== keyOf(first.memory) || source.offset - first.offset !== at - start) return run;
      if (at > start && edges.has(`${keyOf(source.memory)} ${source.offset}`)) return run;
    }
    run.push(source);
  }
}

/** Where copied runs begin and end in their source: pieces that end there can be shared by several destinations. */
function sourceEdges(all: readonly Pending[]): ReadonlySet<string> {
  const edges = new Set<string>();
  const uses = new Map<string, number>();
  for (const { bytes } of all) {
    for (const { source } of bytes.values()) {
      if (source.kind !== "copy") continue;
      const key = `${keyOf(source.memory)} ${source.offset}`;
      uses.set(key, (uses.get(key) ?? 0) + 1);
    }
  }
  for (const { bytes } of all) {
    for (const { source } of bytes.values()) {
      if (source.kind !== "copy") continue;
      const space = keyOf(source.memory);
      const own = uses.get(`${space} ${source.offset}`);
      if (own !== uses.get(`${space} ${source.offset - 1}`)) edges.add(`${space} ${source.offset}`);
    }
  }
  return edges;
}

function nameOf(bytes: ReadonlyMap<number, { readonly by: Store | Copy }>, offset: number, size: number): string {
  const names = new Set<string>();
  for (let i = 0; i < size; i++) {
    const by = bytes.get(offset + i)?.by;
    if (by?.kind === "store") names.add(by.place.name);
  }
  return [...names].join(", ") || "bytes";
}

/** Whether a statement and all inside it only read and go elsewhere. */
function isReadOnly(statement: Statement): boolean {
  switch (statement.kind) {
    case "let":
    case "load":
    case "variable":
    case "ambient":
    case "leave":
    case "return":
      return true;
    case "if":
    case "block":
      return bodiesOf(statement).every(body => body.every(isReadOnly));
    default:
      return false;
  }
}
function nameFor(place: string): string {
  return place
    .replace(/[^a-zA-Z0-9]+/g, "_")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase();
}
function storeOf(place: Place, value: Store["value"], span: Span): Statement {
  return { kind: "store", place, value, fit: { bits: place.scalar.width, what: place.name }, span };
}
function host(size: 1 | 2 | 4 | 8): Scalar {
  return { bytes: size, order: "host", shift: 0, width: size * 8 };
}
function sameScalar(a: Scalar, b: Scalar): boolean {
  return a.bytes === b.bytes && a.order === b.order && a.shift === b.shift && a.width === b.width;
}
/** Whether a store that waits also writes what a new one to `place` does not. */
function stillNeeded(source: Source | undefined, place: Place): boolean {
  if (source?.kind === "store") return !covers(place, source.store.place);
  return source?.kind === "bits" && source.stores.some(store => !covers(place, store.place));
}
function covers(outer: Place, inner: Place): boolean {
  return outer.offset <= inner.offset && inner.offset + inner.scalar.bytes <= outer.offset + outer.scalar.bytes;
}
function isPlain(place: Place): boolean {
  return !place.index && !isShared(place.memory);
}
function isShared(memory: Memory): boolean {
  return memory.kind === "entry" && memory.map.shared;
}
function keyOf(memory: Memory): string {
  return memory.kind === "buffer" ? `buffer ${memory.buffer.id}` : `pointer ${memory.pointer.id}`;
}
/** Of two memories that are named differently. The frame's two pointers share no byte: one is for what lies in front of 12. */
function mayOverlap(a: Memory, b: Memory): boolean {
  if (a.kind === "packet" && b.kind === "packet") return !(a.pointer.id < 2 && b.pointer.id < 2);
  return a.kind === "entry" && b.kind === "entry" && a.map.symbol === b.map.symbol;
}

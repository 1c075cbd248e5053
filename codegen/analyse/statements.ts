/** Statements, in order: what each demands, and what is so after it. */
import {
  type Ambient,
  type Expr,
  frontPointer,
  type Interval,
  type Local,
  type Move,
  type Place,
  type Span,
  type Statement,
} from "../ir/ir.js";
import { accessesOf } from "../ir/walk.js";
import { evaluate, evaluateInteger, evaluateOffset, evaluateTruth, type Findings } from "./evaluate.js";
import { rangeOfValue } from "./facts.js";
import { hull, interval, unsigned, within } from "./interval.js";
import type { Lifetimes } from "./lifetimes.js";
import { constant } from "./linear.js";
import { checkFit, checkIndex } from "./obligations.js";
import { lengthOutside, neverSoFew, offsetBeforeTag } from "./problems.js";
import { State, samePlace } from "./state.js";
import { isOne, lessOrEqual, truth, type Value } from "./value.js";

/** A run-time offset must lie behind the place of a VLAN tag: what is in front of it is not moved by one. */
const TAG_OFFSET = 12n;

export interface Pass extends Findings {
  readonly locals: Map<number, Interval>;
  readonly dead: Set<Statement>;
  readonly samePointer: Map<number, number>;
  readonly reloads: Map<Statement, Local>;
  readonly lifetimes: Lifetimes;
  /** a `forget` ends what is known of its local but for the interval */
  readonly forgetful: boolean;
  /** accesses that are not proved, where it is asked for */
  readonly unproved: Set<Statement>;
  /** the states that left each enclosing block */
  readonly labels: Map<number, State[]>;
}

/** Gives the state behind the last statement, or undefined where no packet gets there. */
export function runStatements(pass: Pass, statements: readonly Statement[], start: State): State | undefined {
  let state: State | undefined = start;
  for (const statement of statements) {
    if (!state?.reachable) {
      pass.dead.add(statement);
      state = undefined;
    } else {
      state = runStatement(pass, statement, state);
    }
  }
  return state?.reachable ? state : undefined;
}

function runStatement(pass: Pass, statement: Statement, state: State): State | undefined {
  const { span } = statement;
  switch (statement.kind) {
    case "if":
      return runIf(pass, statement, state);
    case "block": {
      const left: State[] = [];
      pass.labels.set(statement.label.id, left);
      const end = runStatements(pass, statement.body, state);
      pass.labels.delete(statement.label.id);
      if (left.length === 0) return end;
      return State.join(pass.atoms, end ? [...left, end] : left);
    }
    case "leave": {
      const states = pass.labels.get(statement.label.id);
      if (states === undefined) throw new Error(`leave of ${statement.label.name} stands outside its block`);
      states.push(state);
      return undefined;
    }
    case "return":
      evaluate(pass, state, statement.verdict, span);
      return undefined;
    case "let":
      assign(pass, state, statement.local, evaluate(pass, state, statement.value, span));
      return state;
    case "load":
      checkPlace(pass, state, statement.place, span);
      proveAccess(pass, state, statement);
      load(pass, state, statement);
      return state;
    case "store": {
      checkPlace(pass, state, statement.place, span);
      proveAccess(pass, state, statement);
      const value = evaluate(pass, state, statement.value, span);
      if (value.kind === "integer") checkFit(pass, state, value.form, statement.fit, span);
      write(state, statement.place, value, statement.value);
      return state;
    }
    case "fits": {
      const value = evaluate(pass, state, statement.value, span);
      if (value.kind === "integer") checkFit(pass, state, value.form, statement.fit, span);
      return state;
    }
    case "inRange":
      checkIndex(pass, state, evaluateInteger(pass, state, statement.value, span), statement.length, statement.what, span);
      return state;
    case "point": {
      const offset = evaluateOffset(pass, state, statement.offset, span);
      const range = state.facts.rangeOf(offset);
      if (range.min < TAG_OFFSET) pass.report(offsetBeforeTag(span, range));
      state.point(statement.pointer, offset);
      findSame(pass, state, statement.pointer.id);
      return state;
    }
    case "alias":
      state.alias(statement.pointer, statement.from);
      return state;
    case "variable": {
      const { variable } = statement;
      // a setting may be changed between two reads
      const name = `variable ${variable.symbol}`;
      const known = variable.what === "setting" ? undefined : state.recallAmbient(name);
      const value = known ?? state.unknown(statement.local, variable.range);
      state.rememberAmbient(name, value);
      assign(pass, state, statement.local, fitted(state, statement.local, value, variable.range));
      return state;
    }
    case "ambient": {
      const range = AMBIENT_RANGES[statement.what];
      const lasting = LASTING.has(statement.what);
      const known = lasting ? state.recallAmbient(statement.what) : undefined;
      const value = fitted(state, statement.local, known ?? state.unknown(statement.local, range), range);
      if (lasting) state.rememberAmbient(statement.what, value);
      assign(pass, state, statement.local, value);
      return state;
    }
    case "setAmbient": {
      const value = evaluate(pass, state, statement.value, span);
      if (value.kind === "integer") checkFit(pass, state, value.form, statement.fit, span);
      state.forgetSpace(statement.what);
      return state;
    }
    case "move":
      runMove(pass, state, statement.move, span);
      state.moved();
      for (const what of MOVED) state.forgetSpace(what);
      fresh(pass, state, statement.ok);
      return state;
    case "clear":
      state.forgetSpace(`buffer ${statement.buffer.id}`);
      return state;
    case "copyPlace":
      proveAccess(pass, state, statement);
      state.forget(statement.to, statement.toOffset, statement.bytes);
      return state;
    case "lookup":
      state.found(statement.pointer);
      return state;
    case "element":
      checkLength(pass, state, statement.index, `the index of ${statement.map.path}`, 32, span);
      state.found(statement.pointer);
      return state;
    case "update":
    case "delete":
      state.forgetSpace(statement.map.symbol);
      fresh(pass, state, statement.ok);
      return state;
    case "flowFind":
      state.found(statement.pointer);
      state.found(statement.copy);
      return state;
    case "flowAdd":
      state.found(statement.pointer);
      state.found(statement.copy);
      state.forgetSpace(statement.map.symbol);
      fresh(pass, state, statement.outcome, { min: 0n, max: 3n });
      return state;
    case "flowUpdate":
    case "flowMark":
      state.forgetSpace(statement.map.symbol);
      fresh(pass, state, statement.ok);
      return state;
    case "flowTouch":
      state.forgetSpace(statement.map.symbol);
      return state;
    case "atomicAdd":
      checkPlace(pass, state, statement.place, span);
      proveAccess(pass, state, statement);
      evaluate(pass, state, statement.value, span);
      forgetPlace(state, statement.place);
      if (statement.old) fresh(pass, state, statement.old, unsigned(statement.place.scalar.width));
      return state;
    case "compareExchange": {
      const { place } = statement;
      checkPlace(pass, state, place, span);
      proveAccess(pass, state, statement);
      const expected = evaluateInteger(pass, state, statement.expected, span);
      checkFit(pass, state, expected, { bits: place.scalar.width, what: `the expected value of ${place.name}` }, span);
      const desired = evaluateInteger(pass, state, statement.desired, span);
      checkFit(pass, state, desired, { bits: place.scalar.width, what: place.name }, span);
      forgetPlace(state, place);
      fresh(pass, state, statement.ok);
      return state;
    }
    case "emit":
      fresh(pass, state, statement.ok);
      return state;
    case "count":
      return state;
    case "forget":
      if (pass.forgetful) {
        const range = rangeOfValue(state.facts, state.read(statement.local));
        assign(pass, state, statement.local, state.unknown(statement.local, range));
      }
      return state;
    case "cut":
      // another program knows what it is handed, and what it finds by itself
      state.anew();
      for (const { local, range } of statement.carried.locals) assign(pass, state, local, state.unknown(local, range));
      return state;
    case "mirror":
      checkLength(pass, state, statement.device, "the device", 32, span);
      state.moved();
      fresh(pass, state, statement.ok);
      return state;
    case "device":
      checkLength(pass, state, statement.key, `the key of ${statement.map.path}`, 32, span);
      fresh(pass, state, statement.local, unsigned(32));
      return state;
    case "packetCopy":
      checkLength(pass, state, statement.to, "the offset to copy to", 32, span);
      checkLength(pass, state, statement.from, "the offset to copy from", 32, span);
      checkLength(pass, state, statement.count, "the number of bytes to copy", 32, span, statement.max);
      state.moved();
      fresh(pass, state, statement.ok);
      return state;
    case "packetSum":
      checkLength(pass, state, statement.offset, "the offset to sum from", 32, span);
      checkLength(pass, state, statement.length, "the number of bytes to sum", 32, span, statement.max);
      checkLength(pass, state, statement.initial, "the initial sum", 32, span);
      fresh(pass, state, statement.local, unsigned(16));
      return state;
    case "checksumReplace":
      evaluate(pass, state, statement.offset, span);
      evaluate(pass, state, statement.addresses, span);
      evaluate(pass, state, statement.others, span);
      // The bytes stay, but their pointers are made anew: what was checked has to be checked again.
      state.moved();
      return state;
    case "checksumUpdate":
      evaluate(pass, state, statement.difference, span);
      return state;
    case "synCookie":
      for (const [i, operand] of statement.operands.entries()) {
        if (statement.family === 4 || i > 1)
          checkLength(pass, state, operand, COOKIE_OPERANDS[i] ?? "an operand", i === 2 || i === 3 ? 16 : 32, span);
        else evaluate(pass, state, operand, span);
      }
      fresh(pass, state, statement.local, unsigned(statement.does === "make" ? 32 : 1));
      return state;
  }
}

const COOKIE_OPERANDS = [
  "the source",
  "the destination",
  "the source port",
  "the destination port",
  "the sequence number",
  "the last number",
];

function runIf(pass: Pass, statement: Extract<Statement, { kind: "if" }>, state: State): State | undefined {
  const condition = evaluateTruth(pass, state, statement.condition, statement.span);
  state.keep(id => pass.lifetimes.isReadFrom(id, statement));
  const branch = (body: readonly Statement[], holds: boolean, inner: State): State | undefined => {
    inner.facts.assume(condition, holds);
    if (inner.reachable) return runStatements(pass, body, inner);
    for (const dead of body) pass.dead.add(dead);
    return undefined;
  };
  // the state itself is not needed any more: the second branch may have it
  const ends = [branch(statement.then, true, state.fork()), branch(statement.else, false, state)].flatMap(end => end ?? []);
  return State.join(pass.atoms, ends);
}

function runMove(pass: Pass, state: State, move: Move, span: Span): void {
  switch (move.kind) {
    case "insert":
    case "remove":
      checkLength(pass, state, move.offset, `the offset to ${move.kind} at`, 32, span);
      checkLength(pass, state, move.bytes, `the number of bytes to ${move.kind}`, 32, span);
      return;
    case "grow":
    case "shrink":
    case "pull":
      checkLength(pass, state, move.bytes, `the number of bytes to ${move.kind}`, 32, span);
      return;
    case "trim":
      checkLength(pass, state, move.length, "the length to trim to", 32, span);
      return;
    case "vlanSet":
      checkLength(pass, state, move.id, "the VLAN's id", 12, span);
      if (move.priority) checkLength(pass, state, move.priority, "the VLAN's priority", 3, span);
      return;
    case "vlanPop":
      return;
  }
}

/** @param limit what is promised to be the most: more is met at run time, but not with every packet */
function checkLength(pass: Pass, state: State, expr: Expr, what: string, bits: number, span: Span, limit?: number): void {
  const range = state.facts.rangeOf(evaluateInteger(pass, state, expr, span));
  const allowed = unsigned(bits);
  if (!within(range, allowed)) pass.report(lengthOutside(span, what, range, allowed.max));
  else if (limit !== undefined && range.min > BigInt(limit)) pass.report(neverSoFew(span, what, range, limit));
}

function checkPlace(pass: Pass, state: State, place: Place, span: Span): void {
  if (!place.index) return;
  const index = evaluateInteger(pass, state, place.index.value, span);
  if (!place.index.guarded) checkIndex(pass, state, index, place.index.length, place.name, span);
  else if (state.facts.rangeOf(index).min < 0n) checkIndex(pass, state, index, place.index.length, place.name, span);
  // behind a guard the index is inside
  else state.facts.assumeRange(index, interval(0n, BigInt(place.index.length - 1)));
}

function load(pass: Pass, state: State, statement: Extract<Statement, { kind: "load" }>): void {
  const { local, place } = statement;
  const range = unsigned(place.scalar.width);
  const known = state.recall(place);
  const shared = place.memory.kind === "entry" && place.memory.map.shared;
  const value = fitted(state, local, known?.value ?? state.unknown(local, range, shared), range);
  if (known?.holder?.domain === local.domain) pass.reloads.set(statement, known.holder);
  state.remember(place, value, known ? known.holder : local);
  assign(pass, state, local, value);
}

function write(state: State, place: Place, value: Value, expr: Expr): void {
  forgetPlace(state, place);
  const holder = expr.op === "local" ? expr.local : undefined;
  if (within(rangeOfValue(state.facts, value), unsigned(place.scalar.width))) state.remember(place, value, holder);
}

/** Marks an access to a packet or an entry that nothing proves; behind the check that it then gets it is so. */
function proveAccess(pass: Pass, state: State, statement: Statement): void {
  if (!pass.forgetful) return;
  for (const { memory, end } of accessesOf(statement)) {
    if (memory.kind === "buffer" || memory.pointer === frontPointer) continue;
    const pointed = state.pointed(memory.pointer);
    const proof = memory.kind === "entry" ? isOne(pointed.present) : lessOrEqual(constant(BigInt(end)), pointed.room);
    if (state.facts.decide(proof) === true) continue;
    pass.unproved.add(statement);
    state.facts.assume(proof, true);
  }
}

function forgetPlace(state: State, place: Place): void {
  const { memory, offset, index, scalar } = place;
  if (index) state.forget(memory, offset, index.stride * (index.length - 1) + scalar.bytes);
  else state.forget(memory, offset, scalar.bytes, scalar);
}

/** A remembered value for a local that reads it as what it was not written as: a flag as a number. */
function fitted(state: State, local: Local, value: Value, range: Interval): Value {
  if (local.domain === "boolean") return value.kind === "truth" ? value : truth(isOne(value.form));
  return value.kind === "integer" ? value : state.unknown(local, range);
}

function fresh(pass: Pass, state: State, local: Local, range: Interval = unsigned(1)): void {
  assign(pass, state, local, state.unknown(local, range));
}

function assign(pass: Pass, state: State, local: Local, value: Value): void {
  state.assign(local, value);
  const range = rangeOfValue(state.facts, value);
  const before = pass.locals.get(local.id);
  pass.locals.set(local.id, before ? hull(before, range) : range);
}

/** Another pointer, set on every path to here, that points at the same place. */
function findSame(pass: Pass, state: State, id: number): void {
  const own = state.pointers.get(id);
  if (!own) return;
  for (const [other, pointed] of state.pointers) {
    if (other !== id && !pass.samePointer.has(other) && samePlace(own, pointed)) {
      pass.samePointer.set(id, other);
      return;
    }
  }
}

const WORD = unsigned(32);
/** `now` is below 2^63: some 292 years after the boot */
const AMBIENT_RANGES: Readonly<Record<Ambient, Interval>> = {
  length: WORD,
  wireLength: WORD,
  hash: WORD,
  device: WORD,
  mark: WORD,
  priority: WORD,
  departure: unsigned(64),
  vlanPresent: unsigned(1),
  vlanId: unsigned(12),
  vlanPriority: unsigned(3),
  now: unsigned(63),
  nowCoarse: unsigned(63),
  ticks: unsigned(64),
  random: WORD,
};
/** the same each time, until something changes it */
const LASTING: ReadonlySet<Ambient> = new Set<Ambient>([
  "length",
  "wireLength",
  "device",
  "mark",
  "priority",
  "departure",
  "vlanPresent",
  "vlanId",
  "vlanPriority",
]);
/** what moving the packet may change */
const MOVED: readonly Ambient[] = ["length", "wireLength", "vlanPresent", "vlanId", "vlanPriority"];

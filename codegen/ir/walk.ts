/** Looks at and rebuilds IR: which expressions, locals and places a statement has. */
import type { Expr, Local, Memory, Move, Place, Statement } from "./ir.js";

/** The parts of an expression, one level down. */
export function operandsOf(expr: Expr): readonly Expr[] {
  switch (expr.op) {
    case "binary":
    case "compare":
    case "and":
    case "or":
      return [expr.left, expr.right];
    case "unary":
    case "wrap":
    case "convert":
    case "not":
      return [expr.operand];
    case "const":
    case "local":
    case "bounds":
    case "present":
      return [];
  }
}

/** Calls `visit` for an expression and all inside, operands first. */
export function visitExpr(expr: Expr, visit: (expr: Expr) => void): void {
  for (const operand of operandsOf(expr)) visitExpr(operand, visit);
  visit(expr);
}

/** A new expression, each node made by `f` from the one with new operands. Nodes are new even where `f` gives back what it got. */
export function mapExpr(expr: Expr, f: (expr: Expr) => Expr): Expr {
  switch (expr.op) {
    case "binary":
    case "compare":
    case "and":
    case "or":
      return f({ ...expr, left: mapExpr(expr.left, f), right: mapExpr(expr.right, f) });
    case "unary":
    case "wrap":
    case "convert":
    case "not":
      return f({ ...expr, operand: mapExpr(expr.operand, f) });
    case "const":
    case "local":
    case "bounds":
    case "present":
      return f({ ...expr });
  }
}
/** The same expression in nodes of its own. */
export function copyExpr(expr: Expr): Expr {
  return mapExpr(expr, node => node);
}

/** The place that a statement reads or writes. */
export function placeOf(statement: Statement): Place | undefined {
  switch (statement.kind) {
    case "load":
    case "store":
    case "atomicAdd":
    case "compareExchange":
      return statement.place;
    default:
      return undefined;
  }
}

/** Memory that a statement reads or writes, as far as constant offsets tell: a run-time index in a packet has a check of its own. */
export function accessesOf(statement: Statement): readonly { readonly memory: Memory; readonly end: number }[] {
  if (statement.kind === "copyPlace") {
    const { to, toOffset, from, fromOffset, bytes } = statement;
    return [
      { memory: to, end: toOffset + bytes },
      { memory: from, end: fromOffset + bytes },
    ];
  }
  const place = placeOf(statement);
  if (!place || (place.index && place.memory.kind === "packet")) return [];
  return [{ memory: place.memory, end: place.offset + place.scalar.bytes }];
}

/** A statement with each of its own expressions replaced; statements inside it are left alone. */
export function mapExpressions(statement: Statement, f: (expr: Expr) => Expr): Statement {
  const place = (of: Place): Place => (of.index ? { ...of, index: { ...of.index, value: f(of.index.value) } } : of);
  switch (statement.kind) {
    case "let":
    case "fits":
    case "inRange":
    case "setAmbient":
      return { ...statement, value: f(statement.value) };
    case "load":
      return { ...statement, place: place(statement.place) };
    case "store":
    case "atomicAdd":
      return { ...statement, place: place(statement.place), value: f(statement.value) };
    case "compareExchange":
      return { ...statement, place: place(statement.place), expected: f(statement.expected), desired: f(statement.desired) };
    case "point":
      return { ...statement, offset: f(statement.offset) };
    case "if":
      return { ...statement, condition: f(statement.condition) };
    case "return":
      return { ...statement, verdict: f(statement.verdict) };
    case "move":
      return { ...statement, move: mapMove(statement.move, f) };
    case "element":
      return { ...statement, index: f(statement.index) };
    case "mirror":
      return { ...statement, device: f(statement.device) };
    case "device":
      return { ...statement, key: f(statement.key) };
    case "packetCopy":
      return { ...statement, to: f(statement.to), from: f(statement.from), count: f(statement.count) };
    case "packetSum":
      return { ...statement, offset: f(statement.offset), length: f(statement.length), initial: f(statement.initial) };
    case "checksumReplace":
      return { ...statement, offset: f(statement.offset), addresses: f(statement.addresses), others: f(statement.others) };
    case "checksumUpdate":
      return { ...statement, difference: f(statement.difference) };
    case "synCookie":
      return { ...statement, operands: statement.operands.map(f) };
    case "alias":
    case "block":
    case "leave":
    case "variable":
    case "ambient":
    case "clear":
    case "copyPlace":
    case "lookup":
    case "update":
    case "delete":
    case "emit":
    case "count":
    case "forget":
    case "cut":
    case "flowFind":
    case "flowAdd":
    case "flowUpdate":
    case "flowMark":
    case "flowTouch":
      return statement;
  }
}

function mapMove(move: Move, f: (expr: Expr) => Expr): Move {
  switch (move.kind) {
    case "insert":
    case "remove":
      return { ...move, offset: f(move.offset), bytes: f(move.bytes) };
    case "grow":
    case "shrink":
    case "pull":
      return { ...move, bytes: f(move.bytes) };
    case "trim":
      return { ...move, length: f(move.length) };
    case "vlanSet":
      return { ...move, id: f(move.id), priority: move.priority && f(move.priority) };
    case "vlanPop":
      return move;
  }
}

/** The expressions of a statement itself, not of those inside it. */
export function expressionsOf(statement: Statement): readonly Expr[] {
  switch (statement.kind) {
    // most statements are one of these
    case "let":
      return [statement.value];
    case "if":
      return [statement.condition];
    case "load":
      return statement.place.index ? [statement.place.index.value] : [];
    case "block":
    case "leave":
      return [];
    default: {
      const found: Expr[] = [];
      mapExpressions(statement, expr => {
        found.push(expr);
        return expr;
      });
      return found;
    }
  }
}

/** The local that a statement assigns. */
export function assigned(statement: Statement): Local | undefined {
  switch (statement.kind) {
    case "let":
    case "load":
    case "variable":
    case "ambient":
    case "device":
    case "packetSum":
    case "synCookie":
      return statement.local;
    case "move":
    case "update":
    case "delete":
    case "compareExchange":
    case "emit":
    case "mirror":
    case "packetCopy":
      return statement.ok;
    case "flowUpdate":
    case "flowMark":
      return statement.ok;
    case "flowAdd":
      return statement.outcome;
    case "atomicAdd":
      return statement.old;
    default:
      return undefined;
  }
}

/** The lists of statements inside a statement. */
export function bodiesOf(statement: Statement): readonly (readonly Statement[])[] {
  if (statement.kind === "if") return [statement.then, statement.else];
  return statement.kind === "block" ? [statement.body] : [];
}
/** A statement with each list inside it replaced. */
export function mapBodies(statement: Statement, f: (body: readonly Statement[]) => readonly Statement[]): Statement {
  if (statement.kind === "if") return { ...statement, then: f(statement.then), else: f(statement.else) };
  return statement.kind === "block" ? { ...statement, body: f(statement.body) } : statement;
}
/** Calls `visit` for every statement, in order, outer ones before those inside. */
export function visitStatements(body: readonly Statement[], visit: (statement: Statement) => void): void {
  for (const statement of body) {
    visit(statement);
    for (const inner of bodiesOf(statement)) visitStatements(inner, visit);
  }
}

/** How often each local is read, and assigned, by id. */
export function countLocals(body: readonly Statement[]): {
  readonly reads: ReadonlyMap<number, number>;
  readonly writes: ReadonlyMap<number, number>;
} {
  const reads = new Map<number, number>();
  const writes = new Map<number, number>();
  visitStatements(body, statement => {
    const local = assigned(statement);
    if (local) writes.set(local.id, (writes.get(local.id) ?? 0) + 1);
    for (const expr of expressionsOf(statement)) {
      visitExpr(expr, node => {
        if (node.op === "local") reads.set(node.local.id, (reads.get(node.local.id) ?? 0) + 1);
      });
    }
  });
  return { reads, writes };
}

/** The locals that a `forget` names, by id: they are to stay locals. */
export function forgottenLocals(body: readonly Statement[]): ReadonlySet<number> {
  const forgotten = new Set<number>();
  visitStatements(body, statement => {
    if (statement.kind === "forget") forgotten.add(statement.local.id);
  });
  return forgotten;
}

/** Whether control never goes on behind the last statement. */
export function endsAway(body: readonly Statement[]): boolean {
  const last = body.at(-1);
  if (!last) return false;
  const known = awayCache.get(last);
  if (known !== undefined) return known;
  const away = goesAway(last);
  awayCache.set(last, away);
  return away;
}
function goesAway(last: Statement): boolean {
  switch (last.kind) {
    case "leave":
    case "return":
      return true;
    case "if":
      return endsAway(last.then) && endsAway(last.else);
    case "block":
      return endsAway(last.body) && !leaves(last.body, last.label.id);
    default:
      return false;
  }
}
/** Whether something inside leaves the label. */
export function leaves(body: readonly Statement[], label: number): boolean {
  return body.some(statement => labelsLeft(statement).has(label));
}
function labelsLeft(statement: Statement): ReadonlySet<number> {
  if (statement.kind === "leave") return new Set([statement.label.id]);
  if (statement.kind !== "if" && statement.kind !== "block") return NO_LABELS;
  const known = labelCache.get(statement);
  if (known) return known;
  const labels = new Set<number>();
  for (const body of bodiesOf(statement)) {
    for (const inner of body) for (const label of labelsLeft(inner)) labels.add(label);
  }
  labelCache.set(statement, labels);
  return labels;
}
const NO_LABELS: ReadonlySet<number> = new Set();
// statements are never changed, so what was found of one holds
const awayCache = new WeakMap<Statement, boolean>();
const labelCache = new WeakMap<Statement, ReadonlySet<number>>();

/** The pointers, by id, that something is read through, compared or handed on. */
export function pointersRead(body: readonly Statement[]): ReadonlySet<number> {
  const read = new Set<number>();
  const memory = (of: Memory): void => {
    if (of.kind !== "buffer") read.add(of.pointer.id);
  };
  visitStatements(body, statement => {
    for (const expr of expressionsOf(statement)) {
      visitExpr(expr, node => {
        if (node.op === "bounds" || node.op === "present") read.add(node.pointer.id);
      });
    }
    const place = placeOf(statement);
    if (place) memory(place.memory);
    if (statement.kind === "copyPlace") {
      memory(statement.to);
      memory(statement.from);
    } else if (statement.kind === "alias" && statement.from !== "null") read.add(statement.from.id);
    else if (statement.kind === "flowUpdate" || statement.kind === "flowMark" || statement.kind === "flowTouch") {
      read.add(statement.pointer.id);
      read.add(statement.copy.id);
    }
  });
  return read;
}

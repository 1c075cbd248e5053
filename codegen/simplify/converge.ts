/**
 * Branches whose arms end alike: where both do the same from there on, with what they assign read no more, the branch is
 * none, and what only it needed goes too. Backwards over the program, which has no loops.
 */
import type { Expr, Memory, Pointer, Program, Statement } from "../ir/ir.js";
import { assigned, expressionsOf, placeOf, visitExpr } from "../ir/walk.js";

export function converge(program: Program): Program {
  const converger = new Converger();
  return { ...program, body: converger.list(program.body, converger.end).body };
}

/** A point of the program: what is read from there on, locals by id and pointers by `pointerKey`. */
interface Point {
  readonly live: ReadonlySet<number>;
  /** points with the same text do the same from there on */
  readonly way: string;
}
interface Result {
  readonly body: readonly Statement[];
  /** the point in front of it */
  readonly at: Point;
}

const NOTHING: ReadonlySet<number> = new Set();

class Converger {
  readonly end: Point = { live: NOTHING, way: "end" };
  private readonly labels = new Map<number, Point>();
  private places = 0;

  list(body: readonly Statement[], after: Point): Result {
    let at = after;
    const kept: Statement[] = [];
    for (let i = body.length - 1; i >= 0; i--) {
      const statement = body[i];
      if (!statement) continue;
      const result = this.one(statement, at);
      at = result.at;
      // what stands behind it never runs
      const away = statement.kind === "leave" || statement.kind === "return";
      if (away) kept.length = 0;
      for (let k = result.body.length - 1; k >= 0; k--) {
        const inner = result.body[k];
        if (inner) kept.push(inner);
      }
    }
    return { body: kept.reverse(), at };
  }

  private one(statement: Statement, after: Point): Result {
    switch (statement.kind) {
      case "if":
        return this.branch(statement, after);
      case "block": {
        this.labels.set(statement.label.id, after);
        const inner = this.list(statement.body, after);
        return { body: [{ ...statement, body: inner.body }], at: inner.at };
      }
      case "leave":
        return { body: [statement], at: this.labels.get(statement.label.id) ?? this.place(NOTHING) };
      case "return": {
        const { verdict } = statement;
        const way = verdict.op === "const" ? `return ${verdict.value}` : undefined;
        const live = readBy(statement, NOTHING);
        return { body: [statement], at: way === undefined ? this.place(live) : { live, way } };
      }
      case "let": {
        if (!after.live.has(statement.local.id)) return { body: [], at: after };
        const live = readBy(statement, without(after.live, statement.local.id));
        if (statement.value.op !== "const") return { body: [statement], at: this.place(live) };
        return { body: [statement], at: { live, way: `${statement.local.id}=${statement.value.value};${after.way}` } };
      }
      case "point":
      case "alias": {
        const id = pointerKey(statement.pointer);
        if (!after.live.has(id)) return { body: [], at: after };
        return { body: [statement], at: this.place(readBy(statement, without(after.live, id))) };
      }
      case "forget":
        if (!after.live.has(statement.local.id)) return { body: [], at: after };
        return { body: [statement], at: this.place(after.live) };
      default: {
        const local = assigned(statement);
        if (local && isRead(statement) && !after.live.has(local.id)) return { body: [], at: after };
        return { body: [statement], at: this.place(readBy(statement, local ? without(after.live, local.id) : after.live)) };
      }
    }
  }

  private branch(statement: Extract<Statement, { kind: "if" }>, after: Point): Result {
    const then = this.list(statement.then, after);
    const otherwise = this.list(statement.else, after);
    if (then.at.way === otherwise.at.way) return then.body.length <= otherwise.body.length ? then : otherwise;
    const live = new Set(then.at.live);
    for (const id of otherwise.at.live) live.add(id);
    addExpr(statement.condition, live);
    return { body: [{ ...statement, then: then.body, else: otherwise.body }], at: this.place(live) };
  }

  private place(live: ReadonlySet<number>): Point {
    return { live, way: `at ${this.places++}` };
  }
}

/** Whether a statement does nothing but read into its local. */
function isRead(statement: Statement): boolean {
  switch (statement.kind) {
    case "variable":
      return true;
    case "ambient":
      // each random number that is drawn changes the next
      return statement.what !== "random";
    case "load":
      // a guarded index may abort
      return !statement.place.index?.guarded;
    default:
      return false;
  }
}

function without(live: ReadonlySet<number>, id: number): ReadonlySet<number> {
  if (!live.has(id)) return live;
  const rest = new Set(live);
  rest.delete(id);
  return rest;
}

/** Pointers have ids of their own: below zero they are no local's. */
function pointerKey(pointer: Pointer): number {
  return -1 - pointer.id;
}

function readBy(statement: Statement, after: ReadonlySet<number>): ReadonlySet<number> {
  const live = new Set(after);
  for (const expr of expressionsOf(statement)) addExpr(expr, live);
  const place = placeOf(statement);
  if (place) addMemory(place.memory, live);
  if (statement.kind === "copyPlace") {
    addMemory(statement.to, live);
    addMemory(statement.from, live);
  }
  if (statement.kind === "alias" && statement.from !== "null") live.add(pointerKey(statement.from));
  if (statement.kind === "flowUpdate" || statement.kind === "flowMark" || statement.kind === "flowTouch") {
    live.add(pointerKey(statement.pointer));
    live.add(pointerKey(statement.copy));
  }
  return live;
}

function addMemory(memory: Memory, live: Set<number>): void {
  if (memory.kind !== "buffer") live.add(pointerKey(memory.pointer));
}

function addExpr(expr: Expr, live: Set<number>): void {
  visitExpr(expr, node => {
    if (node.op === "local") live.add(node.local.id);
    if (node.op === "bounds" || node.op === "present") live.add(pointerKey(node.pointer));
  });
}

/** What is read behind each point of a program, and what has a value there. The program has no loops. */
import type { Statement } from "../ir/ir.js";
import { keyOf, partlySet, readsOf, setBy, type Thing } from "./reads.js";

export type Things = ReadonlyMap<string, Thing>;
const NOTHING: Things = new Map();

/** What is read from each statement on, itself included, before it is set anew. */
export function liveBefore(body: readonly Statement[]): ReadonlyMap<Statement, Things> {
  const found = new Map<Statement, Things>();
  const labels = new Map<number, Things>();
  const list = (statements: readonly Statement[], after: Things): Things => {
    let live = after;
    for (let i = statements.length; i-- > 0; ) {
      const statement = statements[i];
      if (!statement) continue;
      live = through(statement, live);
      found.set(statement, live);
    }
    return live;
  };
  const through = (statement: Statement, after: Things): Things => {
    switch (statement.kind) {
      case "leave":
        return labels.get(statement.label.id) ?? NOTHING;
      case "return":
        return withAll(NOTHING, readsOf(statement));
      case "if":
        return withAll(union(list(statement.then, after), list(statement.else, after)), readsOf(statement));
      case "block":
        labels.set(statement.label.id, after);
        return list(statement.body, after);
      default:
        return withAll(without(after, setBy(statement)), readsOf(statement));
    }
  };
  list(body, NOTHING);
  return found;
}

function union(a: Things, b: Things): Things {
  if (a === b) return a;
  const [large, small] = a.size < b.size ? [b, a] : [a, b];
  return withAll(large, [...small.values()]);
}

function withAll(things: Things, more: readonly Thing[]): Things {
  if (more.every(thing => things.has(keyOf(thing)))) return things;
  const all = new Map(things);
  for (const thing of more) all.set(keyOf(thing), thing);
  return all;
}

function without(things: Things, gone: readonly Thing[]): Things {
  if (!gone.some(thing => things.has(keyOf(thing)))) return things;
  const left = new Map(things);
  for (const thing of gone) left.delete(keyOf(thing));
  return left;
}

export interface SetBefore {
  /** on some way: what is on none has no value to carry */
  readonly some: ReadonlySet<string>;
  /** packet pointers that every way has set */
  readonly pointers: ReadonlySet<string>;
}

/** What was set in front of each statement. */
export function setBefore(body: readonly Statement[]): ReadonlyMap<Statement, SetBefore> {
  const found = new Map<Statement, SetBefore>();
  const some = new Set<string>();
  // a copy only where it is asked for: sets grow in the order of the text, which is that of execution
  let kept: ReadonlySet<string> = new Set();
  const labels = new Map<number, (ReadonlySet<string> | undefined)[]>();
  const list = (statements: readonly Statement[], start: ReadonlySet<string> | undefined): ReadonlySet<string> | undefined => {
    let at = start;
    for (const statement of statements) {
      if (kept.size !== some.size) kept = new Set(some);
      found.set(statement, { some: kept, pointers: at ?? new Set() });
      at = through(statement, at);
    }
    return at;
  };
  const through = (statement: Statement, at: ReadonlySet<string> | undefined): ReadonlySet<string> | undefined => {
    for (const thing of setBy(statement)) some.add(keyOf(thing));
    const partly = partlySet(statement);
    if (partly) some.add(keyOf({ kind: "buffer", buffer: partly }));
    switch (statement.kind) {
      case "leave":
        labels.get(statement.label.id)?.push(at);
        return undefined;
      case "return":
        return undefined;
      case "if": {
        const then = list(statement.then, at);
        return intersection([then, list(statement.else, at)]);
      }
      case "block": {
        const left: (ReadonlySet<string> | undefined)[] = [];
        labels.set(statement.label.id, left);
        left.push(list(statement.body, at));
        return intersection(left);
      }
      case "point":
        return at && new Set(at).add(keyOf({ kind: "pointer", pointer: statement.pointer }));
      case "alias": {
        const key = keyOf({ kind: "pointer", pointer: statement.pointer });
        const good = statement.from !== "null" && at?.has(keyOf({ kind: "pointer", pointer: statement.from }));
        const next = at && new Set(at);
        if (good) next?.add(key);
        else next?.delete(key);
        return next;
      }
      default:
        return at;
    }
  };
  list(body, new Set());
  return found;
}

function intersection(all: readonly (ReadonlySet<string> | undefined)[]): ReadonlySet<string> | undefined {
  const [first, ...others] = all.filter(one => one !== undefined);
  if (!first || others.every(other => other === first)) return first;
  return new Set([...first].filter(key => others.every(other => other.has(key))));
}

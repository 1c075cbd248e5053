/**
 * Recursion in tail position over build-time objects, a decision's nodes above all: each call with other arguments is
 * compiled once, however many paths lead to it, and reached by jumps forward. Else a graph would grow into a tree.
 */
import { ts } from "ts-morph";
import type { Label, Statement } from "../ir/ir.js";
import type { Call, Leave } from "./calls.js";
import type { Context, Exit } from "./context.js";
import { same } from "./join.js";
import { State } from "./state.js";
import type { Value } from "./values.js";
import { undefinedValue } from "./values.js";

/** One call, told apart by its arguments. */
interface Place {
  readonly call: Call;
  readonly statements: Statement[];
  readonly entries: { readonly from: Place; readonly exit: Exit }[];
}

export class Recursion {
  readonly declaration: ts.Node;
  /** what is known where the recursion begins; it holds at every place of it */
  readonly #start: State;
  readonly #places: Place[] = [];
  readonly #byObject = new Map<object, Place[]>();
  #current: Place;

  constructor(context: Context, declaration: ts.Node, call: Call) {
    this.declaration = declaration;
    this.#start = new State(context.state);
    this.#current = this.#add(call);
  }

  /** Notes a call in tail position, to be compiled in its place. False where it must be inlined: nothing it is told apart by, or the packet moved. */
  takes(context: Context, call: Call): boolean {
    const object = objectOf(call);
    if (!object || !this.#holds(context.state)) return false;
    const known = this.#byObject.get(object)?.find(place => sameCall(place.call, call));
    const place = known ?? this.#add(call);
    place.entries.push({ from: this.#current, exit: context.exitHere(undefinedValue) });
    return true;
  }

  /** Compiles every place with `lower` and puts them behind one another. */
  run(context: Context, lower: (call: Call) => void, name: string, node: ts.Node): void {
    const { out } = context;
    for (let i = 0; i < this.#places.length; i++) {
      const place = this.#places[i];
      if (!place) break;
      this.#current = place;
      context.out = place.statements;
      context.state = new State(this.#start);
      context.dead = false;
      lower(place.call);
    }
    context.out = out;
    context.dead = true;
    const ordered = this.#ordered();
    if (!ordered) {
      context.error(
        "DP1204",
        node,
        `\`${name}\` calls itself without end`,
        "recursion must end on a build-time value; here one leads back to itself",
      );
      return;
    }
    context.region(this.#joined(context, ordered, name, node), name, node);
  }

  #add(call: Call): Place {
    const place: Place = { call, statements: [], entries: [] };
    this.#places.push(place);
    const object = objectOf(call);
    if (object) this.#byObject.set(object, [...(this.#byObject.get(object) ?? []), place]);
    return place;
  }

  /** Whether what was known at the start is still so. */
  #holds(state: State): boolean {
    if (state.packet !== this.#start.packet) return false;
    for (const [map, count] of state.writes) if (this.#start.writes.get(map) !== count) return false;
    return true;
  }

  /** Every place behind those that lead to it; undefined where they go round. */
  #ordered(): readonly Place[] | undefined {
    const waiting = new Map(this.#places.map(place => [place, place.entries.length]));
    const following = new Map<Place, Place[]>();
    for (const place of this.#places) {
      for (const { from } of place.entries) following.set(from, [...(following.get(from) ?? []), place]);
    }
    const ordered: Place[] = [];
    const free = this.#places.filter(place => place.entries.length === 0);
    for (let place = free.pop(); place; place = free.pop()) {
      ordered.push(place);
      for (const next of following.get(place) ?? []) {
        const left = (waiting.get(next) ?? 0) - 1;
        waiting.set(next, left);
        if (left === 0) free.push(next);
      }
    }
    return ordered.length === this.#places.length ? ordered : undefined;
  }

  /** A place with one way in stands where it is called; one with more behind a block that all of them leave. */
  #joined(context: Context, ordered: readonly Place[], name: string, node: ts.Node): Statement[] {
    const span = context.span(node);
    let whole: Statement[] = [];
    for (const place of ordered) {
      const [only] = place.entries;
      const body: Statement = { kind: "block", label: context.label(name), body: place.statements, span };
      if (!only) {
        whole = place.statements;
      } else if (place.entries.length === 1) {
        only.exit.out.push(body);
      } else {
        const label: Label = { ...context.label(`${name}_shared`), shared: true };
        for (const { exit } of place.entries) exit.out.push({ kind: "leave", label, span });
        whole = [{ kind: "block", label, body: whole, span }, body];
      }
    }
    return whole;
  }
}

const around = new WeakMap<Leave, Recursion>();

/** The recursion that a way out of a function belongs to. */
export function recursionOf(leave: Leave): Recursion | undefined {
  return around.get(leave);
}
export function belongs(leave: Leave, recursion: Recursion): void {
  around.set(leave, recursion);
}

/** The first build-time object among a call's arguments. */
function objectOf(call: Call): object | undefined {
  for (const arg of call.args) if (arg.kind === "known" && typeof arg.value === "object" && arg.value !== null) return arg.value;
  return undefined;
}

function sameCall(a: Call, b: Call): boolean {
  return a.args.length === b.args.length && sameValue(a.self, b.self) && a.args.every((arg, i) => sameValue(arg, b.args[i]));
}
function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && same(a, b));
}

const selfCalls = new WeakMap<ts.Node, boolean>();

/** Whether a function's body calls something of the function's own name. */
export function callsItself(declaration: ts.SignatureDeclaration & { readonly body?: ts.Node }): boolean {
  const known = selfCalls.get(declaration);
  if (known !== undefined) return known;
  const name = declaration.name?.getText();
  const visit = (at: ts.Node): boolean => {
    if (ts.isCallExpression(at)) {
      const callee = at.expression;
      if ((ts.isPropertyAccessExpression(callee) ? callee.name.text : ts.isIdentifier(callee) ? callee.text : undefined) === name)
        return true;
    }
    return ts.forEachChild(at, child => visit(child) || undefined) ?? false;
  };
  const found = name !== undefined && declaration.body !== undefined && visit(declaration.body);
  selfCalls.set(declaration, found);
  return found;
}

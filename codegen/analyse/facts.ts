/**
 * What is known on a path: an interval for each atom, an interval for each combination of atoms that a condition or an
 * operation related, and for each join behind us which of its paths are still possible.
 *
 * Every fact is about values that never change, so facts are only ever added; a branch works on a copy.
 */
import type { Atoms, Join } from "./atoms.js";
import {
  add,
  ceilDivide,
  floorDivide,
  greatest,
  hull,
  type Interval,
  interval,
  isPoint,
  LIMIT,
  least,
  meet,
  point,
  same,
  scale,
} from "./interval.js";
import { type AtomId, addScaled, difference, factorOf, keyOf, type Linear, ofAtom, shapeOf, shifted, substitute } from "./linear.js";
import type { Condition, Value } from "./value.js";

/** `shape` has no constant and at least two terms, see `shapeOf`. */
interface Relation {
  readonly shape: Linear;
  readonly range: Interval;
}

/** How many intervals one new fact may tighten: a bound on work, not on what is right. */
const MOST_STEPS = 400;
/** Joins of more paths than this keep only the relations that all of them state in the same words. */
const MANY_PATHS = 12;
/** How many relations a join hands on: those of the newest values, since a long program has left the others behind. */
const MOST_RELATIONS = 40;

export class Facts {
  /** set when what is known contradicts itself: no packet comes here */
  impossible = false;
  private readonly ranges: Map<AtomId, Interval>;
  private readonly relations: Map<string, Relation>;
  private readonly paths: Map<Join, readonly number[]>;
  private readonly atoms: Atoms;

  constructor(atoms: Atoms, from?: Facts) {
    this.atoms = atoms;
    this.ranges = new Map(from?.ranges);
    this.relations = new Map(from?.relations);
    this.paths = new Map(from?.paths);
    this.impossible = from?.impossible ?? false;
  }

  copy(): Facts {
    return new Facts(this.atoms, this);
  }

  rangeOfAtom(atom: AtomId): Interval {
    return this.ranges.get(atom) ?? this.atoms.at(atom).base;
  }

  /** The interval that a form is in, by its terms' intervals and by the relations between them. */
  rangeOf(form: Linear, depth = 2): Interval {
    const plain = this.plainRangeOf(form);
    if (form.terms.length < 2 || this.relations.size === 0) return plain;

    let best = plain;
    const { shape, factor } = shapeOf(form);
    const stated = this.relations.get(keyOf(shape));
    if (stated) best = meet(best, add(scale(stated.range, factor), point(form.constant))) ?? best;
    if (depth === 0 || isPoint(best)) return best;
    // form = k·shape + rest: what is known of a related form, and of what is left
    for (const relation of this.relations.values()) {
      const k = multiple(form, relation.shape);
      if (k === 0n) continue;
      const rest = addScaled(form, relation.shape, -k);
      if (rest.terms.length > form.terms.length) continue;
      best = meet(best, add(scale(relation.range, k), this.rangeOf(rest, depth - 1))) ?? best;
      if (isPoint(best)) return best;
    }
    return best;
  }

  private plainRangeOf(form: Linear): Interval {
    let min = form.constant;
    let max = form.constant;
    for (const { atom, factor } of form.terms) {
      const range = this.rangeOfAtom(atom);
      min += (factor > 0n ? range.min : range.max) * factor;
      max += (factor > 0n ? range.max : range.min) * factor;
    }
    return interval(greatest(min, -LIMIT), least(max, LIMIT));
  }

  /** Learns that a form is inside an interval. */
  assumeRange(form: Linear, range: Interval): void {
    if (this.impossible) return;
    const known = meet(this.rangeOf(form), range);
    if (known === undefined) {
      this.impossible = true;
      return;
    }
    const first = form.terms[0];
    if (first === undefined) return;
    const changed: AtomId[] = [];
    if (form.terms.length === 1) {
      this.tighten(first.atom, divided(add(known, point(-form.constant)), first.factor), changed);
    } else if (!same(known, this.plainRangeOf(form))) {
      const { shape, factor } = shapeOf(form);
      const own = divided(add(known, point(-form.constant)), factor);
      if (own === undefined) {
        this.impossible = true;
        return;
      }
      this.relations.set(keyOf(shape), { shape, range: own });
      this.spread({ shape, range: own }, changed);
    }
    this.settle(changed);
  }

  /** Whether a condition holds here: true, false, or not known. */
  decide(condition: Condition): boolean | undefined {
    switch (condition.op) {
      case "constant":
        return condition.value;
      case "compare": {
        const range = this.rangeOf(condition.form);
        if (condition.relation === "<=") return range.max <= 0n ? true : range.min > 0n ? false : undefined;
        return range.min > 0n || range.max < 0n ? false : isPoint(range) ? true : undefined;
      }
      case "not": {
        const operand = this.decide(condition.operand);
        return operand === undefined ? undefined : !operand;
      }
      case "and":
      case "or": {
        const stop = condition.op === "or";
        const left = this.decide(condition.left);
        if (left === stop) return stop;
        const right = this.decide(condition.right);
        if (right === stop) return stop;
        return left === undefined ? undefined : right;
      }
    }
  }

  /** Learns that a condition is true, or that it is false. */
  assume(condition: Condition, holds: boolean): void {
    if (this.impossible) return;
    switch (condition.op) {
      case "constant":
        if (condition.value !== holds) this.impossible = true;
        return;
      case "compare":
        this.assumeCompare(condition.relation, condition.form, holds);
        return;
      case "not":
        this.assume(condition.operand, !holds);
        return;
      case "and":
      case "or":
        this.assumeConnective(condition.left, condition.right, holds, holds === (condition.op === "and"));
        return;
    }
  }

  /** All that another set of facts, true on the same path, says. */
  adopt(other: Facts): void {
    if (other.impossible) this.impossible = true;
    const changed: AtomId[] = [];
    for (const [atom, range] of other.ranges) this.tighten(atom, range, changed);
    for (const relation of other.relations.values()) {
      const key = keyOf(relation.shape);
      const own = this.relations.get(key);
      const range = own ? meet(own.range, relation.range) : relation.range;
      if (range === undefined) {
        this.impossible = true;
        return;
      }
      if (own && same(own.range, range)) continue;
      this.relations.set(key, { shape: relation.shape, range });
      this.spread({ shape: relation.shape, range }, changed);
    }
    for (const [join, possible] of other.paths) {
      const own = this.paths.get(join);
      const left = own ? own.filter(path => possible.includes(path)) : possible;
      if (left.length === 0) this.impossible = true;
      this.paths.set(join, left);
    }
    this.settle(changed);
  }

  private assumeCompare(relation: "<=" | "==", form: Linear, holds: boolean): void {
    const range = this.rangeOf(form);
    if (relation === "==" && !holds) {
      // only an end point can be taken off an interval
      if (isPoint(range)) this.impossible ||= range.min === 0n;
      else if (range.min === 0n) this.assumeRange(form, interval(1n, range.max));
      else if (range.max === 0n) this.assumeRange(form, interval(range.min, -1n));
      return;
    }
    const wanted = relation === "==" ? point(0n) : holds ? interval(range.min, 0n) : interval(1n, range.max);
    if (wanted.min > wanted.max) this.impossible = true;
    else this.assumeRange(form, wanted);
  }

  private assumeConnective(left: Condition, right: Condition, holds: boolean, bothHold: boolean): void {
    if (bothHold) {
      this.assume(left, holds);
      this.assume(right, holds);
      return;
    }
    // one of the two: the left, or the right while the left is not
    const first = this.copy();
    first.assume(left, holds);
    const second = this.copy();
    second.assume(left, !holds);
    second.assume(right, holds);
    this.adopt(joinFacts(this.atoms, [first, second], new Map()));
  }

  private tighten(atom: AtomId, range: Interval | undefined, changed: AtomId[]): void {
    const before = this.rangeOfAtom(atom);
    const after = range && meet(before, range);
    if (after === undefined) {
      this.impossible = true;
    } else if (!same(before, after)) {
      this.ranges.set(atom, after);
      changed.push(atom);
    }
  }

  /** A relation's range and all its terms but one bound that one. */
  private spread(relation: Relation, changed: AtomId[]): void {
    for (const term of relation.shape.terms) {
      let rest = relation.range;
      for (const other of relation.shape.terms) {
        if (other !== term) rest = add(rest, scale(this.rangeOfAtom(other.atom), -other.factor));
      }
      this.tighten(term.atom, divided(rest, term.factor), changed);
    }
  }

  private settle(changed: AtomId[]): void {
    for (let steps = 0; steps < MOST_STEPS && !this.impossible; steps++) {
      const atom = changed.shift();
      if (atom === undefined) return;
      for (const relation of [...this.relations.values()]) {
        if (factorOf(relation.shape, atom) !== 0n) this.spread(relation, changed);
      }
      const { definition } = this.atoms.at(atom);
      if (definition.kind === "phi") this.narrowPaths(definition.join, atom, changed);
    }
  }

  /** A phi that only some paths can have given this value says which paths were taken, and with that all they knew. */
  private narrowPaths(join: Join, phi: AtomId, changed: AtomId[]): void {
    const values = join.phis.get(phi);
    if (!values) return;
    const range = this.rangeOfAtom(phi);
    const possible = this.paths.get(join) ?? join.incoming.map((_, path) => path);
    const left = possible.filter(path => {
      const value = values[path];
      const facts = join.incoming[path];
      return value !== undefined && facts !== undefined && meet(range, rangeOfValue(facts, value)) !== undefined;
    });
    if (left.length === possible.length) return;
    this.paths.set(join, left);
    if (left.length === 0) {
      this.impossible = true;
      return;
    }
    const phis = new Map<AtomId, readonly Value[]>();
    for (const [id, all] of join.phis)
      phis.set(
        id,
        left.flatMap(path => all[path] ?? []),
      );
    const incoming = left.flatMap(path => join.incoming[path] ?? []);
    const joined = joinFacts(this.atoms, incoming, phis);
    changed.push(phi);
    this.adopt(joined);
    if (left.length > 1) return;
    // one path: each phi is the value that it gave
    for (const [id, [value]] of phis) {
      if (value?.kind === "integer") this.assumeRange(difference(ofAtom(id), value.form), point(0n));
      else if (value?.kind === "truth") {
        const own = this.rangeOfAtom(id);
        if (isPoint(own)) this.assume(value.condition, own.min === 1n);
      }
    }
  }

  /** For `joinFacts`, which builds one out of several. */
  static parts(facts: Facts): Parts {
    return { ranges: facts.ranges, relations: facts.relations, paths: facts.paths };
  }
}

interface Parts {
  readonly ranges: Map<AtomId, Interval>;
  readonly relations: Map<string, Relation>;
  readonly paths: Map<Join, readonly number[]>;
}

/** A truth counts as 0 or 1. */
export function rangeOfValue(facts: Facts, value: Value): Interval {
  if (value.kind === "integer") return facts.rangeOf(value.form);
  const decided = facts.decide(value.condition);
  return decided === undefined ? interval(0n, 1n) : point(decided ? 1n : 0n);
}

/** What holds on whichever of several paths was taken. `phis` are new atoms, with the value that each path gives them. */
export function joinFacts(atoms: Atoms, incoming: readonly Facts[], phis: ReadonlyMap<AtomId, readonly Value[]>): Facts {
  const live = incoming.filter(facts => !facts.impossible);
  const [first] = live;
  const joined = new Facts(atoms);
  if (first === undefined) {
    joined.impossible = true;
    return joined;
  }
  if (live.length < incoming.length) {
    const left = new Map<AtomId, readonly Value[]>();
    for (const [id, values] of phis)
      left.set(
        id,
        values.filter((_, path) => !incoming[path]?.impossible),
      );
    return joinFacts(atoms, live, left);
  }
  const target = Facts.parts(joined);
  const parts = live.map(Facts.parts);

  for (const [atom, range] of Facts.parts(first).ranges) {
    let all = range;
    for (const facts of live) all = hull(all, facts.rangeOfAtom(atom));
    if (!same(all, atoms.at(atom).base)) target.ranges.set(atom, all);
  }
  for (const [phi, values] of phis) {
    const ranges = values.map((value, path) => rangeOfValue(live[path] ?? first, value));
    const [any, ...others] = ranges;
    if (any) target.ranges.set(phi, others.reduce(hull, any));
  }
  for (const [join, possible] of Facts.parts(first).paths) {
    const all = new Set(possible);
    const everywhere = parts.every(part => {
      const own = part.paths.get(join);
      for (const path of own ?? []) all.add(path);
      return own !== undefined;
    });
    if (everywhere && all.size < join.incoming.length)
      target.paths.set(
        join,
        [...all].sort((a, b) => a - b),
      );
  }
  joinRelations(joined, live, phis);
  return joined;
}

function joinRelations(joined: Facts, live: readonly Facts[], phis: ReadonlyMap<AtomId, readonly Value[]>): void {
  const target = Facts.parts(joined);
  const many = live.length > MANY_PATHS;
  const candidates = new Map<string, Linear>();
  const propose = (form: Linear): void => {
    const { shape } = shapeOf(form);
    if (shape.terms.length > 1) candidates.set(keyOf(shape), shape);
  };
  live.forEach((facts, path) => {
    if (many && path > 0) return;
    const { relations } = Facts.parts(facts);
    for (const relation of relations.values()) propose(relation.shape);
    for (const [phi, values] of phis) {
      const value = values[path];
      const term = value?.kind === "integer" && value.form.terms.length === 1 ? value.form.terms[0] : undefined;
      if (value?.kind !== "integer" || term?.factor !== 1n) continue;
      propose(difference(ofAtom(phi), ofAtom(term.atom)));
      // what is related to the path's value is related to the phi
      for (const relation of relations.values()) {
        if (factorOf(relation.shape, term.atom) !== 0n) {
          propose(substitute(relation.shape, term.atom, shifted(ofAtom(phi), -value.form.constant)));
        }
      }
    }
  });
  for (const [key, shape] of newest(candidates)) {
    let all: Interval | undefined;
    live.forEach((facts, path) => {
      let form = shape;
      for (const term of shape.terms) {
        const value = phis.get(term.atom)?.[path];
        if (value?.kind === "integer") form = substitute(form, term.atom, value.form);
      }
      const own = facts.rangeOf(form, many ? 0 : 1);
      all = all === undefined ? own : hull(all, own);
    });
    if (all === undefined) continue;
    const plain = shape.terms.reduce<Interval>((sum, term) => add(sum, scale(joined.rangeOfAtom(term.atom), term.factor)), point(0n));
    if (all.min > plain.min || all.max < plain.max) target.relations.set(key, { shape, range: meet(all, plain) ?? all });
  }
}

/** Dropping a relation is always right: less is known. */
function newest(candidates: ReadonlyMap<string, Linear>): Iterable<readonly [string, Linear]> {
  if (candidates.size <= MOST_RELATIONS) return candidates;
  const age = (shape: Linear): AtomId => shape.terms.at(-1)?.atom ?? 0;
  return [...candidates].sort(([, a], [, b]) => age(b) - age(a)).slice(0, MOST_RELATIONS);
}

/** How often a relation's shape goes into a form so that a shared term cancels; 0 where it does not. */
function multiple(form: Linear, shape: Linear): bigint {
  for (const term of shape.terms) {
    for (const own of form.terms) {
      if (own.atom === term.atom && own.factor % term.factor === 0n) return own.factor / term.factor;
    }
  }
  return 0n;
}

/** The integers x with factor·x in the range. */
function divided(range: Interval, factor: bigint): Interval | undefined {
  const a = factor > 0n ? ceilDivide(range.min, factor) : ceilDivide(range.max, factor);
  const b = factor > 0n ? floorDivide(range.max, factor) : floorDivide(range.min, factor);
  return a <= b ? interval(a, b) : undefined;
}

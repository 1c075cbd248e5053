/** From an ordered list of rules to one decision for each family of packets. */
import type { Condition } from "../filter/condition.js";
import { costOf, type Decision } from "./decision.js";
import { type Diagram, Diagrams, sizeOf, type Terminal } from "./diagram.js";
import { type Family, type Field, fieldKey } from "./field.js";
import { lower } from "./lower.js";
import { orders } from "./order.js";
import { eachField, type Predicate } from "./predicate.js";
import { Decisions } from "./search.js";

/** One rule. The first that holds and `ends` the search gives the result; those that don't end it are noted on the way. */
export interface Rule<R> {
  readonly condition: Condition;
  readonly ends: boolean;
  /** rules with equal results need not be told apart */
  readonly result: R;
}

export interface CompileOptions<R> {
  readonly keyOf: (result: R) => string;
  /** where no rule ends the search */
  readonly fallback: R;
}

/** The decision for the packets of one family: that of the order of fields which makes it smallest. */
export function compile<R>(rules: readonly Rule<R>[], family: Family, options: CompileOptions<R>): Decision<R> {
  const lowered = rules.map(rule => ({ ...rule, predicate: lower(rule.condition, family) }));
  let best: Decision<R> | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const order of orders(
    lowered.map(rule => rule.predicate),
    fieldsOf(lowered.map(rule => rule.predicate)),
  )) {
    const decision = inOrder(lowered, order, options);
    const { compares, deepest } = costOf(decision);
    if (compares + deepest >= least) continue;
    least = compares + deepest;
    best = decision;
  }
  if (!best) throw new Error("no order of fields");
  return best;
}

function fieldsOf(predicates: readonly Predicate[]): Field[] {
  const fields = new Map<string, Field>();
  for (const predicate of predicates) eachField(predicate, field => fields.set(fieldKey(field), field));
  return [...fields.values()];
}

interface Lowered<R> extends Rule<R> {
  readonly predicate: Predicate;
}

/** The outcome so far: rules that were noted, and the one that ended the search. */
interface Partial {
  readonly notes: readonly number[];
  readonly end: number | undefined;
}

function inOrder<R>(rules: readonly Lowered<R>[], order: readonly Field[], options: CompileOptions<R>): Decision<R> {
  const diagrams = new Diagrams(order, fieldKey);
  const partials = new Map<Terminal, Partial>();
  // results that are equal are one: the place of the first rule with it stands for all
  const places = new Map<string, number>();
  const placeOf = (result: R, place: number): number => {
    const key = options.keyOf(result);
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, place);
    return place;
  };
  const terminalOf = (partial: Partial): Terminal => {
    const terminal = diagrams.terminal(`${partial.notes.join(",")}|${partial.end ?? ""}`);
    partials.set(terminal, partial);
    return terminal;
  };
  const partialOf = (terminal: Terminal): Partial => partials.get(terminal) ?? { notes: [], end: undefined };
  const none = terminalOf({ notes: [], end: undefined });
  const results = [...rules.map(rule => rule.result), options.fallback];
  const resultAt = (place: number): R => {
    const result = results[place];
    if (result === undefined) throw new Error("a terminal without a result");
    return result;
  };
  const fallback = placeOf(options.fallback, rules.length);

  const append = (terminal: Terminal, rest: Diagram): Diagram => {
    const { notes, end } = partialOf(terminal);
    if (end !== undefined) return terminal;
    if (notes.length === 0) return rest;
    return diagrams.join(rest, none, later => {
      const after = partialOf(later);
      return terminalOf({ notes: [...notes, ...after.notes.filter(note => !notes.includes(note))], end: after.end });
    });
  };
  const ofRule = (rule: Lowered<R>, i: number): Diagram => {
    const place = placeOf(rule.result, i);
    const met = terminalOf(rule.ends ? { notes: [], end: place } : { notes: [place], end: undefined });
    return diagrams.join(diagrams.of(rule.predicate), none, terminal => (terminal === diagrams.yes ? met : none));
  };

  const last = terminalOf({ notes: [], end: fallback });
  const groups = inGroups(diagrams, [...rules.map(ofRule), last], (first, second) => diagrams.join(first, second, append));

  // from the last group to the first: where a group does not decide, the next one begins
  let next: Decision<R> | undefined;
  for (const group of groups.reverse()) {
    const after = next;
    const leafOf = (key: string): Decision<R> => {
      const { notes, end } = partialOf(diagrams.terminal(key));
      const reached: Decision<R> = end === undefined && after ? after : { kind: "leaf", result: resultAt(end ?? fallback) };
      return notes.reduceRight<Decision<R>>((then, note) => ({ kind: "note", result: resultAt(note), then }), reached);
    };
    next = new Decisions(order, leafOf).of(group);
  }
  if (!next) throw new Error("no groups");
  return next;
}

/** A joined diagram may have as many ranges for each range of the rules in it; else its parts are searched one after the other. */
const GROWTH = 8;
const SMALL = 64;

interface Group {
  readonly diagram: Diagram;
  /** ranges of the rules in it, each alone */
  readonly weight: number;
  /** joining it with the next one has been tried */
  readonly closed: boolean;
}

/**
 * Joins neighbours pairwise, which keeps their order, as long as that does not multiply their sizes (source against
 * destination addresses can). What is left apart is one decision after another.
 */
function inGroups(diagrams: Diagrams, parts: readonly Diagram[], join: (first: Diagram, second: Diagram) => Diagram): Diagram[] {
  let groups: Group[] = parts.map(diagram => ({ diagram, weight: sizeOf(diagram), closed: false }));
  for (let tried = true; tried; ) {
    tried = false;
    const next: Group[] = [];
    for (let i = 0; i < groups.length; i++) {
      const first = groups[i];
      const second = groups[i + 1];
      if (!first) continue;
      if (first.closed || !second) {
        next.push(first);
        continue;
      }
      tried = true;
      const weight = first.weight + second.weight;
      const diagram = diagrams.within(SMALL + GROWTH * weight, () => join(first.diagram, second.diagram));
      if (diagram) {
        next.push({ diagram, weight, closed: false });
        i++;
      } else {
        next.push({ ...first, closed: true });
      }
    }
    groups = next;
  }
  return groups.map(group => group.diagram);
}

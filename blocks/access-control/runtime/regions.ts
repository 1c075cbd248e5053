/**
 * From a list of rules to tables that a packet is looked up in. The rules of one family are joined, first match first, and
 * cut into regions: products of a set of values for each field, no two with a packet in common. Each table says for a
 * value of its field in which regions it can be; a packet's region is what all of its fields have in common.
 */
import type { Condition } from "../filter/condition.js";
import { type Diagram, Diagrams } from "../tree/diagram.js";
import { type Family, type Field, fieldKey, greatest } from "../tree/field.js";
import { lower } from "../tree/lower.js";
import { orders } from "../tree/order.js";
import { and, eachField, negated, or, type Predicate, within } from "../tree/predicate.js";
import { type RuntimeField, runtimeFields } from "./fields.js";

/** Regions of each verdict: bits of one word. */
export const MOST_REGIONS = 64;
/** Sets of equal values that a field's values fall into. */
export const MOST_CLASSES = 256;
const MOST_RANGES = 20_000;

/** In which regions a value can be: bit by bit those that allow, and those that deny. */
export interface RegionSet {
  readonly allow: bigint;
  readonly deny: bigint;
}
export interface PrefixRegions {
  readonly prefix: bigint;
  readonly length: number;
  readonly regions: RegionSet;
}
/** Values up to `last`, from the one before it on, are of this class. */
export interface Run {
  readonly last: number;
  readonly of: number;
}
export interface FamilyTables {
  readonly prefixes: { readonly source: readonly PrefixRegions[]; readonly destination: readonly PrefixRegions[] };
  readonly stations: { readonly source: StationRegions; readonly destination: StationRegions };
  readonly fields: ReadonlyMap<RuntimeField, { readonly runs: readonly Run[]; readonly classes: readonly RegionSet[] }>;
}
export interface StationRegions {
  readonly listed: readonly { readonly address: number; readonly regions: RegionSet }[];
  readonly others: RegionSet;
}

export interface RuntimeRule {
  readonly verb: "allow" | "deny";
  readonly condition: Condition;
}

/** What rules cannot say, or cannot say together; the message says why. */
export class RuntimeRuleError extends Error {
  override readonly name = "RuntimeRuleError";
}

/** @throws {RuntimeRuleError} for a rule over fields that are not looked up, and for rules that make too many regions */
export function tablesOf(rules: readonly RuntimeRule[], family: 4 | 6, looked: readonly RuntimeField[]): FamilyTables {
  const places = new Places(rules, family);
  const predicates = rules.map(rule => places.lower(rule.condition));
  const fields = fieldsOf(predicates, looked);
  const found = smallest(rules, predicates, fields);
  const setOf = (name: string, value: number): RegionSet => ({
    allow: bitsOf(found.allow, name, value),
    deny: bitsOf(found.deny, name, value),
  });
  const small = looked.filter(name => runtimeFields[name].kind === "small");
  return {
    prefixes: {
      source: places.prefixes.source.map((prefix, i) => ({ ...prefix, regions: setOf("source0", i) })),
      destination: places.prefixes.destination.map((prefix, i) => ({ ...prefix, regions: setOf("destination0", i) })),
    },
    stations: {
      source: stationsOf(places.stations.source, address => setOf("stationSource", address)),
      destination: stationsOf(places.stations.destination, address => setOf("stationDestination", address)),
    },
    fields: new Map(small.map(name => [name, classesOf(name, [...found.allow, ...found.deny], value => setOf(name, value))])),
  };
}

/** One region: the ranges of each field that it has; a field without has all values. */
type Region = ReadonlyMap<string, readonly (readonly [first: number, last: number])[]>;
interface Regions {
  readonly allow: readonly Region[];
  readonly deny: readonly Region[];
}

function bitsOf(regions: readonly Region[], name: string, value: number): bigint {
  let bits = 0n;
  for (const [i, region] of regions.entries()) {
    const ranges = region.get(name);
    if (!ranges || ranges.some(([first, last]) => first <= value && value <= last)) bits |= 1n << BigInt(i);
  }
  return bits;
}

function smallest(rules: readonly RuntimeRule[], predicates: readonly Predicate[], fields: readonly Field[]): Regions {
  let best: Regions | undefined;
  for (const order of orders(predicates, fields)) {
    const found = regionsIn(order, rules, predicates);
    if (found && (!best || sizeOf(found) < sizeOf(best))) best = found;
    if (best && sizeOf(best) <= 8) break;
  }
  if (best && sizeOf(best) <= MOST_REGIONS) return best;
  const many = best ? `${sizeOf(best)}` : "very many";
  throw new RuntimeRuleError(
    `the rules make ${many} regions of one verdict, and there is room for ${MOST_REGIONS}: too many kinds of conditions cross each other`,
  );
}
const sizeOf = ({ allow, deny }: Regions): number => Math.max(allow.length, deny.length);

function regionsIn(order: readonly Field[], rules: readonly RuntimeRule[], predicates: readonly Predicate[]): Regions | undefined {
  const diagrams = new Diagrams(order, fieldKey);
  const none = diagrams.terminal("none");
  const verdicts = { allow: diagrams.terminal("allow"), deny: diagrams.terminal("deny") };
  // pairwise, neighbours first: it keeps their order, and what is joined small
  const ofRule = (predicate: Predicate, i: number): Diagram => {
    const verdict = verdicts[rules[i]?.verb ?? "deny"];
    return diagrams.join(diagrams.of(predicate), none, terminal => (terminal === diagrams.yes ? verdict : none));
  };
  const joined = diagrams.within(MOST_RANGES + 64 * predicates.length, () => {
    let parts: Diagram[] = predicates.map(ofRule);
    while (parts.length > 1) {
      parts = parts.flatMap((first, i) => {
        if (i % 2 === 1) return [];
        const second = parts[i + 1];
        return [second ? diagrams.join(first, second, (terminal, other) => (terminal === none ? other : terminal)) : first];
      });
    }
    return parts[0] ?? none;
  });
  if (!joined) return undefined;
  const allow: Region[] = [];
  const deny: Region[] = [];
  const walk = (at: Diagram, region: Region): boolean => {
    if (at.kind === "terminal") {
      if (at === verdicts.allow) allow.push(region);
      else if (at === verdicts.deny) deny.push(region);
      return allow.length <= 4 * MOST_REGIONS && deny.length <= 4 * MOST_REGIONS;
    }
    const field = order[at.rank];
    if (!field) return false;
    const ranges = new Map<Diagram, (readonly [number, number])[]>();
    let first = 0;
    for (const { last, to } of at.edges) {
      ranges.set(to, [...(ranges.get(to) ?? []), [first, Math.min(last, greatest(field))]]);
      first = last + 1;
    }
    return [...ranges].every(([to, of]) => walk(to, new Map([...region, [fieldKey(field), of]])));
  };
  return walk(joined, new Map()) ? { allow, deny } : undefined;
}

/** The fields that are tested, each of which must be looked up. */
function fieldsOf(predicates: readonly Predicate[], looked: readonly RuntimeField[]): Field[] {
  const keys = new Map<string, RuntimeField>(looked.map(name => [runtimeFields[name].tests, name]));
  const fields = new Map<string, Field>();
  for (const predicate of predicates) {
    eachField(predicate, field => {
      const key = fieldKey(field);
      if (!keys.has(key)) {
        const name = Object.entries(runtimeFields).find(([, { tests }]) => tests === key)?.[0];
        throw new RuntimeRuleError(
          name
            ? `rules that change while running cannot test ${name}: list it in the option runtime, { fields: [${[...looked, name].map(one => `"${one}"`).join(", ")}] }`
            : `rules that change while running test fields of their own list, and none of ${key}`,
        );
      }
      fields.set(key, field);
    });
  }
  return [...fields.values()];
}

interface Prefix {
  readonly prefix: bigint;
  readonly length: number;
}
type Sides<T> = { readonly source: T; readonly destination: T };

/** Addresses become numbers: that of the longest prefix which the rules name and which holds the address. */
class Places {
  readonly prefixes: Sides<readonly Prefix[]>;
  readonly stations: Sides<ReadonlySet<number>>;
  readonly #family: 4 | 6;

  constructor(rules: readonly RuntimeRule[], family: 4 | 6) {
    this.#family = family;
    const prefixes: Sides<Map<string, Prefix>> = { source: new Map(), destination: new Map() };
    const stations: Sides<Set<number>> = { source: new Set(), destination: new Set() };
    const whole = { prefix: 0n, length: 0 };
    for (const side of ["source", "destination"] as const) prefixes[side].set("0/0", whole);
    const visit = (condition: Condition): void => {
      if (condition.kind === "and" || condition.kind === "or") {
        visit(condition.left);
        visit(condition.right);
      } else if (condition.kind === "not") visit(condition.operand);
      else if (condition.kind === "station") stations[condition.side].add(Number(condition.value));
      else if (condition.kind === "address" && this.#carries(condition)) {
        const prefix = { prefix: condition.value, length: this.#lengthOf(condition.mask) };
        prefixes[condition.side].set(`${prefix.prefix}/${prefix.length}`, prefix);
      }
    };
    for (const rule of rules) visit(rule.condition);
    // a prefix comes before those inside it, and these before what is behind it
    const sorted = (side: "source" | "destination"): Prefix[] =>
      [...prefixes[side].values()].sort((a, b) => (a.prefix === b.prefix ? a.length - b.length : a.prefix < b.prefix ? -1 : 1));
    this.prefixes = { source: sorted("source"), destination: sorted("destination") };
    this.stations = stations;
  }

  lower(condition: Condition): Predicate {
    switch (condition.kind) {
      case "and":
        return and(this.lower(condition.left), this.lower(condition.right));
      case "or":
        return or(this.lower(condition.left), this.lower(condition.right));
      case "not":
        return negated(this.lower(condition.operand));
      case "address": {
        if (!this.#carries(condition)) return lower(condition, this.#family satisfies Family);
        const list = this.prefixes[condition.side];
        const length = this.#lengthOf(condition.mask);
        const bits = BigInt(this.#width - length);
        const inside = (one: Prefix): boolean => one.length >= length && one.prefix >> bits === condition.value >> bits;
        return within({ kind: "named", name: `${condition.side}0` }, list.findIndex(inside), list.findLastIndex(inside));
      }
      default:
        return lower(condition, this.#family);
    }
  }

  get #width(): number {
    return this.#family === 4 ? 32 : 128;
  }
  #carries({ carrier }: Extract<Condition, { kind: "address" }>): boolean {
    return carrier === (this.#family === 4 ? "ip" : "ip6");
  }
  #lengthOf(mask: bigint): number {
    const length = mask.toString(2).replaceAll("0", "").length;
    const prefix = ((1n << BigInt(length)) - 1n) << BigInt(this.#width - length);
    if (mask !== prefix) throw new RuntimeRuleError("rules that change while running take prefixes, and no other masks");
    return length;
  }
}

function stationsOf(listed: ReadonlySet<number>, setOf: (address: number) => RegionSet): StationRegions {
  let other = 0;
  while (listed.has(other)) other += 1;
  return { listed: [...listed].map(address => ({ address, regions: setOf(address) })), others: setOf(other) };
}

/** Values that are in the same regions are of one class. */
function classesOf(name: RuntimeField, regions: readonly Region[], setOf: (value: number) => RegionSet) {
  const { tests, greatest: end } = runtimeFields[name];
  const cuts = new Set([0]);
  for (const region of regions) {
    for (const [first, last] of region.get(tests) ?? []) {
      cuts.add(first);
      if (last < end) cuts.add(last + 1);
    }
  }
  const starts = [...cuts].sort((a, b) => a - b);
  const classes: RegionSet[] = [];
  const known = new Map<string, number>();
  const runs = starts.map((first, i): Run => {
    const set = setOf(first);
    const key = `${set.allow} ${set.deny}`;
    const of = known.get(key) ?? classes.push(set) - 1;
    known.set(key, of);
    return { last: (starts[i + 1] ?? end + 1) - 1, of };
  });
  if (classes.length > MOST_CLASSES)
    throw new RuntimeRuleError(`the values of ${name} fall into ${classes.length} sets, and there is room for ${MOST_CLASSES}`);
  return { runs, classes };
}

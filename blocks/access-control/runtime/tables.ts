/** From the texts of run-time rules to what the maps hold, and in which order it is written. */
import { FilterError } from "../filter/error.js";
import { parseRule } from "../filter/rule.js";
import { type RuntimeField, runtimeFields } from "./fields.js";
import { type FamilyTables, MOST_CLASSES, type RegionSet, type Run, type RuntimeRule, RuntimeRuleError, tablesOf } from "./regions.js";

/** What is written. Names of maps are those below the block's `runtime`: `source4.0`. */
export interface RuleWriter {
  /** the half that packets read */
  readonly half: 0 | 1;
  /** Puts entries in the place of all that a map holds; false where the program has no such map. */
  replace(map: string, entries: readonly (readonly [key: unknown, value: unknown])[]): boolean;
  /** Sets elements from one on; false where the program has no such map. */
  set(map: string, first: number, values: readonly object[]): boolean;
  /** Has packets read this half. */
  read(half: 0 | 1): void;
}

export interface RuleTables {
  readonly ipv4: FamilyTables;
  readonly ipv6: FamilyTables;
}

/**
 * @throws {FilterError} for a rule that cannot be read
 * @throws {RuntimeRuleError} for rules that cannot be looked up
 */
export function tablesFor(texts: readonly string[], fields: readonly RuntimeField[]): RuleTables {
  const rules = texts.map((text, place): RuntimeRule => {
    try {
      const { verb, condition } = parseRule(text);
      if (verb !== "allow" && verb !== "deny") {
        throw new FilterError(`rules that change while running allow or deny, and none does "${verb}"`, text, {
          from: text.indexOf(verb),
          to: text.indexOf(verb) + verb.length,
        });
      }
      return { verb, condition };
    } catch (error) {
      if (error instanceof FilterError) throw error.at(`rules[${place}]`);
      throw error;
    }
  });
  return { ipv4: tablesOf(rules, 4, fields), ipv6: tablesOf(rules, 6, fields) };
}

/** Writes the half that no packet reads, then has them read it. */
export function writeTables(tables: RuleTables, writer: RuleWriter): void {
  const half = writer.half === 0 ? 1 : 0;
  for (const [family, of] of [tables.ipv4, tables.ipv6].entries()) {
    const version = family === 0 ? 4 : 6;
    for (const side of ["source", "destination"] as const) {
      const prefixes = of.prefixes[side].map(
        ({ prefix, length, regions }) => [{ prefix: version === 4 ? Number(prefix) : prefix, length }, regions] as const,
      );
      writer.replace(`${side}${version}.${half}`, prefixes);
      const { listed, others } = of.stations[side];
      const name = side === "source" ? "stationSource" : "stationDestination";
      writer.replace(
        `${name}${version}.${half}`,
        listed.map(({ address, regions }) => [address, regions] as const),
      );
      writer.set("otherStations", (side === "source" ? 0 : 4) + half * 2 + family, [others]);
    }
    for (const [name, { runs, classes }] of of.fields) {
      const part = half * 2 + family;
      const chunks = (runtimeFields[name].greatest >>> 8) + 1;
      writer.set(
        `small.${name}.cells`,
        part * chunks,
        chunksOf(runs, chunks).map(cells => ({ cells })),
      );
      writer.set(`small.${name}.regions`, part * MOST_CLASSES, classes);
    }
  }
  writer.read(half);
}

function chunksOf(runs: readonly Run[], count: number): number[][] {
  const cells = new Uint8Array(count * 256);
  let first = 0;
  for (const { last, of } of runs) {
    cells.fill(of, first, last + 1);
    first = last + 1;
  }
  return Array.from({ length: count }, (_, i) => [...cells.subarray(i * 256, (i + 1) * 256)]);
}

interface Elements {
  at(index: number): object;
}
interface Entries {
  set(key: unknown, value: unknown): boolean;
  delete(key: unknown): boolean;
}

/** The maps of the build, as Node has them. */
export class Halves implements RuleWriter {
  half: 0 | 1 = 1;
  readonly #rules: object;
  readonly #keys = new Map<string, readonly unknown[]>();

  /** @param rules the block whose fields are the maps */
  constructor(rules: object) {
    this.#rules = rules;
  }
  replace(map: string, entries: readonly (readonly [key: unknown, value: unknown])[]): boolean {
    const live = this.#find(map);
    if (!isEntries(live)) return false;
    for (const key of this.#keys.get(map) ?? []) live.delete(key);
    for (const [key, value] of entries)
      if (!live.set(key, value)) throw new RuntimeRuleError(`the rules name more than ${map} has room for`);
    this.#keys.set(
      map,
      entries.map(([key]) => key),
    );
    return true;
  }
  set(map: string, first: number, values: readonly object[]): boolean {
    const live = this.#find(map);
    if (!isElements(live)) return false;
    for (const [i, value] of values.entries()) assign(live.at(first + i), value);
    return true;
  }
  read(half: 0 | 1): void {
    this.half = half;
    this.set("half", 0, [{ half }]);
  }
  #find(path: string): unknown {
    return path
      .split(".")
      .reduce<unknown>((at, name) => (typeof at === "object" && at !== null ? Reflect.get(at, name) : undefined), this.#rules);
  }
}

function assign(view: object, value: object): void {
  for (const [name, of] of Object.entries(value)) {
    const field: unknown = Reflect.get(view, name);
    if (Array.isArray(of) && isArrayField(field)) field.set(of);
    else Reflect.set(view, name, of);
  }
}
const isArrayField = (field: unknown): field is { set(values: readonly unknown[]): void } =>
  typeof field === "object" && field !== null && typeof Reflect.get(field, "set") === "function";
const isElements = (map: unknown): map is Elements =>
  typeof map === "object" && map !== null && typeof Reflect.get(map, "at") === "function";
const isEntries = (map: unknown): map is Entries =>
  typeof map === "object" && map !== null && typeof Reflect.get(map, "delete") === "function";

export type { RegionSet };

/** How rules that change while running are looked up. */
import { type RuntimeField, runtimeFields } from "./fields.js";

export interface RuntimeOptions {
  /** the most prefixes that the rules name as sources, and as destinations, of each family: 1 … 2^19 */
  readonly maxPrefixes: number;
  /** How IPv4 prefixes are looked up: a trie by default; `"prefixTable"` is many times faster and takes more memory. */
  readonly table?: "lpmTrie" | "prefixTable";
  /** The fields that rules can test, each one more look-up: source, destination, protocol, sourcePort and destinationPort by default. */
  readonly fields?: readonly RuntimeField[];
  /** the most Ethernet addresses that the rules name on a side; 1024 by default */
  readonly maxStations?: number;
  /** The rules that are in force until others take their place; none by default. */
  readonly rules?: readonly string[];
}

const MOST_PREFIXES = 2 ** 19;

/** @param refuse throws an error that names the option, its value and what is allowed */
export function checkRuntime(options: RuntimeOptions, refuse: (name: string, value: unknown, allowed: string) => never): void {
  const { maxPrefixes, table, fields, maxStations, rules } = options;
  const within = (value: unknown, most: number): boolean => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most;
  if (!within(maxPrefixes, MOST_PREFIXES)) refuse("runtime.maxPrefixes", maxPrefixes, `a whole number of 1 to ${MOST_PREFIXES}`);
  if (table !== undefined && table !== "lpmTrie" && table !== "prefixTable") refuse("runtime.table", table, '"lpmTrie" or "prefixTable"');
  if (maxStations !== undefined && !within(maxStations, 2 ** 20))
    refuse("runtime.maxStations", maxStations, `a whole number of 1 to ${2 ** 20}`);
  const names = Object.keys(runtimeFields);
  if (fields !== undefined && (!Array.isArray(fields) || fields.length === 0 || fields.some(name => !names.includes(name))))
    refuse("runtime.fields", fields, `a list of ${names.join(", ")}`);
  if (rules !== undefined && (!Array.isArray(rules) || rules.some(rule => typeof rule !== "string")))
    refuse("runtime.rules", rules, "a list of texts");
}

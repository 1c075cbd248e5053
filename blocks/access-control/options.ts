/** What an AccessControl is made with, and what of it is refused. */
import { checkLayersOptions, Flows, type LayersOptions } from "datapath";

import { checkRuntime, type RuntimeOptions } from "./runtime/options.js";

/** What to do with the sources of a run-time prefix. */
export const PrefixAction = {
  /** let through, whatever the rules say */
  Allow: 1,
  /** refuse, whatever the rules say */
  Deny: 2,
} as const;

export interface AccessControlOptions extends LayersOptions {
  /** What becomes of a packet that no rule decides. */
  readonly default: "allow" | "deny";
  /**
   * Rules, first match first: a verb (`allow`, `deny`, `audit`, `log`) and an expression in pcap-filter syntax.
   * `audit` counts and `log` reports; after them the search goes on.
   * @example ["deny src net 192.0.2.0/24", "allow tcp dst port 80 or 443", "allow icmp"]
   */
  readonly rules: readonly string[];
  /** Prefixes of sources that can be changed while running, looked up before the rules: how many there may be of each family, and how IPv4's are looked up (a trie by default). */
  readonly prefixes?: { readonly maxEntries: number; readonly table?: "lpmTrie" | "prefixTable" };
  /** Rules that can be changed while running, as a whole, asked before `rules`: by `replaceRules` and `dp rules`. */
  readonly runtime?: RuntimeOptions;
  /**
   * What becomes of packets with an IPv4 or IPv6 header that is wrong or cut, and of those that `families`, `vlan`,
   * `fragments` or `extensions` leave out. By default (`"match"`) rules are asked, of which then only those about Ethernet
   * can match.
   */
  readonly malformed?: "match" | "drop" | "pass";
  /** The table of flows that Conntrack keeps: for rules with `established`, and for the four options above, which then are the table's. */
  readonly flows?: Flows;
  /** With Conntrack: `"match"` asks the rules about packets of known flows too; by default (`"pass"`) these pass at once. */
  readonly known?: "pass" | "match";
  /** Refuse nothing: count what would have been. */
  readonly audit?: boolean;
  /** Count packets and bytes by rule, in the map `hits`. */
  readonly counters?: boolean;
  /** One reason for all drops ("denied"), or each rule's text. `"block"` by default; `"rule"` costs two instructions a rule. */
  readonly reasons?: "block" | "rule";
  /** Of `log` rules, report one packet in so many. 1 by default. */
  readonly logEvery?: number;
}

/** @throws RangeError that names the option, its value and what is allowed */
export function checkOptions(options: AccessControlOptions): void {
  const oneOf = <T>(name: keyof AccessControlOptions, value: T, allowed: readonly T[]): void => {
    if (!allowed.includes(value)) refuse(name, value, `one of ${allowed.map(each => JSON.stringify(each)).join(", ")}`);
  };
  oneOf("default", options.default, ["allow", "deny"]);
  oneOf("malformed", options.malformed ?? "match", ["match", "drop", "pass"]);
  oneOf("known", options.known ?? "pass", ["pass", "match"]);
  oneOf("reasons", options.reasons ?? "block", ["block", "rule"]);
  oneOf("audit", options.audit ?? false, [true, false]);
  oneOf("counters", options.counters ?? false, [true, false]);
  if (!Array.isArray(options.rules) || options.rules.some(rule => typeof rule !== "string"))
    refuse("rules", options.rules, "a list of texts");
  checkLayersOptions("AccessControl", options);
  if (options.flows !== undefined && !(options.flows instanceof Flows)) refuse("flows", options.flows, "the Flows of a pipeline");
  const { maxEntries } = options.prefixes ?? { maxEntries: 1 };
  if (!Number.isInteger(maxEntries) || maxEntries < 1) refuse("prefixes", options.prefixes, "{ maxEntries: 1 or more }");
  const { table = "lpmTrie" } = options.prefixes ?? {};
  if (table !== "lpmTrie" && table !== "prefixTable") refuse("prefixes.table", table, '"lpmTrie" or "prefixTable"');
  if (options.runtime) checkRuntime(options.runtime, refuse);
  const every = options.logEvery ?? 1;
  if (!Number.isInteger(every) || every < 1 || every > 2 ** 31) refuse("logEvery", every, "a whole number of 1 to 2147483648");
}

/** What of a packet's headers is looked at. */
export function layersOf({ flows, families, vlan, fragments, extensions }: AccessControlOptions): LayersOptions {
  return flows
    ? flows.layers
    : { families: families ?? [4, 6], vlan: vlan !== false, fragments: fragments !== false, extensions: extensions !== false };
}

function refuse(name: string, value: unknown, allowed: string): never {
  throw new RangeError(`AccessControl: the option ${name} is ${JSON.stringify(value)}; allowed is ${allowed}`);
}

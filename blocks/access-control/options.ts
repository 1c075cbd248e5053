/** What an AccessControl is made with, and what of it is refused. */

/** What to do with the sources of a run-time prefix. */
export const PrefixAction = {
  /** let through, whatever the rules say */
  Allow: 1,
  /** refuse, whatever the rules say */
  Deny: 2,
} as const;

export interface AccessControlOptions {
  /** What becomes of a packet that no rule decides. */
  readonly default: "allow" | "deny";
  /**
   * Rules, first match first: a verb (`allow`, `deny`, `audit`, `log`) and an expression in pcap-filter syntax.
   * `audit` counts and `log` reports; after them the search goes on.
   * @example ["deny src net 192.0.2.0/24", "allow tcp dst port 80 or 443", "allow icmp"]
   */
  readonly rules: readonly string[];
  /** Prefixes of sources that can be changed while running, looked up before the rules: how many there may be of each family. */
  readonly prefixes?: { readonly maxEntries: number };
  /** The IP versions that rules are asked about; packets of the other one are refused or let through as `default` says. Both by default. */
  readonly families?: readonly (4 | 6)[];
  /** `"drop"` refuses tagged packets; by default tags are looked behind. */
  readonly vlan?: "through" | "drop";
  /** `"drop"` refuses fragments, so that no rule is asked about a packet without ports; by default rules are asked. */
  readonly fragments?: "match" | "drop";
  /** `"drop"` refuses IPv6 packets with extension headers; by default they are looked behind. */
  readonly extensions?: "through" | "drop";
  /** What becomes of a packet with an IPv4 or IPv6 header that is wrong or cut; by default rules are asked, of which then only those about Ethernet can match. */
  readonly malformed?: "match" | "drop" | "pass";
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
  oneOf("vlan", options.vlan ?? "through", ["through", "drop"]);
  oneOf("fragments", options.fragments ?? "match", ["match", "drop"]);
  oneOf("extensions", options.extensions ?? "through", ["through", "drop"]);
  oneOf("malformed", options.malformed ?? "match", ["match", "drop", "pass"]);
  oneOf("reasons", options.reasons ?? "block", ["block", "rule"]);
  oneOf("audit", options.audit ?? false, [true, false]);
  oneOf("counters", options.counters ?? false, [true, false]);
  if (!Array.isArray(options.rules) || options.rules.some(rule => typeof rule !== "string"))
    refuse("rules", options.rules, "a list of texts");
  for (const family of options.families ?? []) oneOf("families", family, [4, 6]);
  if (options.families?.length === 0) refuse("families", options.families, "[4], [6] or [4, 6]");
  const { maxEntries } = options.prefixes ?? { maxEntries: 1 };
  if (!Number.isInteger(maxEntries) || maxEntries < 1) refuse("prefixes", options.prefixes, "{ maxEntries: 1 or more }");
  const every = options.logEvery ?? 1;
  if (!Number.isInteger(every) || every < 1 || every > 2 ** 31) refuse("logEvery", every, "a whole number of 1 to 2147483648");
}

function refuse(name: string, value: unknown, allowed: string): never {
  throw new RangeError(`AccessControl: the option ${name} is ${JSON.stringify(value)}; allowed is ${allowed}`);
}

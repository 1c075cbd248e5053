/** A rule: a verb, then a filter expression. */
import type { Condition } from "./condition.js";
import { FilterError } from "./error.js";
import { parseFilter } from "./index.js";

export const verbs = ["allow", "deny", "audit", "log"] as const;
/** `allow` and `deny` end the search; `audit` counts and `log` reports, and the search goes on. */
export type Verb = (typeof verbs)[number];

export interface FilterRule {
  readonly verb: Verb;
  readonly condition: Condition;
  readonly text: string;
}

/**
 * Reads a rule such as `allow tcp dst port 80 or 443`. A verb alone concerns every packet.
 * @throws {FilterError} whose caret counts in the whole rule
 */
export function parseRule(text: string): FilterRule {
  const word = /^\s*(\S*)/.exec(text);
  const found = word?.[1] ?? "";
  const end = word?.[0].length ?? 0;
  const verb = verbs.find(known => known === found);
  if (!verb) {
    throw new FilterError(`expected ${verbs.join(", ")}, found ${found ? `"${found}"` : "nothing"}`, text, {
      from: end - found.length,
      to: end,
    });
  }
  try {
    return { verb, condition: parseFilter(" ".repeat(end) + text.slice(end)), text };
  } catch (error) {
    if (error instanceof FilterError) throw new FilterError(error.reason, text, error.extent);
    throw error;
  }
}

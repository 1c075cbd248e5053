/** From options to decisions: what is worked out when the block is constructed. */

import type { Condition } from "./filter/condition.js";
import { FilterError } from "./filter/error.js";
import { type FilterRule, parseRule } from "./filter/rule.js";
import { type AccessControlOptions, layersOf } from "./options.js";
import { runtimeFields, smallFields, usualFields } from "./runtime/fields.js";
import { compile, type Rule } from "./tree/compile.js";
import { type Decision, nodesOf } from "./tree/decision.js";
import type { Family, FieldName } from "./tree/field.js";

/** What becomes of a packet at a leaf, or on the way to it. */
export interface Ending {
  readonly verb: "allow" | "deny" | "audit" | "log";
  readonly reason: string;
  /** the rule's place in the list, the default's behind it; -1 where nothing needs to know it */
  readonly rule: number;
}

/** The fields that a decision tests. */
export type Reads = { readonly [name in FieldName]?: true };

export interface Plan {
  readonly decision: Decision<Ending>;
  readonly reads: Reads;
}

export interface Plans {
  readonly rules: readonly FilterRule[];
  readonly ipv4: Plan;
  readonly ipv6: Plan;
  readonly other: Plan;
}

/** What may stand in a rule, given where the block runs. */
export interface Abilities {
  readonly mark: boolean;
}
interface Known extends Abilities {
  readonly flows: boolean;
}

/** @throws {FilterError} for a rule that cannot be read, or that tests what there is not */
export function plansOf(options: AccessControlOptions, abilities: Abilities): Plans {
  const rules = options.rules.map((text, place) => readRule(text, place, { ...abilities, flows: options.flows !== undefined }));
  const ends = (rule: FilterRule): boolean => rule.verb === "allow" || rule.verb === "deny";
  const counted = options.counters === true || options.audit === true;
  const compiled = rules.map(
    (rule, place): Rule<Ending> => ({
      condition: rule.condition,
      ends: ends(rule),
      result: {
        verb: rule.verb,
        reason: options.reasons === "rule" ? rule.text : "denied",
        rule: counted || !ends(rule) ? place : -1,
      },
    }),
  );
  const fallback: Ending = {
    verb: options.default,
    reason: options.reasons === "rule" ? "no rule allows it" : "denied",
    rule: counted ? rules.length : -1,
  };
  // where packets are let through there is no reason to tell them apart
  const keyOf = ({ verb, reason, rule }: Ending): string => (verb === "allow" ? `allow ${rule}` : `${verb} ${rule} ${reason}`);
  const planOf = (family: Family): Plan => {
    const asked = family === 0 || (layersOf(options).families ?? [4, 6]).includes(family);
    const decision = compile(asked ? compiled : [], family, { keyOf, fallback });
    return { decision, reads: { ...readsOf(decision), ...(family !== 0 && runtimeReads(options)) } };
  };
  return { rules, ipv4: planOf(4), ipv6: planOf(6), other: planOf(0) };
}

function readRule(text: string, place: number, known: Known): FilterRule {
  try {
    const rule = parseRule(text);
    refuseUnknowable(rule.condition, known, text);
    return rule;
  } catch (error) {
    if (error instanceof FilterError) throw error.at(`AccessControl: rules[${place}]`);
    throw error;
  }
}

/** @throws {FilterError} for what this block cannot know of a packet */
function refuseUnknowable(condition: Condition, known: Known, text: string): void {
  const refuse = (word: string, why: string): never => {
    const from = Math.max(0, text.search(new RegExp(`\\b${word}\\b`)));
    throw new FilterError(`"${word}" ${why}`, text, { from, to: from + word.length });
  };
  switch (condition.kind) {
    case "and":
    case "or":
      refuseUnknowable(condition.left, known, text);
      refuseUnknowable(condition.right, known, text);
      return;
    case "not":
      refuseUnknowable(condition.operand, known, text);
      return;
    case "established":
      if (!known.flows) refuse("established", "needs the flows of a connection tracker: give the option flows");
      return;
    case "mark":
    case "identity":
      if (!known.mark) refuse(condition.kind, "is known on tc alone: use TcAccessControl");
  }
}

/** What run-time rules look up of a packet; they read its addresses themselves. */
function runtimeReads({ runtime }: AccessControlOptions): Reads {
  const looked = runtime ? smallFields(runtime.fields ?? usualFields) : [];
  return Object.fromEntries(looked.map(name => [runtimeFields[name].tests, true]));
}

function readsOf(decision: Decision<Ending>): Reads {
  const reads: { -readonly [name in FieldName]?: true } = {};
  for (const node of nodesOf(decision)) {
    if ((node.kind === "below" || node.kind === "equal") && node.field.kind === "named") reads[node.field.name] = true;
  }
  return reads;
}

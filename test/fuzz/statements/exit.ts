/** The ways out: what a method returns, and what leaves a loop's round. */
import { valueWithin } from "../expressions/leaf.js";
import type { Scope } from "../scope.js";
import { code, type Fragment, fragment, type Part } from "../tree.js";

export const reasons = ["runt", "refused", "over", "unknown", "late"] as const;

export function verdictText(scope: Scope): string {
  const { random } = scope.method;
  return random.weighted([
    [5, "Verdict.Pass"],
    [5, `Verdict.drop("${random.pick(reasons)}")`],
    [2, "Verdict.Reflect"],
    [0.5, "Verdict.route()"],
  ]);
}

/** Ends the method. */
export function exit(scope: Scope): Fragment {
  const { returns, random } = scope.method;
  const none = fragment("return", ["return undefined;"]);
  switch (returns.type) {
    case "void":
      return fragment("return", ["return;"]);
    case "verdict":
      return returns.optional && random.chance(0.4) ? none : fragment("return verdict", [`return ${verdictText(scope)};`]);
    case "value":
      return returns.optional && random.chance(0.3)
        ? none
        : fragment("return value", code`return ${valueWithin(scope, returns.value, 2)};`);
    case "object":
      return fragment("return object", ["return { ", ...fields(scope, returns.fields), " };"]);
    case "evidence":
      if (random.chance(0.4)) return fragment("return verdict", [`return ${verdictText(scope)};`]);
      return fragment("return evidence", [`return new ${returns.name}(`, ...values(scope, returns.fields), ");"]);
  }
}

/** Leaves the round where there is one, else the method. */
export function leave(scope: Scope): Fragment {
  if (scope.loop === "for" && scope.method.random.chance(0.7)) {
    const word = scope.method.random.pick(["break", "continue"]);
    return fragment(word, [`${word};`]);
  }
  return exit(scope);
}

type Named = readonly { readonly name: string; readonly value: Parameters<typeof valueWithin>[1] }[];

function fields(scope: Scope, named: Named): readonly Part[] {
  return named.flatMap(({ name, value }, i): Part[] => [i > 0 ? ", " : "", `${name}: `, valueWithin(scope, value, 1)]);
}
function values(scope: Scope, named: Named): readonly Part[] {
  return named.flatMap(({ value }, i): Part[] => [i > 0 ? ", " : "", valueWithin(scope, value, 1)]);
}

/** Random expressions of type `u128`: equality, bit operators and constant shifts are all it has. */
import type { Scope } from "../scope.js";
import { code } from "../tree.js";
import { type Expression, topOf, type Value, value } from "../value.js";
import { bigintExpression } from "./bigint.js";
import { condition } from "./boolean.js";
import { constant, exactBigint, expression } from "./fit.js";
import { calls, leaves } from "./leaf.js";
import { numberWithin } from "./number.js";

export const wide: Value = value("wide", 0n, topOf(128));

export function wideExpression(scope: Scope, depth: number): Expression {
  const { random } = scope.method;
  if (depth <= 0 || random.chance(0.3)) return leaf(scope);
  const operand = () => wideExpression(scope, depth - 1);
  const made = random.weighted<() => Expression | undefined>([
    [4, () => bits(scope, operand(), operand())],
    [1, () => expression("u128 ~", code`u128(~${operand()})`, wide)],
    [2, () => expression("u128 <<", code`u128(${operand()} << ${`${random.below(128)}n`})`, wide)],
    [2, () => expression("u128 >>", code`(${operand()} >> ${`${random.below(128)}n`})`, wide)],
    [2, () => expression("u128(bigint)", code`u128(${exactBigint(bigintExpression(scope, depth - 1))})`, wide)],
    [2, () => expression("u128(number)", code`u128(${numberWithin(scope, value("number", 0n, topOf(32)), depth - 1)})`, wide)],
    [1, () => expression("prefixOf u128", code`prefixOf(u128(${operand()}), ${`${random.below(129)}`})`, wide)],
    [1, () => expression("u128 ?:", code`(${condition(scope, depth - 1)} ? ${operand()} : ${operand()})`, wide)],
    [1, () => calls(scope, "wide", depth)],
  ])();
  return made ?? leaf(scope);
}

function leaf(scope: Scope): Expression {
  const { random } = scope.method;
  const found = leaves(scope, "wide");
  if (found.length > 0 && random.chance(0.75)) return random.pick(found)();
  // a bare literal would be taken for a u64: wrapped, it is a u128 whatever it holds
  const { parts } = constant("bigint", random.edge(0n, topOf(128)));
  return expression("u128 literal", code`u128(${parts[0] ?? "0n"})`, wide);
}

function bits(scope: Scope, a: Expression, b: Expression): Expression {
  const operator = scope.method.random.pick(["&", "|", "^"]);
  return expression(`u128 ${operator}`, code`(${a} ${operator} ${b})`, wide, [a, b]);
}

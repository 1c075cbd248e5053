/** Random conditions. */
import type { Scope } from "../scope.js";
import { code, type Part } from "../tree.js";
import { type Expression, topOf, truth, type Value, value, whole } from "../value.js";
import { bigintExpression } from "./bigint.js";
import { constant, exactBigint, expression, fit } from "./fit.js";
import { keyFor } from "./key.js";
import { calls, leaves } from "./leaf.js";
import { comparable, numberExpression, numberWithin } from "./number.js";
import { wideExpression } from "./wide.js";

const relations = ["===", "!==", "<", "<=", ">", ">="] as const;

export function condition(scope: Scope, depth: number): Expression {
  const { random } = scope.method;
  const made = random.weighted<() => Expression | undefined>([
    [8, () => compareNumbers(scope, depth)],
    [3, () => compareBigints(scope, depth)],
    [1, () => compareWide(scope, depth)],
    [depth > 0 ? 3 : 0, () => logic(scope, depth)],
    [depth > 0 ? 1 : 0, () => expression("!", code`!${condition(scope, depth - 1)}`, truth)],
    [3, () => booleanLeaf(scope)],
    [1, () => includes(scope, depth)],
    [1, () => has(scope, depth)],
    [1, () => expression("isMulticast", code`isMulticast(${numberWithin(scope, value("number", 0n, topOf(48)), depth - 1)})`, truth)],
    [1, () => equals(scope)],
    [2, () => calls(scope, "boolean", depth)],
  ])();
  return made ?? compareNumbers(scope, depth);
}

function booleanLeaf(scope: Scope): Expression | undefined {
  const found = leaves(scope, "boolean");
  return found.length > 0 ? scope.method.random.pick(found)() : undefined;
}

/** `<` turned round: TypeScript takes `a < (((b > (c…` for a call with type arguments. */
function related(a: Expression, relation: string, b: Expression): readonly Part[] {
  return relation === "<" ? code`(${b} > ${a})` : code`(${a} ${relation} ${b})`;
}

function compareNumbers(scope: Scope, depth: number): Expression {
  const { random } = scope.method;
  let a = numberExpression(scope, depth - 1);
  let b = random.chance(0.5) ? constant("number", random.edge(a.value.min, a.value.max)) : numberExpression(scope, depth - 1);
  const word = value("number", 0n, topOf(32));
  if (!comparable(a, b)) [a, b] = [fit(random, a, word), fit(random, b, word)];
  let relation = random.pick(relations);
  // `(x & mask) === c` that is never true is an error of the language: order such a result instead
  if (a.sort.includes("&") || b.sort.includes("&") || a.sort === "literal") relation = random.pick(["<", "<=", ">", ">="] as const);
  return expression(`number ${relation}`, related(a, relation, b), truth);
}

function compareBigints(scope: Scope, depth: number): Expression {
  const { random } = scope.method;
  const a = exactBigint(bigintExpression(scope, depth - 1));
  const b = random.chance(0.5)
    ? constant("bigint", random.edge(a.value.min, a.value.max))
    : exactBigint(bigintExpression(scope, depth - 1));
  let relation = random.pick(relations);
  if (a.sort.includes("&") || b.sort.includes("&") || a.sort === "literal") relation = random.pick(["<", "<=", ">", ">="] as const);
  return expression(`bigint ${relation}`, related(a, relation, b), truth);
}

function compareWide(scope: Scope, depth: number): Expression {
  const relation = scope.method.random.pick(["===", "!=="]);
  return expression(`u128 ${relation}`, code`(${wideExpression(scope, depth - 1)} ${relation} ${wideExpression(scope, depth - 1)})`, truth);
}

function logic(scope: Scope, depth: number): Expression {
  const operator = scope.method.random.pick(["&&", "||"]);
  const [a, b] = [condition(scope, depth - 1), condition(scope, depth - 1)];
  return expression(operator, code`(${a} ${operator} ${b})`, truth, [a, b]);
}

function includes(scope: Scope, depth: number): Expression | undefined {
  const { random, members } = scope.method;
  const [list] = members.lists.length > 0 ? [random.pick(members.lists)] : [];
  if (!list) return undefined;
  const wanted = whole(list.value.flavour ?? 16);
  const e = numberWithin(scope, wanted, depth - 1);
  switch (random.below(3)) {
    case 0:
      return expression("list.includes", code`${list.text}.includes(${e})`, truth);
    case 1:
      return expression("list.some", code`${list.text}.some(each => each ${random.pick(["<=", ">", "==="])} ${e})`, truth);
    default:
      return expression("list.every", code`${list.text}.every(each => each ${random.pick(["<=", ">", "!=="])} ${e})`, truth);
  }
}

function has(scope: Scope, depth: number): Expression | undefined {
  const { random, members } = scope.method;
  const maps = members.maps.filter(({ kind, key }) => key !== undefined && !["lpmTrie", "prefixTable", "flowTable"].includes(kind));
  if (maps.length === 0) return undefined;
  const map = random.pick(maps);
  return expression(`${map.kind}.has`, code`this.${map.name}.has(${keyFor(scope, map, depth - 1)})`, truth);
}

function equals(scope: Scope): Expression | undefined {
  const { random } = scope.method;
  const [a] = scope.arrays.length > 0 ? [random.pick(scope.arrays)] : [];
  const like = scope.arrays.filter(({ bits, length }) => bits === a?.bits && length === a.length);
  if (!a || like.length === 0) return undefined;
  return expression("array.equals", code`${a.name}.equals(${random.pick(like).name})`, truth);
}

/** A condition that narrows a `const`: what it tells is used in the branch that it guards. */
export function narrowing(scope: Scope): { readonly test: Expression; readonly name: string; readonly narrowed: Value } | undefined {
  const { random } = scope.method;
  const candidates = scope.variables.filter(
    ({ value: of, writable }) => !writable && (of.kind === "number" || of.kind === "bigint") && of.max - of.min > 2n,
  );
  if (candidates.length === 0) return undefined;
  const { name, value: of } = random.pick(candidates);
  const at = random.edge(of.min + 1n, of.max - 1n);
  // not `===`: TypeScript would take the name for the literal from there on
  const relation = random.pick(["<", "<=", ">", ">="] as const);
  const bounds = { "<": [of.min, at - 1n], "<=": [of.min, at], ">": [at + 1n, of.max], ">=": [at, of.max] } as const;
  const [min, max] = bounds[relation];
  if (of.signed && at > 2n ** 31n - 1n) return undefined;
  const test = expression("narrowing", code`${name} ${relation} ${constant(of.kind, at)}`, truth);
  return { test, name, narrowed: { ...of, min, max, signed: of.signed && min < 0n } };
}

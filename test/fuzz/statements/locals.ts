/** Declarations and assignments. */

import { bigintExpression } from "../expressions/bigint.js";
import { condition } from "../expressions/boolean.js";
import { exactBigint } from "../expressions/fit.js";
import { integer } from "../expressions/key.js";
import { valueWithin } from "../expressions/leaf.js";
import { numberExpression } from "../expressions/number.js";
import { declared, typeText } from "../model.js";
import type { Scope } from "../scope.js";
import { code, type Fragment, fragment } from "../tree.js";
import { flavoured, truth } from "../value.js";
import type { Maker } from "./index.js";

const types = [8, 16, 32, 48, 64, 128, 1] as const;

function declare(scope: Scope): Fragment {
  const { random, fresh } = scope.method;
  const bits = random.pick(types);
  const writable = random.chance(0.35);
  const of = declared(bits);
  const name = fresh("v");
  const initial = bits === 1 ? condition(scope, 2) : integer(scope, bits, 3);
  scope.addVariable(name, writable || of.flavour === undefined ? (writable ? of : initial.value) : flavoured(initial.value, of.flavour), {
    writable,
  });
  return fragment(
    writable ? `let ${typeText(of)}` : `const ${typeText(of)}`,
    code`${writable ? "let" : "const"} ${name}: ${typeText(of)} = ${initial};`,
  );
}

/** A `const` whose type TypeScript finds out: may be negative, or wider than 32 bits. */
function infer(scope: Scope): Fragment | undefined {
  const { random, fresh } = scope.method;
  const initial = random.chance(0.7) ? numberExpression(scope, 3) : exactBigint(bigintExpression(scope, 3));
  // TypeScript would take a literal, or a choice between literals, for a type of its own
  if (!/^(number|bigint) [-+*%&|^<>/]+|^u\d|^Math/.test(initial.sort)) return undefined;
  const name = fresh("n");
  scope.addVariable(name, initial.value);
  return fragment("const inferred", code`const ${name} = ${initial};`);
}

function assign(scope: Scope): Fragment | undefined {
  const { random } = scope.method;
  const targets = scope.variables.filter(({ writable }) => writable);
  if (targets.length === 0) return undefined;
  const target = random.pick(targets);
  return fragment("assignment", code`${target.name} = ${valueWithin(scope, target.value, 3)};`);
}

/** A condition under a name, tested later. */
function alias(scope: Scope): Fragment {
  const name = scope.method.fresh("is");
  const initial = condition(scope, 3);
  scope.addVariable(name, truth);
  return fragment("const condition", code`const ${name} = ${initial};`);
}

export const localStatements: readonly (readonly [number, Maker])[] = [
  [10, declare],
  [4, infer],
  [7, assign],
  [2, alias],
];

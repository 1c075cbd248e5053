/** Branches, switches and loops over what the build knows. */
import { condition, narrowing } from "../expressions/boolean.js";
import { numberWithin } from "../expressions/number.js";
import type { Scope } from "../scope.js";
import { code, type Fragment, fragment, type Part } from "../tree.js";
import { value } from "../value.js";
import { leave } from "./exit.js";
import { block, type Maker } from "./index.js";

const deepest = 4;

function branch(scope: Scope): Fragment | undefined {
  if (scope.depth >= deepest) return undefined;
  const { random } = scope.method;
  const test = condition(scope, 3);
  const then = block(scope.child(), 4, { returns: false });
  if (random.chance(0.25)) then.statements.push(leave(scope));
  if (random.chance(0.5)) return fragment("if", code`if (${test}) ${then}`);
  if (random.chance(0.2)) {
    const other = block(scope.child(), 3);
    return fragment("else if", code`if (${test}) ${then} else if (${condition(scope, 2)}) ${other} else ${block(scope.child(), 3)}`);
  }
  return fragment("else", code`if (${test}) ${then} else ${block(scope.child(), 4)}`);
}

/** A condition on a `const` that the branch makes use of. */
function narrow(scope: Scope): Fragment | undefined {
  if (scope.depth >= deepest) return undefined;
  const found = narrowing(scope);
  if (!found) return undefined;
  const { test, name, narrowed } = found;
  const of = scope.variables.find(variable => variable.name === name);
  const inner = scope.method.random.chance(0.6) ? scope.child() : scope;
  if (inner === scope) {
    const left = leave(scope);
    scope.addVariable(name, narrowed, { ties: of?.ties ?? [] });
    return fragment("narrowing exit", code`if (!(${test})) ${left}`);
  }
  inner.addVariable(name, narrowed, { ties: of?.ties ?? [] });
  return fragment("narrowing if", code`if (${test}) ${block(inner, 4)}`);
}

function choose(scope: Scope): Fragment | undefined {
  if (scope.depth >= deepest) return undefined;
  const { random } = scope.method;
  const count = random.between(2, 4);
  const subject = numberWithin(scope, value("number", 0n, 7n), 2);
  const parts: Part[] = [];
  for (let i = 0; i < count; i++) {
    const labels = random.chance(0.2) ? `case ${i}: case ${i + 4}` : `case ${i}`;
    const inner = block(scope.child(), 3);
    inner.statements.push(random.chance(0.2) && scope.loop === "none" ? leave(scope) : fragment("break", ["break;"]));
    parts.push(`\n  ${labels}: `, inner);
  }
  if (random.chance(0.7)) parts.push("\n  default: ", block(scope.child(), 2));
  // a literal as the subject would have a type of its own, which the other labels do not fit
  return fragment("switch", ["switch (u8(", subject, ")) {", ...parts, "\n}"]);
}

/** What a round may have ended is not to be seen at the start of the next. */
function loopScope(scope: Scope): Scope {
  const { members } = scope.method;
  return scope.child({ loop: true, hides: ["packet", ...members.maps.map(({ name }) => name)] });
}

function count(scope: Scope): Fragment | undefined {
  const { random, fresh } = scope.method;
  const inLoop = scope.loop === "for";
  if (scope.depth >= deepest || (inLoop && random.chance(0.8))) return undefined;
  const rounds = random.between(1, inLoop ? 2 : 5);
  const name = fresh("i");
  const inner = loopScope(scope);
  inner.addVariable(name, value("number", 0n, BigInt(rounds - 1)));
  return fragment(inLoop ? "for in a loop" : "for", code`for (let ${name} = 0; ${name} < ${`${rounds}`}; ${name}++) ${block(inner, 4)}`);
}

function each(scope: Scope): Fragment | undefined {
  const { random, members, fresh } = scope.method;
  if (scope.depth >= deepest || scope.loop === "for" || members.lists.length === 0) return undefined;
  const list = random.pick(members.lists);
  const name = fresh("e");
  const inner = loopScope(scope);
  inner.addVariable(name, list.value);
  if (random.chance(0.5)) return fragment("for of", code`for (const ${name} of ${list.text}) ${block(inner, 3)}`);
  const at = fresh("at");
  inner.addVariable(at, value("number", 0n, BigInt(list.length - 1)));
  return fragment("for of entries", code`for (const [${at}, ${name}] of ${list.text}.entries()) ${block(inner, 3)}`);
}

/** A cursor that goes through the packet, as options are walked. */
function walk(scope: Scope): Fragment | undefined {
  const { random, fresh, hasPacket } = scope.method;
  if (!hasPacket || scope.loop === "for" || scope.depth >= deepest) return undefined;
  const [at, i, kind] = [fresh("at"), fresh("i"), fresh("kind")];
  const start = random.between(12, 60); // run-time offsets lie behind the place of a tag
  const rounds = random.between(2, 6);
  const step = random.pick(["1", `1 + (${kind} & 7)`, kind, `2 + ${kind} % 5`]);
  const inner = loopScope(scope);
  inner.addVariable(i, value("number", 0n, BigInt(rounds - 1)));
  inner.addVariable(kind, value("number", 0n, 255n));
  inner.addVariable(at, value("number", BigInt(start), BigInt(start + rounds * 255)), { ties: ["packet"] });
  const round = block(inner, 2);
  round.statements.unshift(
    fragment("pkt.read", [`const ${kind} = pkt.read(${at}, u8);`]),
    fragment("break", [`if (${kind} === undefined) break;`]),
  );
  round.statements.push(fragment("cursor", [`${at} += ${step};`]));
  return fragment("cursor loop", code`let ${at} = ${`${start}`};\nfor (let ${i} = 0; ${i} < ${`${rounds}`}; ${i}++) ${round}`);
}

export const controlStatements: readonly (readonly [number, Maker])[] = [
  [7, branch],
  [5, narrow],
  [2, choose],
  [2, count],
  [2, each],
  [1, walk],
];

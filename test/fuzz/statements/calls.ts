/** Calls of the program's own methods and functions, for what they do or give. */
import { argumentsOf } from "../expressions/leaf.js";
import type { Callable } from "../model.js";
import type { Scope } from "../scope.js";
import { type Fragment, fragment } from "../tree.js";
import { leave } from "./exit.js";
import { block, type Maker } from "./index.js";

function pick(scope: Scope, type: Callable["result"]["type"]): Callable | undefined {
  const { random, members, hasPacket, mayMove, mayWritePacket } = scope.method;
  const found = members.callables.filter(
    ({ result, takesPacket, effects }) =>
      result.type === type && (hasPacket || !takesPacket) && (mayMove || !effects.movesPacket) && (mayWritePacket || !effects.writesPacket),
  );
  return found.length > 0 ? random.pick(found) : undefined;
}

/** The call's text; what it may end is ended. */
function call(scope: Scope, callable: Callable): Fragment {
  const { done } = scope.method;
  const made = fragment("call", [callable.text, "(", ...argumentsOf(scope, callable.parameters, callable.takesPacket, 2), ")"]);
  const { movesPacket, writesPacket, endsMaps } = callable.effects;
  if (writesPacket) done.writes = true;
  if (movesPacket) {
    done.moves = true;
    scope.end("packet");
  }
  for (const map of endsMaps) {
    done.ended.add(map);
    scope.end(map);
  }
  return made;
}

function act(scope: Scope): Fragment | undefined {
  const callable = pick(scope, "void");
  return callable && fragment("call void", [call(scope, callable), ";"]);
}

/** `const v = …; if (v) return v;` */
function ask(scope: Scope): Fragment | undefined {
  const { returns, fresh } = scope.method;
  const callable = returns.type === "verdict" ? pick(scope, "verdict") : undefined;
  if (!callable) return undefined;
  const name = fresh("verdict");
  return fragment("call verdict", [`const ${name} = `, call(scope, callable), `;\nif (${name}) return ${name};`]);
}

function evidence(scope: Scope): Fragment | undefined {
  const { returns, fresh } = scope.method;
  const callable = returns.type === "verdict" ? pick(scope, "evidence") : undefined;
  if (callable?.result.type !== "evidence") return undefined;
  const name = fresh("found");
  const made = call(scope, callable);
  for (const field of callable.result.fields) scope.addVariable(`${name}.${field.name}`, field.value);
  return fragment("instanceof", [`const ${name} = `, made, `;\nif (${name} instanceof Verdict) return ${name};`]);
}

function object(scope: Scope): Fragment | undefined {
  const { fresh, random } = scope.method;
  const callable = pick(scope, "object");
  if (callable?.result.type !== "object") return undefined;
  const { fields } = callable.result;
  const made = call(scope, callable);
  if (random.chance(0.5)) {
    const names = fields.map(field => ({ field, name: fresh("d") }));
    for (const { field, name } of names) scope.addVariable(name, field.value);
    return fragment("destructuring", [`const { ${names.map(({ field, name }) => `${field.name}: ${name}`).join(", ")} } = `, made, ";"]);
  }
  const name = fresh("object");
  for (const field of fields) scope.addVariable(`${name}.${field.name}`, field.value);
  return fragment("call object", [`const ${name} = `, made, ";"]);
}

function optional(scope: Scope): Fragment | undefined {
  const { fresh, random } = scope.method;
  const callable = pick(scope, "optional");
  if (callable?.result.type !== "optional") return undefined;
  const name = fresh("maybe");
  const made = call(scope, callable);
  if (random.chance(0.5)) {
    const out = leave(scope);
    scope.addVariable(name, callable.result.value);
    return fragment("call optional", [`const ${name} = `, made, `;\nif (${name} === undefined) `, out]);
  }
  const inner = scope.child();
  inner.addVariable(name, callable.result.value);
  return fragment("call optional", [`const ${name} = `, made, `;\nif (${name} !== undefined) `, block(inner, 3)]);
}

export const callStatements: readonly (readonly [number, Maker])[] = [
  [2, act],
  [4, ask],
  [2, evidence],
  [3, object],
  [2, optional],
];

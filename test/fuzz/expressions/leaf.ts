/** What can be read where a statement stands: locals, fields, constants, params, and calls. */
import { scalarsOf, typeText } from "../model.js";
import type { Scope } from "../scope.js";
import { code, type Part } from "../tree.js";
import { type Expression, flavoured, type Kind, topOf, type Value, value, whole } from "../value.js";
import { bigintWithin } from "./bigint.js";
import { condition } from "./boolean.js";
import { expression } from "./fit.js";
import { numberWithin } from "./number.js";
import { wideExpression } from "./wide.js";

/** Reads of the kind wanted, each made when it is chosen. */
export function leaves(scope: Scope, kind: Kind): readonly (() => Expression)[] {
  const { members, hasPacket, position, random } = scope.method;
  const found: (() => Expression)[] = [];
  const add = (sort: string, text: string, of: Value, times = 1) => {
    if (of.kind !== kind) return;
    for (let i = 0; i < times; i++) found.push(() => expression(sort, [text], of));
  };
  for (const { name, value: of } of scope.variables) add("local", name, of, 2);
  for (const { text, value: of } of members.constants) add("constant", text, of);
  for (const { text, value: of } of members.params)
    add(text.includes("setting") ? "setting" : text.includes("target") ? "fromTarget" : "param", text, of);
  for (const view of scope.views) {
    for (const scalar of scalarsOf(view.layout)) add(`${view.memory} ${scalar.field.type}`, `${view.name}.${scalar.path}`, scalar.value);
    for (const getter of view.layout.getters ?? []) add("getter", `${view.name}.${getter.name}`, getter.value);
  }
  for (const array of scope.arrays) {
    if (kind !== (array.bits <= 48 ? "number" : array.bits <= 64 ? "bigint" : "wide")) continue;
    found.push(() => {
      const index = numberWithin(scope, value("number", 0n, BigInt(array.length - 1)), 1);
      return expression("array[i]", code`${array.name}[${index}]`, whole(array.bits));
    });
  }
  for (const { name, family, quoted } of scope.layers) {
    const transport = [
      ["sourcePort", 16, 0xffffn],
      ["destinationPort", 16, 0xffffn],
      ["protocol", 8, 255n],
      ["fragment", 8, 2n],
    ] as const;
    for (const [field, bits, max] of transport)
      add(`${quoted ? "quoted" : "layers"}.${field}`, `${name}.${field}`, flavoured(value("number", 0n, max), bits));
    if (family === 4) for (const field of ["source", "destination"]) add(`layers.${field}`, `${name}.${field}`, whole(32));
    if (family === 6)
      for (const field of ["source", "destination"]) add(`layers.${field}`, `${name}.${field}`, value("wide", 0n, topOf(128)));
    if (family !== undefined && !quoted && kind === "wide" && random.chance(0.3)) {
      const side = random.pick(["source", "destination"]);
      add("addressKey", `addressKey(${name}).${side}`, value("wide", 0n, topOf(128)));
    }
  }
  if (hasPacket) {
    add("pkt.length", "pkt.length", flavoured(value("number", 0n, 0xf_ffffn), 32));
    if (!scope.method.done.popped) add("pkt.vlan", "(pkt.vlan?.id ?? 0)", flavoured(value("number", 0n, 0xfffn), 16));
    if (!scope.method.done.popped) add("pkt.vlan", "(pkt.vlan?.priority ?? 0)", flavoured(value("number", 0n, 7n), 8));
    add("device", "pkt.device.index", whole(32));
    add("wireLength", "pkt.wireLength", flavoured(value("number", 0n, 0xf_ffffn), 32));
    // the kernel's hash is not Node's: nothing may follow from it
    add("hash", "(u8(pkt.hash) - u8(pkt.hash))", value("number", -255n, 255n));
    if (position === "tc") {
      add("departure", "pkt.departure", whole(64));
      add("mark", "pkt.mark", whole(32));
      add("priority", "pkt.priority", whole(32));
    }
  }
  for (const clock of ["now", "nowCoarse"]) add(clock, `${clock}()`, value("bigint", 0n, topOf(63)));
  add("ticks", "ticks()", whole(64));
  add("random", "random()", whole(32));
  return found;
}

/** A call of a callable in sight whose result is of the kind. */
export function calls(scope: Scope, kind: Kind, depth: number): Expression | undefined {
  const { random, members, hasPacket, mayMove, mayWritePacket } = scope.method;
  const candidates = members.callables.filter(
    ({ result, effects, takesPacket }) =>
      (result.type === "value" || result.type === "optional") &&
      result.value.kind === kind &&
      (hasPacket || !takesPacket) &&
      // inside an expression, what a call ends could be used by a neighbour that was made before it
      !effects.movesPacket &&
      effects.endsMaps.length === 0 &&
      (mayMove || !effects.movesPacket) &&
      (mayWritePacket || !effects.writesPacket),
  );
  if (candidates.length === 0) return undefined;
  const callable = random.pick(candidates);
  if (callable.result.type !== "value" && callable.result.type !== "optional") return undefined;
  if (callable.effects.writesPacket) scope.method.done.writes = true;
  const call: readonly Part[] = [callable.text, "(", ...argumentsOf(scope, callable.parameters, callable.takesPacket, depth), ")"];
  if (callable.result.type === "value") return expression(`call ${typeText(callable.result.value)}`, call, callable.result.value);
  const { value: of } = callable.result;
  const other = of.kind === "boolean" ? condition(scope, 0) : valueWithin(scope, of, 0);
  return expression("call ??", code`(${{ kind: "fragment", sort: "call", parts: call, simpler: [] }} ?? ${other})`, of);
}

export function argumentsOf(scope: Scope, parameters: readonly Value[], takesPacket: boolean, depth: number): readonly Part[] {
  const parts: Part[] = takesPacket ? ["pkt"] : [];
  for (const parameter of parameters) {
    if (parts.length > 0) parts.push(", ");
    parts.push(valueWithin(scope, parameter, depth - 1));
  }
  return parts;
}

/** An expression of any kind, within the value. */
export function valueWithin(scope: Scope, target: Value, depth: number): Expression {
  switch (target.kind) {
    case "number":
      return numberWithin(scope, target, depth);
    case "bigint":
      return bigintWithin(scope, target, depth);
    case "wide":
      return wideExpression(scope, depth);
    case "boolean":
      return condition(scope, depth);
  }
}

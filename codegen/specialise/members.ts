/** Properties and methods: of build-time objects, of views, of instances, of one of several. */
import type { ts } from "ts-morph";
import { specOf } from "../../dsl/core/spec.js";
import { PrefixTable } from "../../dsl/maps/prefix-table.js";
import { Verdict } from "../../dsl/verdict.js";
import { fieldOf, readField } from "./access.js";
import { callArray } from "./array-calls.js";
import { callAtomic } from "./atomics.js";
import { type Call, inlineCall, type Leave } from "./calls.js";
import { choiceCondition, split } from "./conditions.js";
import type { Context } from "./context.js";
import { describeValue } from "./context.js";
import { callValue } from "./expressions.js";
import { callFlow, flowProperty } from "./flow-table-calls.js";
import type { Frame } from "./frame.js";
import { callKnown } from "./known-calls.js";
import { callMap, mapProperty, scratchOf, scratchView } from "./map-calls.js";
import { callPacket, packetProperty } from "./packet-calls.js";
import type { Choice, Value } from "./values.js";
import { known, poison, undefinedValue } from "./values.js";
import { readVariable } from "./variables.js";
import { Action, encodeVerdict } from "./verdict.js";

/** A live value as the specialiser sees it. */
export function lift(value: unknown): Value {
  if (value instanceof Verdict) {
    const detail = Verdict.detailOf(value);
    if (detail.kind === "pass" || detail.kind === "reflect") {
      const code = encodeVerdict(detail.kind === "pass" ? Action.Pass : Action.Reflect);
      return { kind: "verdict", constant: code, make: () => ({ op: "const", domain: "number", value: BigInt(code) }) };
    }
  }
  return known(value);
}

interface Found {
  readonly descriptor: PropertyDescriptor;
  readonly home: object;
}
/** A property along the prototype chain, with the object that holds it. */
export function findProperty(object: object, name: string): Found | undefined {
  for (let at: object | null = object; at; at = Object.getPrototypeOf(at)) {
    const descriptor = Object.getOwnPropertyDescriptor(at, name);
    if (descriptor) return { descriptor, home: at };
  }
  return undefined;
}

/** `object.name` */
export function member(context: Context, frame: Frame, object: Value, name: string, node: ts.Node): Value {
  const seen = context.state.see(object);
  switch (seen.kind) {
    case "poison":
      return poison;
    case "packet":
      return packetProperty(context, name, node);
    case "device":
      return name === "index" ? { kind: "scalar", domain: "number", make: seen.index } : noMember(context, seen, name, node);
    case "view": {
      if (seen.shape.kind === "array" && name === "length") return known(seen.shape.length);
      const field = fieldOf(seen, name);
      if (field) return readField(context, seen, field, node);
      return classMember(context, frame, seen, seen.of, name, node);
    }
    case "record": {
      const field = seen.fields.get(name);
      if (field) return context.state.see(field);
      const lazy = seen.lazy?.get(name);
      if (lazy) return lazy(node);
      return classMember(context, frame, seen, seen.of, name, node);
    }
    case "flow":
      return flowProperty(context, seen, name, node) ?? { kind: "method", self: seen, name };
    case "choice":
      return choiceMember(context, frame, seen, name, node);
    case "known":
      return knownMember(context, frame, seen.value, name, node);
    case "atomic":
    case "closure":
    case "method":
    case "scalar":
    case "verdict":
      return { kind: "method", self: seen, name };
  }
}

function noMember(context: Context, value: Value, name: string, node: ts.Node): Value {
  return context.error("DP1201", node, `${describeValue(value)} has no \`${name}\` in datapath code`);
}

/** A getter or method that the class of a view or instance declares. */
function classMember(context: Context, frame: Frame, self: Value, of: object | undefined, name: string, node: ts.Node): Value {
  const prototype: unknown = typeof of === "function" ? of.prototype : undefined;
  const found = typeof prototype === "object" && prototype !== null ? findProperty(prototype, name) : undefined;
  if (!found)
    return self.kind === "view" && self.shape.kind === "array" ? { kind: "method", self, name } : missing(context, self, name, node);
  if (found.descriptor.get) {
    return inlineCall(context, { callee: found.descriptor.get, self, home: found.home, args: [], path: frame.path, node });
  }
  if (typeof found.descriptor.value === "function") return { kind: "method", self, name };
  return lift(found.descriptor.value);
}

/** A property that an instance does not have is undefined, as in JavaScript. */
function missing(context: Context, self: Value, name: string, node: ts.Node): Value {
  return self.kind === "record" && !name.startsWith("#") ? undefinedValue : noMember(context, self, name, node);
}

function knownMember(context: Context, frame: Frame, object: unknown, name: string, node: ts.Node): Value {
  if (object === undefined || object === null) return context.error("DP1201", node, `\`${name}\` of ${String(object)}`);
  if (typeof object === "string" || typeof object === "number" || typeof object === "bigint" || typeof object === "boolean") {
    const value: unknown = Reflect.get(Object(object), name);
    return typeof value === "function" ? { kind: "method", self: known(object), name } : known(value);
  }
  if (typeof object !== "object" && typeof object !== "function") return poison;
  const spec = specOf(object);
  if (spec && spec.what !== "map")
    return name === "value" ? readVariable(context, object, spec, node) : noMember(context, known(object), name, node);
  if (spec?.kind === "scratch") return member(context, frame, scratchView(context, object, spec, node), name, node);
  if (spec) return mapProperty(context, object, spec, name, node) ?? { kind: "method", self: known(object), name };
  if (name.startsWith("#")) return privateMember(context, object, name, node);
  const found = findProperty(object, name);
  if (!found) return undefinedValue;
  if (found.descriptor.get) {
    if (context.front.declarationOf(found.descriptor.get)) {
      const path = context.registry.pathOf(object) ?? frame.path;
      return inlineCall(context, { callee: found.descriptor.get, self: known(object), home: found.home, args: [], path, node });
    }
    return lift(Reflect.get(object, name));
  }
  const value: unknown = found.descriptor.value;
  if (typeof value === "function" && found.home !== object) return { kind: "method", self: known(object), name };
  return scratchOf(context, lift(value), node);
}

/** `this.#name` of a build-time object: V8 shows the values of fields alone. */
function privateMember(context: Context, object: object, name: string, node: ts.Node): Value {
  const field = context.front.privateField(object, name);
  if (field.found) return lift(field.value);
  return context.error(
    "DP1203",
    node,
    `\`${name}\` cannot be seen from outside its class`,
    "write `private` in front of a method or accessor, in place of the #",
  );
}

/** A property of one of several: the same on all, known for each, or read where the tag says. */
function choiceMember(context: Context, frame: Frame, choice: Choice, name: string, node: ts.Node): Value {
  const remaining = context.state.casesOf(choice);
  const getter = sharedFunction(context, choice, name, "get");
  if (getter) return inlineCall(context, { callee: getter.fn, self: choice, home: getter.home, args: [], path: frame.path, node });
  if (sharedFunction(context, choice, name, "value")) return { kind: "method", self: choice, name };
  const values = new Map<number, Value>();
  for (const index of remaining) {
    const value = choice.cases[index] ?? poison;
    const field = value.kind === "record" ? value.fields.get(name) : value.kind === "known" ? knownField(value.value, name) : undefined;
    if (field) values.set(index, context.state.see(field));
  }
  if (values.size === remaining.length) {
    const list = [...values.values()];
    const [first] = list;
    if (
      first &&
      list.every(value => value === first || (value.kind === "known" && first.kind === "known" && Object.is(value.value, first.value)))
    )
      return first;
    if (list.every(value => value.kind === "known" || value.kind === "record" || value.kind === "view" || value.kind === "flow")) {
      return { kind: "choice", tag: choice.tag, cases: choice.cases.map((_, index) => values.get(index) ?? undefinedValue) };
    }
    const key = `${choice.tag.id} ${remaining.join()} ${name}`;
    const joined =
      context.state.members.get(key) ?? eachCase(context, choice, value => member(context, frame, value, name, node), name, node);
    context.state.members.set(key, joined);
    return context.state.see(joined);
  }
  return eachCase(context, choice, value => member(context, frame, value, name, node), name, node);
}

function knownField(object: unknown, name: string): Value | undefined {
  if (typeof object !== "object" || object === null) return undefined;
  const descriptor = Object.getOwnPropertyDescriptor(object, name);
  return descriptor && "value" in descriptor ? lift(descriptor.value) : undefined;
}

/** Does something to each case that remains, where the tag says it is that case. */
export function eachCase(context: Context, choice: Choice, act: (value: Value) => Value, name: string, node: ts.Node): Value {
  const remaining = context.state.casesOf(choice);
  const [first, ...rest] = remaining;
  if (first === undefined) return poison;
  if (rest.length === 0) return act(context.state.see(choice.cases[first] ?? poison));
  const condition = choiceCondition(context, choice, index => index === first);
  if (typeof condition === "boolean") return act(context.state.see(choice));
  return split(
    context,
    condition,
    () => act(context.state.see(choice.cases[first] ?? poison)),
    () => eachCase(context, choice, act, name, node),
    name,
    node,
  );
}

/** The getter or method that all cases that remain inherit from one place: it is inlined once, with the choice as `this`. */
function sharedFunction(context: Context, choice: Choice, name: string, part: "get" | "value"): { fn: object; home: object } | undefined {
  let shared: { fn: object; home: object } | undefined;
  for (const index of context.state.casesOf(choice)) {
    const value = choice.cases[index];
    if (value?.kind !== "record" || typeof value.of !== "function" || value.fields.has(name)) return undefined;
    const prototype: unknown = value.of.prototype;
    const found = typeof prototype === "object" && prototype !== null ? findProperty(prototype, name) : undefined;
    const fn: unknown = found?.descriptor[part];
    if (!found || typeof fn !== "function" || (shared && shared.fn !== fn)) return undefined;
    shared = { fn, home: found.home };
  }
  return shared;
}

/** `object.name(…)` */
export function callMember(
  context: Context,
  frame: Frame,
  object: Value,
  name: string,
  args: readonly Value[],
  node: ts.Node,
  leave?: Leave,
): Value {
  const seen = context.state.see(object);
  switch (seen.kind) {
    case "poison":
      return poison;
    case "packet":
      return callPacket(context, frame, name, args, node);
    case "flow":
      return callFlow(context, seen, name, args, node);
    case "atomic":
      return callAtomic(context, seen, name, args, node);
    case "known":
      return callKnownMember(context, frame, seen.value, name, args, node, leave);
    case "choice": {
      const method = sharedFunction(context, seen, name, "value");
      if (method) return inlineCall(context, { callee: method.fn, self: seen, home: method.home, args, path: frame.path, node }, leave);
      return eachCase(context, seen, value => callMember(context, frame, value, name, args, node), name, node);
    }
    case "view":
    case "record": {
      if (seen.kind === "view" && seen.shape.kind === "array") return callArray(context, frame, seen, name, args, node);
      const field = seen.kind === "record" ? seen.fields.get(name) : undefined;
      if (field) return callValue(context, frame, field, args, node, leave);
      const prototype: unknown = typeof seen.of === "function" ? seen.of.prototype : undefined;
      const found = typeof prototype === "object" && prototype !== null ? findProperty(prototype, name) : undefined;
      const method: unknown = found?.descriptor.value;
      if (!found || typeof method !== "function") return noMember(context, seen, name, node);
      return inlineCall(context, { callee: method, self: seen, home: found.home, args, path: frame.path, node }, leave);
    }
    case "closure":
    case "method":
    case "scalar":
    case "verdict":
    case "device":
      return noMember(context, seen, name, node);
  }
}

function callKnownMember(
  context: Context,
  frame: Frame,
  object: unknown,
  name: string,
  args: readonly Value[],
  node: ts.Node,
  leave?: Leave,
): Value {
  if ((typeof object !== "object" && typeof object !== "function") || object === null) {
    const method: unknown = object === undefined || object === null ? undefined : Reflect.get(Object(object), name);
    if (typeof method !== "function") return context.error("DP1203", node, `\`${name}\` is not a function here`);
    return evaluate(context, method, object, args, node);
  }
  const spec = specOf(object);
  if (spec?.what === "map") {
    if (spec.kind === "scratch") return callMember(context, frame, scratchView(context, object, spec, node), name, args, node, leave);
    return callMap(context, frame, object, spec, name, args, node);
  }
  if (object instanceof PrefixTable && (name === "set" || name === "delete")) {
    return context.error(
      "DP4103",
      node,
      `a prefixTable has no \`${name}\` in datapath code`,
      "user space writes it; a program looks addresses up",
    );
  }
  if (name.startsWith("#")) {
    const field = privateMember(context, object, name, node);
    return field.kind === "poison" ? poison : callValue(context, frame, field, args, node, leave);
  }
  const found = findProperty(object, name);
  if (!found) return context.error("DP1203", node, `there is no \`${name}\` to call`);
  const value: unknown = found.descriptor.get ? Reflect.get(object, name) : found.descriptor.value;
  if (typeof value !== "function") return context.error("DP1203", node, `\`${name}\` is not a function`);
  const intrinsic = callKnown(context, frame, value, args, node);
  if (intrinsic) return intrinsic;
  if (Array.isArray(object)) return callArray(context, frame, known(object), name, args, node);
  if (!context.front.declarationOf(value)) return evaluate(context, value, object, args, node);
  const path = context.registry.pathOf(object) ?? frame.path;
  const call: Call = { callee: value, self: known(object), home: found.home, args, path, node };
  return inlineCall(context, call, leave);
}

/** A built-in of JavaScript, called for real: possible where everything is known. */
function evaluate(context: Context, fn: object, self: unknown, args: readonly Value[], node: ts.Node): Value {
  const name = "name" in fn && typeof fn.name === "string" ? fn.name : "the function";
  const plain: unknown[] = [];
  for (const arg of args) {
    if (arg.kind === "poison") return poison;
    if (arg.kind !== "known") return context.error("DP1203", node, `\`${name}\` works on build-time values alone`);
    plain.push(arg.value);
  }
  if (typeof fn !== "function") return poison;
  try {
    return lift(Reflect.apply(fn, self, plain));
  } catch (error) {
    return context.error("DP1203", node, `\`${name}\` threw: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** One value where several paths meet: assignments on each path, and what they were assigned to. */
import type { ts } from "ts-morph";
import type { Domain, Expr, Pointer, Statement } from "../ir/ir.js";
import type { Context } from "./context.js";
import { describeValue } from "./context.js";
import { copyOf } from "./flow-table-calls.js";
import type { State } from "./state.js";
import type { Choice, FlowWhere, Position, RecordValue, Tag, Value, View } from "./values.js";
import { isUndefined, localValue, poison, undefinedValue } from "./values.js";
import { decodeVerdict } from "./verdict.js";

interface Arm {
  readonly state: State;
  readonly out: Statement[];
  readonly value: Value;
}

/** Joins the values that one name has at the ends of several paths. */
export function joinValues(
  context: Context,
  name: string,
  exits: readonly { readonly state: State; readonly out: Statement[] }[],
  values: readonly Value[],
  node: ts.Node,
): Value {
  const arms = exits.map((exit, i) => ({ state: exit.state, out: exit.out, value: exit.state.see(values[i] ?? poison) }));
  return joinArms(context, name, arms, node);
}

function joinArms(context: Context, name: string, arms: readonly Arm[], node: ts.Node): Value {
  const first = arms[0];
  if (!first || arms.some(arm => arm.value.kind === "poison")) return poison;
  if (arms.every(arm => same(arm.value, first.value))) return first.value;
  const domain = commonDomain(arms.map(arm => arm.value));
  if (domain) return joinScalars(context, name, arms, domain, node);
  if (arms.every(arm => isVerdictLike(arm.value))) return joinVerdicts(context, name, arms, node);
  if (arms.every(arm => arm.value.kind === "device")) return joinDevices(context, name, arms, node);
  const flows = arms.map(arm => arm.value).filter(value => value.kind === "flow");
  if (flows.length === arms.length) {
    const where = joinFlows(
      context,
      name,
      arms,
      flows.map(flow => flow.where),
      node,
    );
    if (where) return { kind: "flow", where };
  }
  const records = arms.map(arm => arm.value).filter(value => value.kind === "record");
  if (records.length === arms.length && sameClass(records)) return joinRecords(context, name, arms, records, node);
  const views = arms.map(arm => arm.value).filter(value => value.kind === "view");
  if (views.length === arms.length) {
    const joined = joinViews(context, name, arms, views, node);
    if (joined) return joined;
  }
  return joinChoice(context, name, arms, node);
}

/** Whether two values are the same thing on every path. */
export function same(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a.kind === "known" && b.kind === "known") return Object.is(a.value, b.value);
  if (a.kind === "scalar" && b.kind === "scalar") return a.local !== undefined && a.local === b.local;
  if (a.kind === "choice" && b.kind === "choice") {
    return a.tag === b.tag && a.cases.length === b.cases.length && a.cases.every((c, i) => same(c, b.cases[i] ?? poison));
  }
  if (a.kind === "record" && b.kind === "record") {
    if (a.of !== b.of || a.fields.size !== b.fields.size) return false;
    for (const [key, value] of a.fields) {
      const other = b.fields.get(key);
      if (!other || !same(value, other)) return false;
    }
    return true;
  }
  if (a.kind === "view" && b.kind === "view") {
    return a.shape === b.shape && a.offset === b.offset && a.bit === b.bit && !a.index && !b.index && sameWhere(a, b);
  }
  if (a.kind === "flow" && b.kind === "flow") return a.where.pointer === b.where.pointer;
  if (a.kind === "verdict" && b.kind === "verdict") return a.constant !== undefined && a.constant === b.constant;
  return a.kind === "packet" && b.kind === "packet";
}

function sameWhere(a: View, b: View): boolean {
  if (a.where.kind === "packet" && b.where.kind === "packet") {
    return a.where.position.state === b.where.position.state && a.where.position.offset === b.where.position.offset;
  }
  if (a.where.kind === "entry" && b.where.kind === "entry") return a.where.pointer === b.where.pointer;
  if (a.where.kind === "flow" && b.where.kind === "flow") return a.where.pointer === b.where.pointer;
  return a.where.kind === "buffer" && b.where.kind === "buffer" && a.where.buffer === b.where.buffer;
}

function commonDomain(values: readonly Value[]): Domain | undefined {
  let domain: Domain | undefined;
  for (const value of values) {
    const own = domainOf(value);
    if (!own) return undefined;
    if (!domain || (domain === "bigint" && own === "wide")) domain = own;
    else if (domain !== own && !(domain === "wide" && own === "bigint")) return undefined;
  }
  if (domain === "bigint" && values.some(v => v.kind === "known" && typeof v.value === "bigint" && v.value >> 64n !== 0n && v.value > 0n))
    return "wide";
  return domain;
}

/** The domain of a scalar, built or run; undefined for everything else. */
export function domainOf(value: Value): Domain | undefined {
  if (value.kind === "scalar") return value.domain;
  if (value.kind !== "known") return undefined;
  if (typeof value.value === "number") return "number";
  if (typeof value.value === "bigint") return "bigint";
  return typeof value.value === "boolean" ? "boolean" : undefined;
}

function joinScalars(context: Context, name: string, arms: readonly Arm[], domain: Domain, node: ts.Node): Value {
  const local = context.local(name, domain);
  let offsetOf: number | undefined;
  for (const arm of arms) {
    if (arm.value.kind === "scalar" && arm.value.offsetOf !== undefined) offsetOf = arm.value.offsetOf;
    arm.out.push({ kind: "let", local, value: scalarExpression(arm, domain, context, node), span: context.span(node) });
  }
  return localValue(local, offsetOf);
}

/** The arm's value as its own end knows it: what another path has learnt does not hold there. */
function scalarExpression(arm: Arm, domain: Domain, context: Context, node: ts.Node): Expr {
  const outside = context.state;
  context.state = arm.state;
  const expression = context.expression(arm.value, domain, node);
  context.state = outside;
  return expression;
}

function isVerdictLike(value: Value): boolean {
  if (value.kind === "verdict" || isUndefined(value)) return true;
  return value.kind === "choice" && value.cases.every(c => isUndefined(c) || c.kind === "verdict");
}

/** A number that holds this verdict, 0 for undefined. */
function verdictExpression(context: Context, state: State, value: Value, node: ts.Node): Expr {
  if (value.kind === "verdict") return value.make();
  if (value.kind === "choice") {
    // A choice of a verdict and undefined is made by this file alone: its verdict's number is 0 where it is undefined.
    const verdict = value.cases.find(c => c.kind === "verdict");
    if (verdict?.kind === "verdict" && verdict.constant === undefined) return verdict.make();
    context.error("DP1201", node, "this verdict cannot be joined", "return it where it is made");
  }
  void state;
  return { op: "const", domain: "number", value: 0n };
}

function joinVerdicts(context: Context, name: string, arms: readonly Arm[], node: ts.Node): Value {
  const local = context.local(name, "number");
  for (const arm of arms) {
    if (arm.value.kind === "verdict" && arm.value.constant !== undefined)
      context.registry.actions.add(decodeVerdict(arm.value.constant).action);
    arm.out.push({ kind: "let", local, value: verdictExpression(context, arm.state, arm.value, node), span: context.span(node) });
  }
  const verdict: Value = { kind: "verdict", make: () => ({ op: "local", local }), constant: undefined };
  if (arms.every(arm => arm.value.kind === "verdict")) return verdict;
  const tag = verdictTag(context, () => ({ op: "local", local }), node);
  return { kind: "choice", tag, cases: [undefinedValue, verdict] };
}

function verdictTag(context: Context, make: () => Expr, node: ts.Node): Tag {
  const span = context.span(node);
  return context.tag(index => ({
    op: "compare",
    operator: index === 1 ? "!=" : "==",
    left: make(),
    right: { op: "const", domain: "number", value: 0n },
    span,
  }));
}

function joinDevices(context: Context, name: string, arms: readonly Arm[], node: ts.Node): Value {
  const local = context.local(`${name}_index`, "number");
  for (const arm of arms) {
    if (arm.value.kind === "device") arm.out.push({ kind: "let", local, value: arm.value.index(), span: context.span(node) });
  }
  return { kind: "device", index: () => ({ op: "local", local }) };
}

function sameClass(records: readonly RecordValue[]): boolean {
  const first = records[0];
  return records.every(
    r => r.of === first?.of && r.fields.size === first?.fields.size && [...r.fields.keys()].every(k => first?.fields.has(k)),
  );
}

function joinRecords(context: Context, name: string, arms: readonly Arm[], records: readonly RecordValue[], node: ts.Node): Value {
  const fields = new Map<string, Value>();
  for (const key of records[0]?.fields.keys() ?? []) {
    const inner = arms.map((arm, i) => ({ ...arm, value: arm.state.see(records[i]?.fields.get(key) ?? poison) }));
    fields.set(key, joinArms(context, `${name}_${key}`, inner, node));
  }
  return { kind: "record", fields, of: records[0]?.of };
}

/** Views of the same shape: in the packet their offsets join, in maps their pointers. */
function joinViews(context: Context, name: string, arms: readonly Arm[], views: readonly View[], node: ts.Node): Value | undefined {
  const first = views[0];
  if (
    !first ||
    views.some(v => v.shape !== first.shape || v.offset !== first.offset || v.bit !== first.bit || v.index || v.of !== first.of)
  )
    return undefined;
  const span = context.span(node);
  if (first.where.kind === "packet") {
    const positions: Position[] = [];
    for (const view of views) if (view.where.kind === "packet") positions.push(view.where.position);
    if (positions.length !== views.length || positions.some(p => p.state !== positions[0]?.state)) return undefined;
    const local = context.local(`${name}_offset`, "number");
    arms.forEach((arm, i) => {
      const offset = positions[i]?.offset ?? 0;
      const value: Expr =
        typeof offset === "number" ? { op: "const", domain: "number", value: BigInt(offset) } : { op: "local", local: offset };
      arm.out.push({ kind: "let", local, value, span });
    });
    return { ...first, where: { kind: "packet", position: { state: positions[0]?.state ?? 0, offset: local } } };
  }
  if (first.where.kind === "flow") {
    const wheres = views.flatMap(view => (view.where.kind === "flow" ? [view.where] : []));
    const where = wheres.length === views.length ? joinFlows(context, name, arms, wheres, node) : undefined;
    return where && { ...first, where };
  }
  if (first.where.kind === "entry") {
    const { map, life } = first.where;
    const pointers: Pointer[] = [];
    for (const view of views) if (view.where.kind === "entry" && view.where.map === map) pointers.push(view.where.pointer);
    if (pointers.length !== views.length) return undefined;
    const pointer = context.pointer(name, "entry", map);
    arms.forEach((arm, i) => {
      arm.out.push({ kind: "alias", pointer, from: pointers[i] ?? "null", span });
    });
    return { ...first, where: { kind: "entry", pointer, map, life } };
  }
  return undefined;
}

/** Entries of one flow table: their slots and their copies join. */
function joinFlows(
  context: Context,
  name: string,
  arms: readonly Arm[],
  wheres: readonly FlowWhere[],
  node: ts.Node,
): FlowWhere | undefined {
  const map = wheres[0]?.map;
  if (!map || wheres.some(where => where.map !== map)) return undefined;
  const span = context.span(node);
  const pointer = context.pointer(name, "entry", map);
  const copy = context.pointer(`${name}_copy`, "entry", copyOf(map));
  arms.forEach((arm, i) => {
    arm.out.push({ kind: "alias", pointer, from: wheres[i]?.pointer ?? "null", span });
    arm.out.push({ kind: "alias", pointer: copy, from: wheres[i]?.copy ?? "null", span });
  });
  return { kind: "flow", pointer, copy, map };
}

/** One group of alternatives that can share storage. */
interface Group {
  readonly key: unknown;
  readonly parts: Arm[];
}

function groupKey(value: Value): unknown {
  switch (value.kind) {
    case "known":
      return domainOf(value) ?? value.value;
    case "scalar":
      return value.domain;
    case "view":
      return value.where.kind === "entry"
        ? `${value.where.map.symbol}/${value.offset}`
        : value.where.kind === "flow"
          ? `flow ${value.where.map.symbol}/${value.offset}`
          : `${value.where.kind}/${"name" in value.shape ? value.shape.name : value.shape.kind}/${value.offset}`;
    case "record":
      return value.of ?? [...value.fields.keys()].join();
    case "closure":
      return value.node;
    case "flow":
      return `flow ${value.where.map.symbol}`;
    case "verdict":
    case "device":
    case "packet":
      return `:${value.kind}`;
    case "atomic":
    case "method":
    case "choice":
    case "poison":
      return value;
  }
}

/** Values of different kinds: a tag says which, each kind has its own storage. */
function joinChoice(context: Context, name: string, arms: readonly Arm[], node: ts.Node): Value {
  const groups: Group[] = [];
  const span = context.span(node);
  const place = (arm: Arm): void => {
    const key = groupKey(arm.value);
    const group = groups.find(g => g.key === key);
    if (group) group.parts.push(arm);
    else groups.push({ key, parts: [arm] });
  };
  for (const arm of arms) expand(context, arm, place, node);
  // undefined first, so that truthiness is "not the first case"
  groups.sort((a, b) => Number(b.key === undefined) - Number(a.key === undefined));
  const verdicts = groups.find(g => g.key === ":verdict");
  const cases: Value[] = [];
  for (const group of groups) {
    const only = group.parts[0];
    if (!only) continue;
    const value = group.parts.length === 1 && group !== verdicts ? only.value : joinArms(context, name, group.parts, node);
    if (value.kind === "choice") {
      context.error(
        "DP1202",
        node,
        `\`${name}\` is ${describeValue(only.value)} of different places on different paths`,
        "handle each where it is found",
      );
      return poison;
    }
    cases.push(value);
  }
  if (groups.length === 1) return cases[0] ?? poison;
  const local = context.local(groups.length === 2 ? `${name}_is` : `${name}_which`, groups.length === 2 ? "boolean" : "number");
  groups.forEach((group, index) => {
    for (const part of group.parts) {
      part.out.push({ kind: "let", local, value: { op: "const", domain: local.domain, value: BigInt(index) }, span });
    }
  });
  const test = (index: number): Expr => {
    const mine: Expr = { op: "local", local };
    if (local.domain === "boolean") return index === 1 ? mine : { op: "not", operand: mine };
    return { op: "compare", operator: "==", left: mine, right: { op: "const", domain: "number", value: BigInt(index) }, span };
  };
  return { kind: "choice", tag: context.tag(test), cases };
}

/** Takes a choice apart: an `if` on its tag in the arm's own statements, one new arm a case. */
function expand(context: Context, arm: Arm, place: (arm: Arm) => void, node: ts.Node): void {
  if (arm.value.kind !== "choice") {
    place(arm);
    return;
  }
  const choice: Choice = arm.value;
  const remaining = arm.state.casesOf(choice);
  let out = arm.out;
  remaining.forEach((index, at) => {
    const value = arm.state.see(choice.cases[index] ?? poison);
    if (at === remaining.length - 1) {
      expand(context, { state: arm.state, out, value }, place, node);
      return;
    }
    const then: Statement[] = [];
    const rest: Statement[] = [];
    const savedState = context.state;
    const savedOut = context.out;
    context.state = arm.state;
    context.out = out;
    const condition = choice.tag.test(index);
    context.state = savedState;
    context.out = savedOut;
    out.push({ kind: "if", condition, then, else: rest, span: context.span(node) });
    expand(context, { state: arm.state, out: then, value }, place, node);
    out = rest;
  });
}

/** Functions that the compiler knows: widths, Math, time, verdicts. */
import type { ts } from "ts-morph";
import { type IntrinsicName, intrinsicName } from "../../dsl/core/intrinsic.js";
import { sizeOf } from "../../dsl/core/shape.js";
import { specOf } from "../../dsl/core/spec.js";
import type { Ambient, Expr, NumberOperator } from "../ir/ir.js";
import { copyBytes, fieldOf, readField, storeScalar } from "./access.js";
import { binary } from "./arithmetic.js";
import type { Context } from "./context.js";
import { describeValue } from "./context.js";
import type { Frame } from "./frame.js";
import { domainOf } from "./join.js";
import { claimDevices, scratchOf } from "./map-calls.js";
import { eachCase } from "./members.js";
import type { Value } from "./values.js";
import { known, localValue, poison, undefinedValue, wholeScalar } from "./values.js";
import { Action, decodeVerdict, encodeVerdict } from "./verdict.js";

/** The value of a call of a function that has a meaning of its own; undefined for all others. */
export function callKnown(context: Context, frame: Frame, fn: object, args: readonly Value[], node: ts.Node): Value | undefined {
  if (args.some(arg => arg.kind === "poison") && (intrinsicName(fn) || builtins.has(fn))) return poison;
  const name = intrinsicName(fn);
  if (name) return intrinsics[name](context, frame, args, node, fn);
  const builtin = builtins.get(fn);
  if (!builtin) return undefined;
  return args.every(arg => arg.kind === "known") ? evaluated(context, fn, args, node) : builtin(context, args, node);
}

/** What JavaScript itself makes of known arguments. */
function evaluated(context: Context, fn: object, args: readonly Value[], node: ts.Node): Value {
  try {
    return apply(fn, args);
  } catch (error) {
    return context.error("DP1203", node, error instanceof Error ? error.message : String(error));
  }
}

type Intrinsic = (context: Context, frame: Frame, args: readonly Value[], node: ts.Node, fn: object) => Value;

function apply(fn: object, args: readonly Value[]): Value {
  return known(
    typeof fn === "function"
      ? Reflect.apply(
          fn,
          undefined,
          args.map(arg => (arg.kind === "known" ? arg.value : undefined)),
        )
      : undefined,
  );
}

function wrap(bits: 8 | 16 | 32 | 48 | 64 | 128): Intrinsic {
  return (context, _frame, args, node, fn) => {
    const [given] = args;
    if (!given) return context.error("DP1201", node, `u${bits}() needs a value`);
    const value = context.settled(given, node);
    if (value.kind === "known") return apply(fn, [value]);
    if (value.kind !== "scalar" || value.domain === "boolean")
      return context.error("DP1201", node, `u${bits}() needs a number, not ${describeValue(value)}`);
    const { make } = value;
    const span = context.span(node);
    const domain = bits === 128 ? "wide" : bits === 64 ? "bigint" : "number";
    return { kind: "scalar", domain, make: () => ({ op: "wrap", bits, operand: make(), span }) };
  };
}

function ambient(what: Ambient, domain: "number" | "bigint", max: bigint): Intrinsic {
  return (context, _frame, _args, node) => {
    const local = context.local(what, domain, { min: 0n, max });
    context.emit({ kind: "ambient", local, what, span: context.span(node) });
    return localValue(local);
  };
}

/** The kernel's own SYN cookies: addresses, ports, sequence number, and the segment size or the acknowledgement number. */
function synCookie(does: "make" | "check", family: 4 | 6): Intrinsic {
  return (context, _frame, args, node) => {
    const operands = args.map((arg, i) => context.expression(arg, family === 6 && i < 2 ? "wide" : "number", node));
    const local =
      does === "make" ? context.local("cookie", "number", { min: 0n, max: 0xffff_ffffn }) : context.local("is_cookie", "boolean");
    context.emit({ kind: "synCookie", local, does, family, operands, span: context.span(node) });
    return localValue(local);
  };
}

function extreme(operator: "min" | "max"): Intrinsic {
  return (context, _frame, args, node) => extremeOf(context, operator, args, node);
}

function extremeOf(context: Context, operator: "min" | "max", args: readonly Value[], node: ts.Node): Value {
  if (args.every(arg => arg.kind === "known")) {
    const values = args
      .map(arg => (arg.kind === "known" ? arg.value : undefined))
      .filter(v => typeof v === "number" || typeof v === "bigint");
    return known(values.reduce((a, b) => ((operator === "min" ? b < a : b > a) ? b : a)));
  }
  const [first, ...rest] = args;
  if (!first) return context.error("DP1201", node, `${operator}() needs values`);
  return rest.reduce<Value>((a, b) => operate(context, operator, context.bind(a, operator, node), b, node), first);
}

function operate(context: Context, operator: NumberOperator, a: Value, b: Value, node: ts.Node): Value {
  const wide = [a, b].some(v => domainOf(v) === "wide");
  const domain = wide ? "wide" : (domainOf(a) ?? "number");
  if (domain !== domainOf(b) && !wide) return context.error("DP1201", node, "numbers and bigints do not mix", "convert one: BigInt(n)");
  const span = context.span(node);
  const make = (): Expr => ({
    op: "binary",
    operator,
    domain,
    left: context.expression(a, domain, node),
    right: context.expression(b, domain, node),
    span,
  });
  return { kind: "scalar", domain, make };
}

const LONGEST_TIME = (1n << 63n) - 1n;

const intrinsics: { readonly [N in IntrinsicName]: Intrinsic } = {
  u8: wrap(8),
  u16: wrap(16),
  u32: wrap(32),
  u48: wrap(48),
  u64: wrap(64),
  u128: wrap(128),
  now: ambient("now", "bigint", LONGEST_TIME),
  nowCoarse: ambient("nowCoarse", "bigint", LONGEST_TIME),
  ticks: ambient("ticks", "bigint", (1n << 64n) - 1n),
  random: ambient("random", "number", 0xffff_ffffn),
  min: extreme("min"),
  max: extreme("max"),
  prefixOf: (context, _frame, args, node, fn) => {
    const [address, length] = args;
    if (address?.kind === "known" && length?.kind === "known") return apply(fn, args);
    if (!address || length?.kind !== "known" || typeof length.value !== "number") {
      return context.error("DP2106", node, "prefixOf() takes a build-time length");
    }
    const wide = domainOf(address) === "wide";
    const width = wide ? 128 : 32;
    const host = (1n << BigInt(width - length.value)) - 1n;
    const mask = ((1n << BigInt(width)) - 1n) ^ host;
    const masked = binary(context, "&", address, known(wide ? mask : Number(mask)), node);
    if (wide || masked.kind !== "scalar") return masked;
    const { make } = masked;
    return { kind: "scalar", domain: "number", make: () => ({ op: "wrap", bits: 32, operand: make(), span: context.span(node) }) };
  },
  nested: (context, _frame, args, node) => {
    const [view, name] = args;
    if (!view || name?.kind !== "known" || typeof name.value !== "string") return poison;
    return nestedView(context, view, name.value, node);
  },
  clear: (context, _frame, args, node) => {
    const [view] = args;
    if (view?.kind === "choice") eachCase(context, view, one => clearView(context, one, node), "clear", node);
    else if (view) clearView(context, view, node);
    return undefinedValue;
  },
  copy: (context, _frame, args, node) => {
    const [to, from] = args.map(arg => scratchOf(context, arg, node));
    if (to?.kind !== "view" || from?.kind !== "view" || to.shape.kind !== "struct" || to.shape !== from.shape)
      return context.error("DP1201", node, "copy() takes two views of one struct");
    copyBytes(context, to, from, to.shape.size, node);
    return undefinedValue;
  },
  synCookie4: synCookie("make", 4),
  synCookie6: synCookie("make", 6),
  isSynCookie4: synCookie("check", 4),
  isSynCookie6: synCookie("check", 6),
  verdictDrop: (context, frame, args, node) => {
    const [reason] = args;
    if (reason?.kind !== "known" || typeof reason.value !== "string")
      return context.error("DP1210", node, "a drop's reason is a build-time string");
    const site = context.registry.drop(reason.value, frame.path, context.span(node));
    return constantVerdict(context, encodeVerdict(Action.Drop, site));
  },
  verdictRedirect: (context, _frame, args, node) => {
    const [device] = args;
    if (device?.kind !== "device") return context.error("DP1210", node, "redirect() takes a device: devMap.get(n), after it was found");
    return deviceVerdict(context, Action.Redirect, device.index, node);
  },
  verdictRoute: (context, _frame, args, node) => {
    const [device] = args;
    if (!device || (device.kind === "known" && device.value === undefined)) return constantVerdict(context, encodeVerdict(Action.Route));
    if (device.kind !== "device") return context.error("DP1210", node, "route() takes a device, or nothing");
    return deviceVerdict(context, Action.Route, device.index, node);
  },
  verdictFlood: (context, _frame, args, node) => {
    const [map] = args;
    const spec = map?.kind === "known" && typeof map.value === "object" && map.value ? specOf(map.value) : undefined;
    if (map?.kind !== "known" || typeof map.value !== "object" || !map.value || spec?.what !== "map" || spec.kind !== "devMap") {
      return context.error("DP1210", node, "flood() takes a devMap");
    }
    const decl = context.registry.map(map.value, spec);
    claimDevices(context, decl, node);
    return constantVerdict(context, encodeVerdict(Action.Flood, context.registry.floodIndex(decl)));
  },
};

/** The struct in a field; of a choice of views, a choice of them by the same tag. */
function nestedView(context: Context, view: Value, name: string, node: ts.Node): Value {
  if (view.kind === "choice") {
    const cases = view.cases.map((one, index) =>
      context.state.casesOf(view).includes(index) ? nestedView(context, one, name, node) : one,
    );
    return { kind: "choice", tag: view.tag, cases };
  }
  const seen = scratchOf(context, view, node);
  const field = seen.kind === "view" ? fieldOf(seen, name) : undefined;
  if (seen.kind !== "view" || !field) return context.error("DP1201", node, `${describeValue(seen)} has no \`${name}\` in datapath code`);
  return readField(context, seen, field, node);
}

/** Zeros by words: a struct's size is a multiple of its alignment, and words may lie at any place of a map's value. */
function clearView(context: Context, value: Value, node: ts.Node): Value {
  const view = scratchOf(context, value, node);
  if (view.kind === "poison") return poison;
  if (view.kind !== "view" || view.shape.kind !== "struct") return context.error("DP1201", node, "clear() takes a view of a struct");
  for (let at = 0; at < view.shape.size; ) {
    const bytes = ([8, 4, 2, 1] as const).find(size => at + size <= sizeOf(view.shape) && (view.offset + at) % size === 0) ?? 1;
    const bits = (bytes * 8) as 8 | 16 | 32 | 64;
    const domain = bits === 64 ? "bigint" : "number";
    const zero = known(bits === 64 ? 0n : 0);
    storeScalar(
      context,
      view.where,
      { scalar: wholeScalar(bits, "host"), offset: view.offset + at, domain },
      view.index,
      view.name,
      zero,
      node,
    );
    at += bytes;
  }
  return undefinedValue;
}

function constantVerdict(context: Context, code: number): Value {
  context.registry.actions.add(decodeVerdict(code).action);
  return { kind: "verdict", constant: code, make: () => ({ op: "const", domain: "number", value: BigInt(code) }) };
}

function deviceVerdict(context: Context, action: number, index: () => Expr, node: ts.Node): Value {
  const span = context.span(node);
  context.registry.actions.add(action);
  const local = context.local("verdict", "number");
  const constant = (value: number): Expr => ({ op: "const", domain: "number", value: BigInt(value) });
  const shifted: Expr = { op: "binary", operator: "*", domain: "number", left: index(), right: constant(256), span };
  context.emit({
    kind: "let",
    local,
    value: { op: "binary", operator: "+", domain: "number", left: shifted, right: constant(action), span },
    span,
  });
  return { kind: "verdict", constant: undefined, make: () => ({ op: "local", local }) };
}

type Builtin = (context: Context, args: readonly Value[], node: ts.Node) => Value | undefined;

/** Only where something is known at run time alone; else JavaScript itself computes. */
function runTime(rule: (context: Context, value: Value, args: readonly Value[], node: ts.Node) => Value): Builtin {
  return (context, args, node) => {
    const [first] = args;
    if (!first || args.every(arg => arg.kind === "known")) return undefined;
    return rule(context, first, args, node);
  };
}

const builtins = new Map<object, Builtin>([
  [Math.trunc, runTime((_context, value) => value)],
  [Math.floor, runTime((_context, value) => value)],
  [Math.min, runTime((context, _value, args, node) => extremeOf(context, "min", args, node))],
  [Math.max, runTime((context, _value, args, node) => extremeOf(context, "max", args, node))],
  [Math.imul, runTime((context, value, args, node) => operate(context, "imul", value, args[1] ?? known(0), node))],
  [BigInt, runTime((context, value, _args, node) => convert(context, value, "bigint", node))],
  [Number, runTime((context, value, _args, node) => convert(context, value, "number", node))],
  [
    Boolean,
    runTime((context, value, _args, node) =>
      value.kind === "scalar" && value.domain === "boolean"
        ? value
        : context.error("DP1205", node, "only a boolean is true or false", "compare it"),
    ),
  ],
]);

function convert(context: Context, value: Value, domain: "number" | "bigint", node: ts.Node): Value {
  if (value.kind !== "scalar") return context.error("DP1201", node, `${describeValue(value)} is no number`);
  if (value.domain === domain || (domain === "bigint" && value.domain === "wide")) return value;
  const { make } = value;
  const span = context.span(node);
  const result = { kind: "scalar", domain, make: (): Expr => ({ op: "convert", domain, operand: make(), span }) } as const;
  return value.offsetOf === undefined ? result : { ...result, offsetOf: value.offsetOf };
}

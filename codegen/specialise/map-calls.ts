/** Maps: each call is one helper, its key and value built in zeroed buffers. */
import type { ts } from "ts-morph";
import type { Shape, StructShape } from "../../dsl/core/shape.js";
import { sizeOf } from "../../dsl/core/shape.js";
import { classOf, type MapSpec, specOf } from "../../dsl/core/spec.js";
import type { Buffer, Expr, MapDecl, Pointer } from "../ir/ir.js";
import { abortUnless, fillBuffer, loadScalar, storeScalar } from "./access.js";
import { split } from "./conditions.js";
import type { Context } from "./context.js";
import { callFlowTable } from "./flow-table-calls.js";
import type { Frame } from "./frame.js";
import type { MapLife, Value, View, Where } from "./values.js";
import { known, localValue, poison, undefinedValue, wholeScalar } from "./values.js";

export function mapProperty(_context: Context, _live: object, spec: MapSpec, name: string, _node: ts.Node): Value | undefined {
  return name === "length" && (spec.kind === "array" || spec.kind === "perCpuArray") ? known(spec.maxEntries) : undefined;
}

export function callMap(
  context: Context,
  _frame: Frame,
  live: object,
  spec: MapSpec,
  name: string,
  args: readonly Value[],
  node: ts.Node,
): Value {
  if (args.some(arg => arg.kind === "poison")) return poison;
  const map = context.registry.map(live, spec);
  const [first, second] = args.map(arg => scratchOf(context, arg, node));
  switch (spec.kind) {
    case "hash":
    case "lruHash":
    case "perCpuHash":
    case "perCpuLruHash":
    case "lpmTrie":
      if (!first) break;
      if (name === "get") return get(context, map, first, node);
      if (name === "has") return has(context, map, first, node);
      if (name === "delete") return remove(context, map, first, node);
      if (name === "set" && second) return set(context, map, first, second, node);
      if (name === "add" && second) return add(context, map, first, second, node);
      if (name === "getOrInsert" && second) return getOrInsert(context, map, first, second, node);
      break;
    case "array":
    case "perCpuArray":
      if (first && (name === "get" || name === "at")) return element(context, map, first, name === "at", node);
      break;
    case "devMap":
      if (first && name === "get") return device(context, map, first, node);
      break;
    case "ring":
      if (first && name === "emit") return emitEvent(context, map, first, second, node);
      break;
    case "counter":
      if (name === "add") {
        context.emit({ kind: "count", map, span: context.span(node) });
        return undefinedValue;
      }
      break;
    case "flowTable": {
      const result = callFlowTable(context, live, spec, name, args, node);
      if (result) return result;
      break;
    }
    case "scratch":
      break;
  }
  return context.error("DP4103", node, `a ${spec.kind} map has no \`${name}\` in datapath code`);
}

/** A zeroed buffer with this content. The caller gives it back. */
function filled(context: Context, shape: Shape, name: string, value: Value, node: ts.Node): Buffer {
  const layout = context.registry.layout(shape, name);
  const buffer = context.takeBuffer(layout);
  context.emit({ kind: "clear", buffer, span: context.span(node) });
  const where: Where = { kind: "buffer", buffer };
  if (shape.kind === "struct") {
    fillBuffer(context, { kind: "view", shape, of: undefined, where, offset: 0, bit: 0, index: undefined, name: layout.name }, value, node);
  } else if (shape.kind === "int" || shape.kind === "bool") {
    const bits = shape.kind === "int" ? shape.bits : 8;
    const domain = shape.kind === "bool" ? "boolean" : bits === 128 ? "wide" : bits === 64 ? "bigint" : "number";
    const scalar = wholeScalar(bits, shape.kind === "int" ? shape.order : "host");
    storeScalar(context, where, { scalar, offset: 0, domain }, undefined, name, value, node);
  } else {
    const struct: StructShape = {
      kind: "struct",
      name,
      fields: [{ name: "value", shape, offset: 0, bit: 0 }],
      size: sizeOf(shape),
      align: 1,
    };
    const wrapped: Value = { kind: "record", of: undefined, fields: new Map([["value", value]]) };
    fillBuffer(context, { kind: "view", shape: struct, of: undefined, where, offset: 0, bit: 0, index: undefined, name }, wrapped, node);
  }
  return buffer;
}

export function keyOf(context: Context, map: MapDecl, key: Value, node: ts.Node): Buffer {
  const { key: shape, kind } = map.spec;
  if (!shape) throw new TypeError(`${map.path} has no key`);
  // A struct that was made for the purpose is the buffer.
  if (key.kind === "view" && key.shape === shape && key.where.kind === "buffer" && key.offset === 0 && !key.index) return key.where.buffer;
  return filled(context, shape, `${map.symbol}_key`, kind === "lpmTrie" ? trieKey(context, shape, key) : key, node);
}

/** A trie's plain key is looked up whole; `{ prefix, length }` names a prefix. */
function trieKey(context: Context, shape: Shape, key: Value): Value {
  if (shape.kind !== "struct") return key;
  const [, data] = shape.fields;
  if (!data) return key;
  const plain = key.kind === "scalar" || (key.kind === "known" && (typeof key.value === "number" || typeof key.value === "bigint"));
  if (plain)
    return {
      kind: "record",
      of: undefined,
      fields: new Map<string, Value>([
        ["length", known(sizeOf(data.shape) * 8)],
        [data.name, key],
      ]),
    };
  const part = (name: string): Value | undefined =>
    key.kind === "record"
      ? key.fields.get(name)
      : key.kind === "known" && typeof key.value === "object" && key.value !== null
        ? asKnown(Reflect.get(key.value, name))
        : undefined;
  const prefix = part("prefix");
  const length = part("length");
  void context;
  return prefix && length
    ? {
        kind: "record",
        of: undefined,
        fields: new Map([
          ["length", length],
          [data.name, prefix],
        ]),
      }
    : key;
}
function asKnown(value: unknown): Value | undefined {
  return value === undefined ? undefined : known(value);
}

export function storedValue(context: Context, map: MapDecl, value: Value, node: ts.Node): Buffer {
  const { value: shape } = map.spec;
  if (!shape) throw new TypeError(`${map.path} has no value`);
  return filled(context, shape, `${map.symbol}_value`, value, node);
}

function lookup(context: Context, map: MapDecl, key: Value, node: ts.Node): Pointer {
  const buffer = keyOf(context, map, key, node);
  const pointer = context.pointer(`${map.symbol}_entry`, "entry", map);
  context.emit({ kind: "lookup", pointer, map, key: buffer, span: context.span(node) });
  context.giveBuffer(buffer);
  return pointer;
}

function lifeOf(context: Context, map: MapDecl): MapLife | undefined {
  const { kind } = map.spec;
  if (kind === "array" || kind === "perCpuArray" || kind === "scratch") return undefined;
  return { symbol: map.symbol, count: context.state.writes.get(map.symbol) ?? 0 };
}

/** The entry behind a pointer that is not NULL: a live view, or the scalar that it holds now. */
function entryValue(context: Context, map: MapDecl, pointer: Pointer, node: ts.Node): Value {
  const { value: shape } = map.spec;
  if (!shape) return poison;
  const where: Where = { kind: "entry", pointer, map, life: lifeOf(context, map) };
  if (shape.kind === "struct" || shape.kind === "header" || shape.kind === "overlay" || shape.kind === "flags" || shape.kind === "array") {
    const name = map.path.split(".").at(-1) ?? map.symbol;
    return { kind: "view", shape, of: classOf(shape), where, offset: 0, bit: 0, index: undefined, name };
  }
  if (shape.kind === "atomic") return { kind: "atomic", bits: shape.bits, where, offset: 0, index: undefined, name: map.path };
  const bits = shape.kind === "int" ? shape.bits : 8;
  const domain = shape.kind === "bool" ? "boolean" : bits === 128 ? "wide" : bits === 64 ? "bigint" : "number";
  return loadScalar(
    context,
    where,
    { scalar: wholeScalar(bits, shape.kind === "int" ? shape.order : "host"), offset: 0, domain },
    undefined,
    map.path,
    node,
  );
}

function isScalar(shape: Shape | undefined): boolean {
  return shape?.kind === "int" || shape?.kind === "bool";
}

/** What a lookup found: the entry or undefined, told by the pointer (and by the clock where entries age). */
function found(context: Context, map: MapDecl, pointer: Pointer, node: ts.Node): Value {
  const present = (): Expr => ({ op: "present", pointer });
  const condition = { make: freshness(context, map, pointer, present, node), whenTrue: [], whenFalse: [] };
  if (isScalar(map.spec.value)) {
    return split(
      context,
      condition,
      () => entryValue(context, map, pointer, node),
      () => undefinedValue,
      map.symbol,
      node,
    );
  }
  const tag = context.tag(index => (index === 1 ? condition.make() : { op: "not", operand: condition.make() }));
  return { kind: "choice", tag, cases: [undefinedValue, entryValue(context, map, pointer, node)] };
}

/** Whether an entry is there and has not aged out: `now() < field + after`, without a sum that may wrap. */
function freshness(context: Context, map: MapDecl, pointer: Pointer, present: () => Expr, node: ts.Node): () => Expr {
  const { expires, value: shape } = map.spec;
  if (!expires || shape?.kind !== "struct") return present;
  const field = shape.fields.find(f => f.name === expires.field);
  if (!field) return present;
  const span = context.span(node);
  const view: View = {
    kind: "view",
    shape,
    of: undefined,
    where: { kind: "entry", pointer, map, life: undefined },
    offset: 0,
    bit: 0,
    index: undefined,
    name: map.symbol,
  };
  const constant = (value: bigint): Expr => ({ op: "const", domain: "bigint", value });
  const fresh = split(
    context,
    { make: present, whenTrue: [], whenFalse: [] },
    () => {
      const now = context.local("now", "bigint", { min: 0n, max: (1n << 63n) - 1n });
      context.emit({ kind: "ambient", local: now, what: "now", span });
      const stored = loadScalar(
        context,
        view.where,
        { scalar: wholeScalar(64, "host"), offset: field.offset, domain: "bigint" },
        undefined,
        `${map.symbol}.${field.name}`,
        node,
      );
      const young = (): Expr => ({ op: "compare", operator: "<", left: { op: "local", local: now }, right: constant(expires.after), span });
      const age = (): Expr => ({
        op: "binary",
        operator: "-",
        domain: "bigint",
        left: { op: "local", local: now },
        right: constant(expires.after),
        span,
      });
      const late = split(
        context,
        { make: young, whenTrue: [], whenFalse: [] },
        () => known(true),
        () =>
          context.bind(
            {
              kind: "scalar",
              domain: "boolean",
              make: () => ({ op: "compare", operator: "<", left: age(), right: context.expression(stored, "bigint", node), span }),
            },
            "fresh",
            node,
          ),
        "fresh",
        node,
      );
      return context.bind(late, "fresh", node);
    },
    () => known(false),
    `${map.symbol}_fresh`,
    node,
  );
  if (fresh.kind !== "scalar") return present;
  return () => ({ op: "and", left: fresh.make(), right: present() });
}

function get(context: Context, map: MapDecl, key: Value, node: ts.Node): Value {
  return found(context, map, lookup(context, map, key, node), node);
}

function has(context: Context, map: MapDecl, key: Value, node: ts.Node): Value {
  const pointer = lookup(context, map, key, node);
  return { kind: "scalar", domain: "boolean", make: freshness(context, map, pointer, () => ({ op: "present", pointer }), node) };
}

function wrote(context: Context, map: MapDecl): void {
  context.state.writes.set(map.symbol, context.id());
}

function set(context: Context, map: MapDecl, key: Value, value: Value, node: ts.Node): Value {
  const keyBuffer = keyOf(context, map, key, node);
  const valueBuffer = storedValue(context, map, value, node);
  const ok = context.local(`${map.symbol}_set`, "boolean");
  context.emit({ kind: "update", ok, map, key: keyBuffer, value: valueBuffer, only: "any", span: context.span(node) });
  context.giveBuffer(keyBuffer);
  context.giveBuffer(valueBuffer);
  wrote(context, map);
  return localValue(ok);
}

/** Views of other entries stay: what an LRU map takes for the new entry is no entry that was looked up last. */
function add(context: Context, map: MapDecl, key: Value, value: Value, node: ts.Node): Value {
  const keyBuffer = keyOf(context, map, key, node);
  const valueBuffer = storedValue(context, map, value, node);
  const ok = context.local(`${map.symbol}_added`, "boolean");
  context.emit({ kind: "update", ok, map, key: keyBuffer, value: valueBuffer, only: "absent", span: context.span(node) });
  context.giveBuffer(keyBuffer);
  context.giveBuffer(valueBuffer);
  return localValue(ok);
}

function remove(context: Context, map: MapDecl, key: Value, node: ts.Node): Value {
  const keyBuffer = keyOf(context, map, key, node);
  const ok = context.local(`${map.symbol}_deleted`, "boolean");
  context.emit({ kind: "delete", ok, map, key: keyBuffer, span: context.span(node) });
  context.giveBuffer(keyBuffer);
  wrote(context, map);
  return localValue(ok);
}

function getOrInsert(context: Context, map: MapDecl, key: Value, value: Value, node: ts.Node): Value {
  const span = context.span(node);
  const keyBuffer = keyOf(context, map, key, node);
  const pointer = context.pointer(`${map.symbol}_entry`, "entry", map);
  context.emit({ kind: "lookup", pointer, map, key: keyBuffer, span });
  const present = (): Expr => ({ op: "present", pointer });
  const fresh = freshness(context, map, pointer, present, node);
  wrote(context, map);
  split(
    context,
    { make: fresh, whenTrue: [], whenFalse: [] },
    () => undefinedValue,
    () => {
      const valueBuffer = storedValue(context, map, value, node);
      const ok = context.local(`${map.symbol}_inserted`, "boolean");
      // An entry that aged out is replaced; a new one must not overwrite what another CPU has just put there.
      context.emit({ kind: "update", ok, map, key: keyBuffer, value: valueBuffer, only: map.spec.expires ? "any" : "absent", span });
      context.giveBuffer(valueBuffer);
      context.emit({ kind: "lookup", pointer, map, key: keyBuffer, span });
      return undefinedValue;
    },
    `${map.symbol}_entry`,
    node,
  );
  context.giveBuffer(keyBuffer);
  if (isScalar(map.spec.value)) {
    return split(
      context,
      { make: present, whenTrue: [], whenFalse: [] },
      () => entryValue(context, map, pointer, node),
      () => undefinedValue,
      map.symbol,
      node,
    );
  }
  const tag = context.tag(index => (index === 1 ? present() : { op: "not", operand: present() }));
  return { kind: "choice", tag, cases: [undefinedValue, entryValue(context, map, pointer, node)] };
}

function element(context: Context, map: MapDecl, index: Value, proved: boolean, node: ts.Node): Value {
  const { maxEntries } = map.spec;
  const span = context.span(node);
  const bound = context.bind(index, "index", node);
  if (bound.kind === "known") {
    const inside = typeof bound.value === "number" && Number.isInteger(bound.value) && bound.value >= 0 && bound.value < maxEntries;
    if (!inside)
      return proved ? context.error("DP4104", node, `index ${String(bound.value)} is outside 0…${maxEntries - 1}`) : undefinedValue;
  }
  const pointer = context.pointer(`${map.symbol}_entry`, "entry", map);
  const value = context.expression(bound, "number", node);
  if (proved && bound.kind === "scalar") {
    context.emit({ kind: "inRange", value: bound.make(), length: maxEntries, what: `the index of \`${map.path}\``, span });
  } else if (bound.kind === "scalar")
    context.emit({ kind: "fits", value: bound.make(), fit: { bits: 32, what: `the index of \`${map.path}\`` }, span });
  context.emit({ kind: "element", pointer, map, index: value, span });
  if (!proved && bound.kind !== "known") return found(context, map, pointer, node);
  abortUnless(context, { op: "present", pointer }, node);
  return entryValue(context, map, pointer, node);
}

/** A diagnostic where XDP and tc hooks use one device map. */
export function claimDevices(context: Context, map: MapDecl, node: ts.Node): void {
  if (context.registry.keepsDevices(map, context.onTc)) return;
  context.error(
    "DP4106",
    node,
    `\`${map.path}\` is used by XDP and by tc, and the kernel keeps a device map for one of them`,
    "make one map for the XDP hook and one for the tc hooks",
  );
}

function device(context: Context, map: MapDecl, key: Value, node: ts.Node): Value {
  claimDevices(context, map, node);
  const span = context.span(node);
  const local = context.local(`${map.symbol}_device`, "number", { min: 0n, max: 0xffff_ffffn });
  context.emit({ kind: "device", local, map, key: context.expression(key, "number", node), span });
  const some = (): Expr => ({
    op: "compare",
    operator: "!=",
    left: { op: "local", local },
    right: { op: "const", domain: "number", value: 0n },
    span,
  });
  const tag = context.tag(index => (index === 1 ? some() : { op: "not", operand: some() }));
  return { kind: "choice", tag, cases: [undefinedValue, { kind: "device", index: () => ({ op: "local", local }) }] };
}

function emitEvent(context: Context, map: MapDecl, value: Value, options: Value | undefined, node: ts.Node): Value {
  const bytes: unknown =
    options?.kind === "known" && typeof options.value === "object" && options.value !== null ? Reflect.get(options.value, "bytes") : 0;
  if (typeof bytes !== "number" || bytes > map.spec.capture) {
    return context.error(
      "DP4105",
      node,
      `emit() may take at most ${map.spec.capture} bytes of the packet here`,
      "events(S, { bytes: n }) says how many at most; the number is a build-time value",
    );
  }
  const buffer = storedValue(context, map, value, node);
  const ok = context.local(`${map.symbol}_sent`, "boolean");
  context.emit({ kind: "emit", ok, map, value: buffer, capture: bytes, span: context.span(node) });
  context.giveBuffer(buffer);
  return localValue(ok);
}

/** A scratch map that stands as a value is the view of its memory; everything else is itself. */
export function scratchOf(context: Context, value: Value, node: ts.Node): Value {
  const live = value.kind === "known" && typeof value.value === "object" && value.value !== null ? value.value : undefined;
  const spec = live && specOf(live);
  return live && spec?.what === "map" && spec.kind === "scratch" ? scratchView(context, live, spec, node) : value;
}

/** Scratch memory: element 0 of a per-CPU array, found once on a path. */
export function scratchView(context: Context, live: object, spec: MapSpec, node: ts.Node): Value {
  const map = context.registry.map(live, spec);
  const key = `scratch ${map.symbol}`;
  let pointer = context.state.scratch.get(key);
  if (!pointer) {
    pointer = context.pointer(map.symbol, "entry", map);
    context.emit({ kind: "element", pointer, map, index: { op: "const", domain: "number", value: 0n }, span: context.span(node) });
    abortUnless(context, { op: "present", pointer }, node);
    context.state.scratch.set(key, pointer);
  }
  return entryValue(context, map, pointer, node);
}

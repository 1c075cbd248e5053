/** The packet: views, single integers, what the context knows, and what moves it. */
import type { ts } from "ts-morph";
import { u16 } from "../../dsl/core/integers.js";
import { type ArrayShape, type HeaderShape, type Shape, type StructShape, sizeOf } from "../../dsl/core/shape.js";
import { shapeOf } from "../../dsl/core/spec.js";
import { Ethernet } from "../../dsl/headers/ethernet.js";
import { checksumAfter, fold16 } from "../../dsl/helpers/fold.js";
import { Encap } from "../../dsl/packet/encap.js";
import { parseLayers } from "../../dsl/packet/layers.js";
import { checkLayersOptions, type LayersOptions, layersKey } from "../../dsl/packet/layers-options.js";
import { limitRefused } from "../../dsl/packet/limits.js";
import type { Ambient, Encapsulation, Expr, Move } from "../ir/ir.js";
import { abortUnless, extentOf, isStale, loadScalar, storeScalar } from "./access.js";
import { binary, compareValues } from "./arithmetic.js";
import { inlineCall } from "./calls.js";
import { type Condition, conditionOf, split, splitValue } from "./conditions.js";
import type { Context } from "./context.js";
import type { Frame } from "./frame.js";
import type { Position, Value, View, Where } from "./values.js";
import { known, localValue, packetValue, poison, undefinedValue, wholeScalar } from "./values.js";

const ambients: { readonly [name: string]: { readonly what: Ambient; readonly bits: number } | undefined } = {
  length: { what: "length", bits: 32 },
  wireLength: { what: "wireLength", bits: 32 },
  hash: { what: "hash", bits: 32 },
  mark: { what: "mark", bits: 32 },
  priority: { what: "priority", bits: 32 },
  departure: { what: "departure", bits: 64 },
};

export function readAmbient(context: Context, what: Ambient, bits: number, node: ts.Node): Value {
  const range = { min: 0n, max: what === "length" || what === "wireLength" ? 0xf_ffffn : (1n << BigInt(bits)) - 1n };
  const local = context.local(what, bits === 64 ? "bigint" : "number", range);
  context.emit({ kind: "ambient", local, what, span: context.span(node) });
  return localValue(local);
}

export function packetProperty(context: Context, name: string, node: ts.Node): Value {
  const ambient = ambients[name];
  if (ambient) return readAmbient(context, ambient.what, ambient.bits, node);
  if (name === "device") {
    const index = readAmbient(context, "device", 32, node);
    return index.kind === "scalar" ? { kind: "device", index: index.make } : poison;
  }
  if (name === "vlan") return vlanTag(context, node);
  return { kind: "method", self: packetValue, name };
}

/** The outermost tag, wherever the hook has it. */
function vlanTag(context: Context, node: ts.Node): Value {
  const present = readAmbient(context, "vlanPresent", 1, node);
  if (present.kind !== "scalar") return poison;
  const span = context.span(node);
  const make = (): Expr => ({
    op: "compare",
    operator: "!=",
    left: present.make(),
    right: { op: "const", domain: "number", value: 0n },
    span,
  });
  const id = readAmbient(context, "vlanId", 12, node);
  const priority = readAmbient(context, "vlanPriority", 3, node);
  const inner = (at: ts.Node): Value => innerTag(context, at);
  const tag = context.tag(index => (index === 1 ? make() : { op: "not", operand: make() }));
  const record: Value = {
    kind: "record",
    of: undefined,
    fields: new Map([
      ["id", id],
      ["priority", priority],
    ]),
    lazy: new Map([["inner", inner]]),
  };
  return { kind: "choice", tag, cases: [undefinedValue, record] };
}

/** The tag behind the outermost one: 0x8100 as the frame's type, its identifier at 14. */
function innerTag(context: Context, node: ts.Node): Value {
  const where: Where = { kind: "packet", position: { state: context.state.packet, offset: 0 } };
  const type = loadScalar(
    context,
    where,
    { scalar: wholeScalar(16, "network"), offset: 12, domain: "number" },
    undefined,
    "etherType",
    node,
  );
  const bound = context.bind(type, "type", node);
  const customer = compareValues(context, "==", bound, known(0x8100), node);
  const service = compareValues(context, "==", bound, known(0x88a8), node);
  const tagged: Value =
    customer.kind === "scalar" && service.kind === "scalar"
      ? { kind: "scalar", domain: "boolean", make: () => ({ op: "or", left: customer.make(), right: service.make() }) }
      : customer.kind === "known" && customer.value === true
        ? customer
        : service;
  const extent = extentOf(context, { state: context.state.packet, offset: 0 }, 18, node);
  const condition = conditionOf(context, tagged, node);
  if (condition === undefined || typeof condition === "boolean") return undefinedValue;
  const both: Condition = {
    make: () => ({ op: "and", left: condition.make(), right: { op: "bounds", pointer: extent.pointer, size: extent.size } }),
    whenTrue: [{ kind: "proven", pointer: extent.pointer, size: extent.size }],
    whenFalse: [],
  };
  return split(
    context,
    both,
    () => {
      const id = loadScalar(
        context,
        where,
        { scalar: { bytes: 2, order: "network", shift: 0, width: 12 }, offset: 14, domain: "number" },
        undefined,
        "inner.id",
        node,
      );
      return { kind: "record", of: undefined, fields: new Map([["id", id]]) };
    },
    () => undefinedValue,
    "inner",
    node,
  );
}

export function callPacket(context: Context, frame: Frame, name: string, args: readonly Value[], node: ts.Node): Value {
  if (args.some(arg => arg.kind === "poison")) return poison;
  const [first, second, third, fourth] = args;
  switch (name) {
    case "layers":
      return layers(context, frame, first, node);
    case "frame":
      return definite(context, viewAt(context, { state: context.state.packet, offset: 0 }, Ethernet, node), node);
    case "at": {
      const position = first ? positionOf(context, first, node) : undefined;
      return position && second?.kind === "known" && typeof second.value === "function"
        ? viewAt(context, position, second.value, node)
        : poison;
    }
    case "after":
      return first && second?.kind === "known" && typeof second.value === "function"
        ? after(context, frame, first, second.value, node)
        : poison;
    case "offsetOf":
      return first ? offsetOf(context, first, node) : poison;
    case "endOf":
      return first ? endOf(context, frame, first, node) : poison;
    case "read":
      return first && second ? read(context, first, second, node) : poison;
    case "write":
      return first && second && third ? write(context, first, second, third, node) : poison;
    case "bytes":
      return first && second ? bytes(context, first, second, node) : poison;
    case "copy":
      return first && second && third ? copy(context, first, second, third, fourth, node) : poison;
    case "checksum":
      return first && second ? checksum(context, first, second, third, node) : poison;
    case "mirror":
      if (first?.kind === "device") {
        const ok = context.local("mirrored", "boolean");
        context.emit({ kind: "mirror", ok, device: first.index(), span: context.span(node) });
        context.packetChanged(false);
        return localValue(ok);
      }
      return context.error("DP1210", node, "mirror() takes a device");
    case "replaceChecksum":
      return replaceChecksum(context, frame, args, node);
    case "written":
      return known(context.state.written);
    case "keepLayers":
      if (first?.kind === "known" && typeof first.value === "number") context.state.written = first.value;
      return undefinedValue;
    case "noteChange":
      if (context.onTc && first) {
        context.emit({ kind: "checksumUpdate", difference: context.expression(first, "number", node), span: context.span(node) });
      }
      return undefinedValue;
  }
  return movePacket(context, name, args, node) ?? context.error("DP1201", node, `a packet has no \`${name}\``);
}

/** Computed once for each set of options, until the packet moves or something is written that it may go by. */
function layers(context: Context, frame: Frame, given: Value | undefined, node: ts.Node): Value {
  const options = layersOptions(context, given ?? undefinedValue, node);
  if (!options) return poison;
  const key = layersKey(options);
  const before = context.state.layers.get(key);
  if (before && before.written === context.state.written) return context.state.see(before.value);
  const args = [packetValue, known(options)];
  const value = inlineCall(context, { callee: parseLayers, self: undefined, home: undefined, args, path: frame.path, node });
  context.state.layers = new Map(context.state.layers).set(key, { value, written: context.state.written });
  return value;
}

/** The options of a call as the object that they are at build time. */
function layersOptions(context: Context, given: Value, node: ts.Node): LayersOptions | undefined {
  const entries = new Map<string, unknown>();
  if (given.kind === "record") {
    for (const [name, field] of given.fields) {
      if (field.kind !== "known") return layersRefused(context, `\`${name}\` is known only at run time`, node);
      entries.set(name, field.value);
    }
  } else if (given.kind === "known" && (given.value === undefined || (typeof given.value === "object" && given.value !== null))) {
    for (const [name, value] of Object.entries(given.value ?? {})) entries.set(name, value);
  } else return layersRefused(context, "they are known only at run time", node);
  const options: LayersOptions = Object.fromEntries(entries);
  try {
    checkLayersOptions("layers()", options);
  } catch (problem) {
    return layersRefused(context, problem instanceof Error ? problem.message : String(problem), node);
  }
  return options;
}

function layersRefused(context: Context, why: string, node: ts.Node): undefined {
  context.error("DP1210", node, `these options of layers() cannot be compiled: ${why}`, "give build-time options, as from this.options");
  return undefined;
}

/** An offset that a program computed, as a position in the packet as it is now. */
function positionOf(context: Context, offset: Value, node: ts.Node): Position | undefined {
  const bound = context.bind(context.state.see(offset), "offset", node);
  if (bound.kind === "known" && typeof bound.value === "number") {
    if (Number.isInteger(bound.value) && bound.value >= 0 && bound.value < 65_535)
      return { state: context.state.packet, offset: bound.value };
    context.error("DP3104", node, `${bound.value} is no offset`, "0…65,534");
    return undefined;
  }
  if (bound.kind !== "scalar" || !bound.local || bound.domain !== "number") {
    if (bound.kind !== "poison") context.error("DP3104", node, "an offset is a number");
    return undefined;
  }
  if (bound.offsetOf !== undefined && bound.offsetOf !== context.state.packet) {
    context.error(
      "DP3105",
      node,
      "this offset is of the packet as it was before it moved",
      "compute it again after the move; lengths stay good",
    );
    return undefined;
  }
  return { state: context.state.packet, offset: bound.local };
}

function viewAt(context: Context, position: Position, of: object, node: ts.Node): Value {
  const shape = shapeOf(of);
  if (shape?.kind !== "header" && shape?.kind !== "struct")
    return context.error("DP1201", node, "at() takes a header", "class H extends header(…)");
  return optionalView(context, position, shape, of, shape.name, node);
}

function optionalView(
  context: Context,
  position: Position,
  shape: HeaderShape | StructShape | ArrayShape,
  of: object | undefined,
  name: string,
  node: ts.Node,
): Value {
  const size = sizeOf(shape);
  const view: View = { kind: "view", shape, of, where: { kind: "packet", position }, offset: 0, bit: 0, index: undefined, name };
  const here = extentOf(context, position, size, node);
  if (context.state.isProven(here.pointer, here.size)) return view;
  const test = (index: number): Expr => {
    // The pointer may have been lost since (a checksum helper): it is derived anew where the test stands.
    const { pointer, size: reach } = extentOf(context, position, size, node);
    isStale(context, position, node);
    const bounds: Expr = { op: "bounds", pointer, size: reach };
    return index === 1 ? bounds : { op: "not", operand: bounds };
  };
  const tag = context.tag(test, index => {
    if (index !== 1) return [];
    const { pointer, size: reach } = extentOf(context, position, size, node);
    return [{ kind: "proven", pointer, size: reach }];
  });
  return { kind: "choice", tag, cases: [undefinedValue, view] };
}

/** A view whose absence ends the program. */
function definite(context: Context, value: Value, node: ts.Node): Value {
  if (value.kind !== "choice") return value;
  const condition = conditionOf(context, value, node);
  if (condition === undefined || typeof condition === "boolean") return value;
  abortUnless(context, condition.make(), node);
  context.state.learn(condition.whenTrue);
  return context.state.see(value);
}

function packetView(context: Context, value: Value, node: ts.Node): { view: View; position: Position } | undefined {
  if (value.kind === "view" && value.where.kind === "packet") return { view: value, position: value.where.position };
  if (value.kind !== "poison") context.error("DP1201", node, "this takes a view of the packet", "test it for undefined first");
  return undefined;
}

function offsetOf(context: Context, value: Value, node: ts.Node): Value {
  const found = packetView(context, value, node);
  if (!found || isStale(context, found.position, node)) return poison;
  const { offset, state } = found.position;
  if (typeof offset === "number") return known(offset + found.view.offset);
  const base = localValue(offset, state);
  return found.view.offset === 0 ? base : context.bind(binary(context, "+", base, known(found.view.offset), node), "offset", node);
}

/** The run-time length of a header, from its own fields. */
function lengthOf(context: Context, frame: Frame, view: View, node: ts.Node): Value {
  const { shape } = view;
  if (shape.kind === "header" && shape.length) {
    return inlineCall(context, { callee: shape.length, self: undefined, home: undefined, args: [view], path: frame.path, node });
  }
  return known(sizeOf(shape));
}

function endOf(context: Context, frame: Frame, value: Value, node: ts.Node): Value {
  const found = packetView(context, value, node);
  if (!found) return poison;
  const start = offsetOf(context, value, node);
  const end = binary(context, "+", start, lengthOf(context, frame, found.view, node), node);
  const bound = context.bind(end, "end", node);
  return bound.kind === "scalar" ? { ...bound, offsetOf: found.position.state } : bound;
}

/** What follows a header at its run-time length; nothing where that is below the fixed part. */
function after(context: Context, frame: Frame, previous: Value, of: object, node: ts.Node): Value {
  const found = packetView(context, previous, node);
  if (!found) return poison;
  const length = context.bind(lengthOf(context, frame, found.view, node), "length", node);
  const end = context.bind(binary(context, "+", offsetOf(context, previous, node), length, node), "offset", node);
  const position = positionOf(context, end.kind === "scalar" ? { ...end, offsetOf: found.position.state } : end, node);
  if (!position) return poison;
  const next = viewAt(context, position, of, node);
  const longEnough = compareValues(context, ">=", length, known(sizeOf(found.view.shape)), node);
  const condition = conditionOf(context, longEnough, node);
  if (condition === undefined || condition === true) return next;
  if (condition === false) return undefinedValue;
  const view = next.kind === "choice" ? next.cases[1] : next;
  if (view?.kind !== "view") return next;
  const inner = next.kind === "choice" ? next.tag : undefined;
  const make = (): Expr => (inner ? { op: "and", left: condition.make(), right: inner.test(1) } : condition.make());
  const tag = context.tag(
    index => (index === 1 ? make() : { op: "not", operand: make() }),
    index => (index === 1 ? (inner?.proves?.(1) ?? []) : []),
  );
  return { kind: "choice", tag, cases: [undefinedValue, view] };
}

function integerShape(context: Context, schema: Value, node: ts.Node): (Shape & { readonly kind: "int" }) | undefined {
  const shape = schema.kind === "known" && typeof schema.value === "function" ? shapeOf(schema.value) : undefined;
  if (shape?.kind === "int") return shape;
  context.error("DP1201", node, "this takes an integer schema: u8 … u128");
  return undefined;
}

/** Where a single integer would be, and the check that it is there. */
function integerAt(context: Context, offset: Value, schema: Value, node: ts.Node) {
  const position = positionOf(context, offset, node);
  const shape = integerShape(context, schema, node);
  if (!position || !shape) return undefined;
  const bits = shape.bits;
  const { pointer, size } = extentOf(context, position, bits / 8, node);
  const domain = bits === 128 ? "wide" : bits === 64 ? "bigint" : "number";
  const condition: Condition = {
    make: () => ({ op: "bounds", pointer, size }),
    whenTrue: [{ kind: "proven", pointer, size }],
    whenFalse: [],
  };
  const where: Where = { kind: "packet", position };
  return {
    where,
    at: { scalar: wholeScalar(bits, "network"), offset: 0, domain } as const,
    condition,
    proven: context.state.isProven(pointer, size),
    pointer,
  };
}

function read(context: Context, offset: Value, schema: Value, node: ts.Node): Value {
  const found = integerAt(context, offset, schema, node);
  if (!found) return poison;
  const load = (): Value => loadScalar(context, found.where, found.at, undefined, "read", node);
  return found.proven ? load() : split(context, found.condition, load, () => undefinedValue, "read", node);
}

function write(context: Context, offset: Value, schema: Value, value: Value, node: ts.Node): Value {
  const found = integerAt(context, offset, schema, node);
  if (!found) return poison;
  const store = (): Value => {
    storeScalar(context, found.where, found.at, undefined, "the packet", value, node);
    return known(true);
  };
  return found.proven ? store() : split(context, found.condition, store, () => known(false), "written", node);
}

function bytes(context: Context, offset: Value, count: Value, node: ts.Node): Value {
  const position = positionOf(context, offset, node);
  if (!position || count.kind !== "known" || typeof count.value !== "number")
    return context.error("DP3106", node, "bytes() takes a build-time count", "loop over a build-time number of them, or use pkt.copy()");
  const shape: ArrayShape = { kind: "array", of: { kind: "int", bits: 8, order: "network" }, length: count.value };
  if (typeof position.offset === "number" && position.offset < 12 && position.offset + count.value > 12) {
    return context.error(
      "DP3103",
      node,
      `bytes ${position.offset}…${position.offset + count.value - 1} lie on both sides of offset 12, where a VLAN tag may be`,
      "read the addresses and the type apart",
    );
  }
  return optionalView(context, position, shape, undefined, "bytes", node);
}

function limitOf(options: Value | undefined, name: string): unknown {
  if (options?.kind === "known" && typeof options.value === "object" && options.value !== null) return Reflect.get(options.value, name);
  const field = options?.kind === "record" ? options.fields.get(name) : undefined;
  return field?.kind === "known" ? field.value : field;
}

function copy(context: Context, to: Value, from: Value, count: Value, options: Value | undefined, node: ts.Node): Value {
  const max = limitOf(options, "max");
  if (typeof max !== "number") return context.error("DP3106", node, "copy() needs a build-time limit: { max: n }");
  const refused = limitRefused("copy", max);
  if (refused !== undefined) return context.error("DP3108", node, refused, "copy in several steps");
  const ok = context.local("copied", "boolean");
  const number = (value: Value): Expr => context.expression(value, "number", node);
  context.emit({ kind: "packetCopy", ok, to: number(to), from: number(from), count: number(count), max, span: context.span(node) });
  context.packetChanged(false);
  return localValue(ok);
}

function checksum(context: Context, offset: Value, length: Value, options: Value | undefined, node: ts.Node): Value {
  const max = limitOf(options, "max");
  if (typeof max !== "number") return context.error("DP3106", node, "checksum() needs a build-time limit: { max: n }");
  const refused = limitRefused("checksum", max);
  if (refused !== undefined)
    return context.error("DP3108", node, refused, "sum in several steps: `initial` takes the complement of a part's checksum");
  const given = options?.kind === "record" ? options.fields.get("initial") : undefined;
  const initial = limitOf(options, "initial");
  const start: Expr =
    given && given.kind !== "known"
      ? context.expression(given, "number", node)
      : { op: "const", domain: "number", value: BigInt(typeof initial === "number" ? initial : 0) };
  const local = context.local("checksum", "number", { min: 0n, max: 0xffffn });
  const number = (value: Value): Expr => context.expression(value, "number", node);
  context.emit({ kind: "packetSum", local, offset: number(offset), length: number(length), max, initial: start, span: context.span(node) });
  return localValue(local);
}

function encapsulation(value: Value | undefined): Encapsulation {
  const wanted = value?.kind === "known" ? value.value : undefined;
  if (wanted === Encap.Ip4) return "ip4";
  if (wanted === Encap.Ip6) return "ip6";
  if (wanted === Encap.Udp4) return "udp4";
  if (wanted === Encap.Udp6) return "udp6";
  return wanted === Encap.Gre4 ? "gre4" : "none";
}

/** The calls that move the packet: each ends every view and every offset. */
function movePacket(context: Context, name: string, args: readonly Value[], node: ts.Node): Value | undefined {
  const [first, second, third] = args;
  const number = (value: Value): Expr => context.expression(value, "number", node);
  const stale = args.find(arg => arg.kind === "scalar" && arg.offsetOf !== undefined && arg.offsetOf !== context.state.packet);
  if (stale)
    return context.error(
      "DP3105",
      node,
      "this offset is of the packet as it was before it moved",
      "compute it again after the move; lengths stay good",
    );
  let move: Move;
  if (name === "insert" && first && second)
    move = { kind: "insert", offset: number(first), bytes: number(second), encap: encapsulation(third) };
  else if (name === "remove" && first && second) move = { kind: "remove", offset: number(first), bytes: number(second) };
  else if ((name === "grow" || name === "shrink" || name === "pull") && first) move = { kind: name, bytes: number(first) };
  else if (name === "trim" && first) move = { kind: "trim", length: number(first) };
  else return undefined;
  return emitMove(context, move, node);
}

export function emitMove(context: Context, move: Move, node: ts.Node): Value {
  const ok = context.local(`${move.kind}_ok`, "boolean");
  context.emit({ kind: "move", ok, move, span: context.span(node) });
  context.packetChanged(true);
  return localValue(ok);
}

/** `pkt.vlan = { id, priority }` and `= undefined`. */
export function assignVlan(context: Context, value: Value, node: ts.Node): void {
  const seen = context.state.see(value);
  if (seen.kind === "known" && seen.value === undefined) {
    const ok = emitMove(context, { kind: "vlanPop" }, node);
    if (ok.kind === "scalar") abortUnless(context, ok.make(), node);
    return;
  }
  const part = (name: string): Value | undefined => {
    if (seen.kind === "record") return seen.fields.get(name);
    const plain: unknown =
      seen.kind === "known" && typeof seen.value === "object" && seen.value !== null ? Reflect.get(seen.value, name) : undefined;
    return plain === undefined ? undefined : known(plain);
  };
  const id = part("id");
  const priority = part("priority");
  if (!id) {
    context.error("DP1201", node, "a VLAN tag is { id } or { id, priority }");
    return;
  }
  for (const [what, field, bits] of [
    ["the VLAN identifier", id, 12],
    ["the VLAN priority", priority, 3],
  ] as const) {
    if (field)
      context.emit({ kind: "fits", value: context.expression(field, "number", node), fit: { bits, what }, span: context.span(node) });
  }
  const move: Move = {
    kind: "vlanSet",
    id: context.expression(id, "number", node),
    priority: priority ? context.expression(priority, "number", node) : undefined,
  };
  const ok = emitMove(context, move, node);
  if (ok.kind === "scalar") abortUnless(context, ok.make(), node);
}

/** The package's own primitive behind `layers.rewrite` and `write`, see dsl/packet/primitives.ts. */
function replaceChecksum(context: Context, frame: Frame, args: readonly Value[], node: ts.Node): Value {
  const [offset, addresses, others, udp] = args;
  if (!offset || !addresses || !others || udp?.kind !== "known") return poison;
  if (context.onTc) {
    const number = (value: Value): Expr => context.expression(value, "number", node);
    context.emit({
      kind: "checksumReplace",
      offset: number(offset),
      addresses: number(addresses),
      others: number(others),
      udp: udp.value === true,
      span: context.span(node),
    });
    context.packetChanged(false);
    return undefinedValue;
  }
  const found = integerAt(context, offset, known(u16), node);
  if (!found) return poison;
  const inline = (callee: object, ...given: Value[]): Value =>
    context.bind(inlineCall(context, { callee, self: undefined, home: undefined, args: given, path: frame.path, node }), "sum", node);
  const update = (): Value => {
    const before = loadScalar(context, found.where, found.at, undefined, "checksum", node);
    const store = (): Value => {
      const difference = context.bind(binary(context, "+", inline(fold16, addresses), inline(fold16, others), node), "difference", node);
      const after = inline(checksumAfter, before, difference);
      const never = udp.value === true ? compareValues(context, "==", after, known(0), node) : known(false);
      const stored = splitValue(
        context,
        never,
        () => known(0xffff),
        () => after,
        "checksum",
        node,
      );
      storeScalar(context, found.where, found.at, undefined, "the checksum", stored, node);
      return undefinedValue;
    };
    const absent = udp.value === true ? compareValues(context, "==", before, known(0), node) : known(false);
    return splitValue(context, absent, () => undefinedValue, store, "checksum", node);
  };
  return found.proven ? update() : split(context, found.condition, update, () => undefinedValue, "checksum", node);
}

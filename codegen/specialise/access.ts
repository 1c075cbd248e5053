/** Reads and writes of views: which pointer, which bytes, which proof. */
import type { ts } from "ts-morph";
import { bitScalar, bitsOf, type Field, type Scalar, type Shape, sizeOf } from "../../dsl/core/shape.js";
import { classOf } from "../../dsl/core/spec.js";
import type { Domain, Expr, Fit, Memory, Place, Pointer } from "../ir/ir.js";
import { framePointer, frontPointer } from "../ir/ir.js";
import type { Context } from "./context.js";
import { copyOf, storeThrough } from "./flow-table-calls.js";
import type { Index, Position, Value, View, Where } from "./values.js";
import { localValue, wholeScalar } from "./values.js";
import { Action, encodeVerdict } from "./verdict.js";

/** Where the 802.1Q tag sits in a frame: what is in front is not moved by it. */
const TAG_OFFSET = 12;
/** Constant offsets beyond this do not fit an instruction's offset together with a field's. */
const NEAR = 16_384;

/** Ends the program, counted: for what the kernel wants proved although the program's own checks imply it. */
export function abortUnless(context: Context, condition: Expr, node: ts.Node): void {
  const span = context.span(node);
  const verdict: Expr = { op: "const", domain: "number", value: BigInt(encodeVerdict(Action.Abort)) };
  context.emit({ kind: "if", condition: { op: "not", operand: condition }, then: [{ kind: "return", verdict, span }], else: [], span });
}

/** The pointer for a packet position, set where this path has not set it yet. */
export function pointerOf(context: Context, position: Position, node: ts.Node): Pointer {
  if (typeof position.offset === "number" && position.offset < NEAR) return framePointer;
  const key = typeof position.offset === "number" ? `at ${position.offset}` : `local ${position.offset.id}`;
  const known = context.state.pointers.get(key);
  if (known) return known;
  const name = typeof position.offset === "number" ? "at" : position.offset.name.replace(/_offset$/, "");
  const pointer = context.pointer(`${name}_start`, "packet");
  const offset: Expr =
    typeof position.offset === "number"
      ? { op: "const", domain: "number", value: BigInt(position.offset) }
      : { op: "local", local: position.offset };
  context.emit({ kind: "point", pointer, offset, span: context.span(node) });
  context.state.pointers.set(key, pointer);
  return pointer;
}

/** The pointer and byte count that prove `bytes` at a position. */
export function extentOf(context: Context, position: Position, bytes: number, node: ts.Node): { pointer: Pointer; size: number } {
  const pointer = pointerOf(context, position, node);
  if (pointer !== framePointer || typeof position.offset !== "number") return { pointer, size: bytes };
  if (position.offset + bytes <= TAG_OFFSET) return { pointer: frontPointer, size: position.offset + bytes };
  return { pointer, size: position.offset + bytes };
}

/** Resolves memory for an access of `bytes` at `offset`; undefined (with a diagnostic) where the view is stale. */
export function memoryAt(
  context: Context,
  where: Where,
  offset: number,
  bytes: number,
  node: ts.Node,
): { memory: Memory; offset: number } | undefined {
  switch (where.kind) {
    case "buffer":
      return { memory: { kind: "buffer", buffer: where.buffer }, offset };
    case "flow":
      return { memory: { kind: "entry", pointer: where.copy, map: copyOf(where.map) }, offset };
    case "entry":
      if (where.life && (context.state.writes.get(where.life.symbol) ?? 0) !== where.life.count) {
        context.error(
          "DP4101",
          node,
          `this entry of \`${where.map.path}\` is gone: the map was written after it was found`,
          "read what you need into a const first, or get() the entry again",
        );
        return undefined;
      }
      return { memory: { kind: "entry", pointer: where.pointer, map: where.map }, offset };
    case "packet": {
      if (isStale(context, where.position, node)) return undefined;
      const near = where.position.offset;
      if (typeof near === "number" && near + offset + bytes <= TAG_OFFSET) {
        return { memory: { kind: "packet", pointer: frontPointer }, offset: near + offset };
      }
      if (typeof near === "number" && near + offset < TAG_OFFSET) {
        context.error(
          "DP3103",
          node,
          `these ${bytes} bytes at ${near + offset} lie on both sides of offset 12, where a VLAN tag may be`,
          "read the addresses and the type apart",
        );
        return undefined;
      }
      const { pointer, size } = extentOf(context, where.position, offset + bytes, node);
      if (!context.state.isProven(pointer, size)) {
        abortUnless(context, { op: "bounds", pointer, size }, node);
        context.state.learn([{ kind: "proven", pointer, size }]);
      }
      return { memory: { kind: "packet", pointer }, offset: pointer === framePointer && typeof near === "number" ? near + offset : offset };
    }
  }
}

export function isStale(context: Context, position: { readonly state: number }, node: ts.Node): boolean {
  if (position.state === context.state.packet) return false;
  context.error("DP3101", node, "this view is of the packet as it was before it moved", "take it again with pkt.at() after the move");
  return true;
}

/** Where the bits of a bit field are: a container of 1, 2, 4 or 8 bytes inside the header. */
function bitPlace(bit: number, width: number, offset: number): { scalar: Scalar; offset: number } {
  const need = Math.ceil((bit + width) / 8);
  const exact = need === 1 || need === 2 || need === 4 || need === 8;
  const size = need <= 4 ? 4 : 8;
  const back = exact ? 0 : Math.min(size - need, offset);
  return { scalar: bitScalar(bit + back * 8, width), offset: offset - back };
}

function domainOfShape(shape: Shape): Domain {
  if (shape.kind === "int") return shape.bits === 128 ? "wide" : shape.bits === 64 ? "bigint" : "number";
  if (shape.kind === "bool" || shape.kind === "flag") return "boolean";
  return "number";
}

export interface ScalarPlace {
  readonly scalar: Scalar;
  readonly offset: number;
  readonly domain: Domain;
}
/** Where a scalar field of a view is; undefined for fields that are views themselves. */
function scalarPlace(shape: Shape, offset: number, bit: number): ScalarPlace | undefined {
  switch (shape.kind) {
    case "int":
      return { scalar: wholeScalar(shape.bits, shape.order), offset, domain: domainOfShape(shape) };
    case "bool":
      return { scalar: wholeScalar(8, "host"), offset, domain: "boolean" };
    case "bits":
    case "flag":
      return { ...bitPlace(bit, bitsOf(shape), offset), domain: domainOfShape(shape) };
    default:
      return undefined;
  }
}

/** The part of a view that a field names; undefined where it has no such field. */
export function fieldOf(view: View, name: string): Field | undefined {
  switch (view.shape.kind) {
    case "struct":
    case "header":
      return view.shape.fields.find(f => f.name === name);
    case "overlay":
      return view.shape.views.find(f => f.name === name);
    case "flags": {
      if (name === "value") return { name, shape: { kind: "bits", width: view.shape.names.length }, offset: 0, bit: view.bit };
      const at = view.shape.names.indexOf(name);
      if (at < 0) return undefined;
      return { name, shape: { kind: "flag" }, offset: (view.bit + at) >> 3, bit: (view.bit + at) & 7 };
    }
    case "array":
      return undefined;
  }
}

/** Reads a field: a scalar into a local, or the view of what is inside. */
export function readField(context: Context, view: View, field: Field, node: ts.Node): Value {
  return readShape(context, view, field.shape, view.offset + field.offset, field.bit, `${view.name}.${field.name}`, view.index, node);
}

function readShape(
  context: Context,
  view: View,
  shape: Shape,
  offset: number,
  bit: number,
  name: string,
  index: Index | undefined,
  node: ts.Node,
): Value {
  const scalar = scalarPlace(shape, offset, bit);
  if (scalar) return loadScalar(context, view.where, scalar, index, name, node);
  switch (shape.kind) {
    case "atomic":
      return { kind: "atomic", bits: shape.bits, where: atomicsOf(view.where), offset, index, name };
    case "struct":
    case "header":
    case "overlay":
    case "flags":
    case "array":
      return { kind: "view", shape, of: classOf(shape), where: view.where, offset, bit, index, name };
    default:
      return context.error("DP1201", node, `\`${name}\` cannot be read`);
  }
}

/** Atomic fields of a flow are the slot's own. */
function atomicsOf(where: Where): Where {
  return where.kind === "flow" ? { kind: "entry", pointer: where.pointer, map: where.map, life: undefined } : where;
}

function placeOf(
  context: Context,
  where: Where,
  at: ScalarPlace,
  index: Index | undefined,
  name: string,
  node: ts.Node,
): Place | undefined {
  // A run-time element lies anywhere in its array: the whole array must be proved.
  const reach = index ? index.stride * (index.length - 1) + at.scalar.bytes : at.scalar.bytes;
  const found = memoryAt(context, where, at.offset, reach, node);
  if (!found) return undefined;
  const place = { memory: found.memory, offset: found.offset, scalar: at.scalar, name };
  if (!index) return place;
  return { ...place, index: { value: index.value(), stride: index.stride, length: index.length, guarded: index.guarded } };
}

/** Loads a scalar into a local of its own: the order of statements is the order of reads. */
export function loadScalar(context: Context, where: Where, at: ScalarPlace, index: Index | undefined, name: string, node: ts.Node): Value {
  const place = placeOf(context, where, at, index, name, node);
  if (!place) return { kind: "poison" };
  const boolean = at.domain === "boolean";
  const local = context.local(lastName(name), boolean ? "number" : at.domain, { min: 0n, max: (1n << BigInt(at.scalar.width)) - 1n });
  const span = context.span(node);
  context.emit({ kind: "load", local, place, span });
  if (!boolean) return localValue(local);
  const make = (): Expr => ({
    op: "compare",
    operator: "!=",
    left: { op: "local", local },
    right: { op: "const", domain: "number", value: 0n },
    span,
  });
  return { kind: "scalar", domain: "boolean", make };
}

function lastName(name: string): string {
  const parts = name.split(".");
  return parts
    .slice(-2)
    .join("_")
    .replace(/\[.*?\]/g, "");
}

/** Writes a scalar field. `what` is named when the value does not fit. */
export function storeField(context: Context, view: View, field: Field, value: Value, node: ts.Node): void {
  const at = scalarPlace(field.shape, view.offset + field.offset, field.bit);
  const name = `${view.name}.${field.name}`;
  if (!at) {
    context.error("DP1202", node, `\`${name}\` is not one value: it is changed through its own fields and methods`);
    return;
  }
  storeScalar(context, view.where, at, view.index, name, value, node);
}

export function storeScalar(
  context: Context,
  where: Where,
  at: ScalarPlace,
  index: Index | undefined,
  name: string,
  value: Value,
  node: ts.Node,
): void {
  if (where.kind === "flow") {
    storeThrough(context, where, at, index, name, value, node);
    return;
  }
  if (where.kind === "entry" && where.map.spec.madeFrom) {
    context.error(
      "DP4110",
      node,
      `\`${name}\` is of a prefixTable`,
      "user space writes it; keep what a program counts in a map of its own",
    );
    return;
  }
  const place = placeOf(context, where, at, index, name, node);
  if (!place) return;
  const domain = at.domain === "boolean" ? "number" : at.domain;
  const seen = context.state.see(value);
  const expression: Expr =
    seen.kind === "scalar" && seen.domain === "boolean" && domain === "number"
      ? { op: "convert", domain: "number", operand: seen.make(), span: context.span(node) }
      : context.expression(seen, domain, node);
  const fit: Fit = { bits: at.scalar.width, what: name };
  context.emit({ kind: "store", place, value: expression, fit, span: context.span(node) });
}

/** One element of an array view, by build-time or run-time index. */
export function elementOf(
  context: Context,
  view: View,
  index: Value,
  node: ts.Node,
): { at: ScalarPlace; index: Index | undefined } | Value {
  if (view.shape.kind !== "array") return context.error("DP1201", node, "only arrays have elements");
  const { of, length } = view.shape;
  const stride = sizeOf(of);
  const seen = context.state.see(index);
  if (seen.kind === "known") {
    if (typeof seen.value !== "number" || !Number.isInteger(seen.value) || seen.value < 0 || seen.value >= length) {
      return context.error("DP3102", node, `index ${String(seen.value)} is outside 0…${length - 1}`);
    }
    const offset = view.offset + seen.value * stride;
    const at = scalarPlace(of, offset, 0);
    if (at) return { at, index: undefined };
    return readShape(context, view, of, offset, 0, `${view.name}[${seen.value}]`, view.index, node);
  }
  if (view.index) return context.error("DP1202", node, "an array inside an array takes one run-time index alone");
  const bound = context.bind(seen, "index", node);
  if (bound.kind !== "scalar") return context.error("DP1201", node, "an index is a number");
  const guarded = view.where.kind === "packet";
  if (!guarded) context.emit({ kind: "inRange", value: bound.make(), length, what: view.name, span: context.span(node) });
  const run: Index = { value: bound.make, stride, length, guarded };
  const at = scalarPlace(of, view.offset, 0);
  if (at) return { at, index: run };
  return readShape(context, view, of, view.offset, 0, `${view.name}[]`, run, node);
}

export function readElement(context: Context, view: View, index: Value, node: ts.Node): Value {
  const element = elementOf(context, view, index, node);
  if (!("at" in element)) return element;
  return loadScalar(context, view.where, element.at, element.index ?? view.index, `${view.name}[]`, node);
}

export function writeElement(context: Context, view: View, index: Value, value: Value, node: ts.Node): void {
  const element = elementOf(context, view, index, node);
  if (!("at" in element)) return;
  storeScalar(context, view.where, element.at, element.index ?? view.index, `${view.name}[]`, value, node);
}

/** Fills a zeroed buffer from an object literal, an instance, another view or a scalar. */
export function fillBuffer(context: Context, target: View, value: Value, node: ts.Node): void {
  const seen = context.state.see(value);
  if (seen.kind === "poison") return;
  if (target.shape.kind !== "struct" && target.shape.kind !== "header" && target.shape.kind !== "overlay" && target.shape.kind !== "flags")
    return;
  const fields = target.shape.kind === "overlay" ? target.shape.views : target.shape.kind === "flags" ? [] : target.shape.fields;
  if (
    seen.kind === "view" &&
    seen.shape.kind === target.shape.kind &&
    "size" in seen.shape &&
    "size" in target.shape &&
    seen.shape.size === target.shape.size
  ) {
    copyBytes(context, target, seen, seen.shape.size, node);
    return;
  }
  for (const field of fields) {
    const given = memberOf(context, seen, field.name, node);
    if (given === undefined) continue;
    const inner = context.state.see(given);
    if (inner.kind === "known" && inner.value === undefined) continue;
    fillField(context, target, field, inner, node);
  }
}

function fillField(context: Context, target: View, field: Field, value: Value, node: ts.Node): void {
  if (scalarPlace(field.shape, 0, field.bit)) {
    storeField(context, target, field, value, node);
    return;
  }
  const inner = readField(context, target, field, node);
  if (inner.kind === "atomic") {
    storeScalar(
      context,
      inner.where,
      { scalar: wholeScalar(inner.bits, "host"), offset: inner.offset, domain: inner.bits === 64 ? "bigint" : "number" },
      inner.index,
      inner.name,
      value,
      node,
    );
  } else if (inner.kind === "view" && inner.shape.kind === "array") {
    if (value.kind === "view" && value.shape.kind === "array") copyBytes(context, inner, value, sizeOf(inner.shape), node);
    else if (value.kind === "known" && Array.isArray(value.value)) {
      value.value.forEach((element: unknown, i) => {
        writeElement(context, inner, { kind: "known", value: i }, { kind: "known", value: element }, node);
      });
    } else context.error("DP1201", node, `\`${inner.name}\` takes an array`);
  } else if (inner.kind === "view") fillBuffer(context, inner, value, node);
}

/** A field of a literal, instance or build-time object; undefined where it has none. */
function memberOf(context: Context, value: Value, name: string, node: ts.Node): Value | undefined {
  if (value.kind === "record") return value.fields.get(name);
  if (value.kind === "known" && typeof value.value === "object" && value.value !== null) {
    return { kind: "known", value: Reflect.get(value.value, name) };
  }
  if (value.kind === "view") {
    const field = fieldOf(value, name);
    return field ? readField(context, value, field, node) : undefined;
  }
  return undefined;
}

export function copyBytes(context: Context, to: View, from: View, bytes: number, node: ts.Node): void {
  const source = memoryAt(context, from.where, from.offset, bytes, node);
  const target = memoryAt(context, to.where, to.offset, bytes, node);
  if (!source || !target) return;
  context.emit({
    kind: "copyPlace",
    to: target.memory,
    toOffset: target.offset,
    from: source.memory,
    fromOffset: source.offset,
    bytes,
    span: context.span(node),
  });
}

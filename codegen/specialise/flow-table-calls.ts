/**
 * Flow tables: an entry is a pointer to its slot and a copy of what stood there at one moment. Plain fields are read from
 * the copy, atomic ones are the slot's own; what is assigned goes through the table's own update.
 */
import type { ts } from "ts-morph";
import { bitsOf, type Field, isBitSized, type Shape, type StructShape, sizeOf } from "../../dsl/core/shape.js";
import { classOf, type MapSpec } from "../../dsl/core/spec.js";
import { FlowTable } from "../../dsl/maps/flow-table.js";
import type { Buffer, ByteRange, Expr, MapDecl, Memory } from "../ir/ir.js";
import { abortUnless, fillBuffer, loadScalar, type ScalarPlace, storeScalar } from "./access.js";
import type { Context } from "./context.js";
import { keyOf, storedValue } from "./map-calls.js";
import type { FlowValue, FlowWhere, Index, Tag, Value, View } from "./values.js";
import { known, localValue, poison, undefinedValue, wholeScalar } from "./values.js";

/** Where a copy has what is not the value's: behind it, aligned. */
export function copyLayout(value: StructShape): { control: number; seen: number } {
  const control = Math.ceil(value.size / 8) * 8;
  return { control, seen: control + 8 };
}

function structOf(map: MapDecl): StructShape {
  const { value } = map.spec;
  if (value?.kind !== "struct") throw new TypeError(`${map.path} has no struct as its value`);
  return value;
}

function newFlow(context: Context, map: MapDecl): FlowWhere {
  return {
    kind: "flow",
    pointer: context.pointer(`${map.symbol}_entry`, "entry", map),
    copy: context.pointer(`${map.symbol}_copy`, "entry", copyOf(map)),
    map,
  };
}
/** A copy is nobody else's: what is known of it holds. */
const copies = new WeakMap<MapDecl, MapDecl>();
export function copyOf(map: MapDecl): MapDecl {
  const made = copies.get(map) ?? { ...map, shared: false };
  copies.set(map, made);
  return made;
}

export function callFlowTable(
  context: Context,
  live: object,
  spec: MapSpec,
  name: string,
  args: readonly Value[],
  node: ts.Node,
): Value | undefined {
  const map = context.registry.map(live, spec);
  const [key, value, options] = args;
  if (name === "get" && key) return find(context, map, key, node);
  if (name === "add" && key && value) return add(context, map, key, value, establishedOf(context, options, node) ?? false, node);
  return undefined;
}

function find(context: Context, map: MapDecl, key: Value, node: ts.Node): Value {
  const flow = newFlow(context, map);
  const buffer = keyBuffer(context, map, key, node);
  context.emit({ kind: "flowFind", pointer: flow.pointer, copy: flow.copy, map, key: buffer, span: context.span(node) });
  context.giveBuffer(buffer);
  return entryOf(context, flow).value;
}

/** The entry or undefined, told by the pointer. */
function entryOf(context: Context, where: FlowWhere): { readonly value: Value; readonly tag: Tag } {
  const present = (): Expr => ({ op: "present", pointer: where.pointer });
  const tag = context.tag(
    index => (index === 1 ? present() : { op: "not", operand: present() }),
    index => (index === 1 ? [{ kind: "proven", pointer: where.pointer, size: 1 }] : []),
  );
  return { tag, value: { kind: "choice", tag, cases: [undefinedValue, { kind: "flow", where }] } };
}

/** The verifier wants it seen that the pointer is one, where the program knows it by the outcome alone. */
function mustBeThere(context: Context, { pointer }: FlowWhere, node: ts.Node): void {
  if (context.state.isProven(pointer, 1)) return;
  abortUnless(context, { op: "present", pointer }, node);
  context.state.learn([{ kind: "proven", pointer, size: 1 }]);
}

/** The key in a buffer. A literal that is looked up and then added is built once, unless its buffer was used again. */
function keyBuffer(context: Context, map: MapDecl, key: Value, node: ts.Node): Buffer {
  const known = context.state.flowKeys.get(key);
  if (known && known.layout === map.spec.key) return known;
  const buffer = keyOf(context, map, key, node);
  if (key.kind === "record") context.state.flowKeys.set(key, buffer);
  return buffer;
}

function add(context: Context, map: MapDecl, key: Value, value: Value, established: boolean, node: ts.Node): Value {
  const flow = newFlow(context, map);
  const span = context.span(node);
  const keyWords = keyBuffer(context, map, key, node);
  const valueBuffer = storedValue(context, map, value, node);
  const outcome = context.local(`${map.symbol}_outcome`, "number", { min: 0n, max: BigInt(FlowTable.Full) });
  const { pointer, copy } = flow;
  context.emit({ kind: "flowAdd", outcome, pointer, copy, map, key: keyWords, value: valueBuffer, established, span });
  context.giveBuffer(keyWords);
  context.giveBuffer(valueBuffer);
  const entry = entryOf(context, flow);
  const tag = context.tag(
    index => ({
      op: "compare",
      operator: "==",
      left: { op: "local", local: outcome },
      right: { op: "const", domain: "number", value: BigInt(index) },
      span,
    }),
    index => [{ kind: "narrow", tag: entry.tag, cases: [index === FlowTable.New || index === FlowTable.Hit ? 1 : 0] }],
  );
  outcomes.add(tag);
  const kinds = [FlowTable.New, FlowTable.Hit, FlowTable.Busy, FlowTable.Full].map(known);
  const fields = new Map<string, Value>([
    ["outcome", { kind: "choice", tag, cases: kinds }],
    ["entry", entry.value],
  ]);
  return { kind: "record", of: undefined, fields };
}
const outcomes = new WeakSet<Tag>();
/** A table that is busy or full is a thing that happens: who adds must look at what became of it. */
export function checkHandled(context: Context, value: Value, node: ts.Node): void {
  const outcome = value.kind === "record" ? value.fields.get("outcome") : undefined;
  if (outcome?.kind !== "choice" || !outcomes.has(outcome.tag)) return;
  context.error("DP4108", node, "what became of `add` is not looked at", "const added = …; if (!added.entry) return …");
}

function establishedOf(context: Context, options: Value | undefined, node: ts.Node): boolean | undefined {
  const given =
    options?.kind === "record"
      ? context.state.see(options.fields.get("established") ?? undefinedValue)
      : options?.kind === "known" && typeof options.value === "object" && options.value !== null
        ? known(Reflect.get(options.value, "established"))
        : (options ?? undefinedValue);
  if (given.kind === "known" && (given.value === undefined || typeof given.value === "boolean")) return given.value;
  context.error("DP4107", node, "`established` must be known when the program is built", "choose with an `if` between two calls");
  return undefined;
}

/** `entry.value`, `entry.seen`, `entry.established`; undefined for everything else. */
export function flowProperty(context: Context, { where }: FlowValue, name: string, node: ts.Node): Value | undefined {
  if (name !== "value" && name !== "seen" && name !== "established") return undefined;
  mustBeThere(context, where, node);
  const shape = structOf(where.map);
  const at = copyLayout(shape);
  const copy = { kind: "entry", pointer: where.copy, map: copyOf(where.map), life: undefined } as const;
  switch (name) {
    case "value": {
      const title = where.map.path.split(".").at(-1) ?? where.map.symbol;
      return { kind: "view", shape, of: classOf(shape), where, offset: 0, bit: 0, index: undefined, name: title };
    }
    case "seen":
      return loadScalar(
        context,
        copy,
        { scalar: wholeScalar(32, "host"), offset: at.seen, domain: "number" },
        undefined,
        "flow.seen",
        node,
      );
    case "established":
      return loadScalar(
        context,
        copy,
        { scalar: { bytes: 4, order: "host", shift: 2, width: 1 }, offset: at.control, domain: "boolean" },
        undefined,
        "flow.established",
        node,
      );
  }
}

/** `entry.touch() establish() update() delete()` */
export function callFlow(context: Context, flow: FlowValue, name: string, args: readonly Value[], node: ts.Node): Value {
  const { pointer, copy, map } = flow.where;
  const span = context.span(node);
  mustBeThere(context, flow.where, node);
  const [first, second] = args;
  const mark = (what: "established" | "fresh" | "deleted"): Value => {
    const ok = context.local(`${map.symbol}_changed`, "boolean");
    context.emit({ kind: "flowMark", ok, pointer, copy, map, mark: what, span });
    return localValue(ok);
  };
  switch (name) {
    case "touch":
      context.emit({ kind: "flowTouch", pointer, copy, map, span });
      return undefinedValue;
    case "establish":
      return mark((establishedOf(context, first, node) ?? true) ? "established" : "fresh");
    case "delete":
      return mark("deleted");
    case "update":
      return first ? update(context, flow.where, first, establishedOf(context, second, node), node) : poison;
    default:
      return context.error("DP4103", node, `an entry of a flow table has no \`${name}\` in datapath code`);
  }
}

function update(context: Context, flow: FlowWhere, fields: Value, established: boolean | undefined, node: ts.Node): Value {
  const shape = structOf(flow.map);
  const given = shape.fields.filter(field => gives(context, fields, field.name));
  const buffer = context.takeBuffer(shape);
  context.emit({ kind: "clear", buffer, span: context.span(node) });
  for (const field of given) if (isBitSized(field.shape)) keepNeighbours(context, flow, buffer, field, node);
  const target: View = { ...bufferView(shape, buffer), name: `${flow.map.symbol}` };
  const only: StructShape = { ...shape, fields: given };
  const whole = fields.kind === "view" && given.length === shape.fields.length;
  fillBuffer(context, whole ? target : { ...target, shape: only }, fields, node);
  const ranges = given.flatMap(field => plainRanges(field.shape, field.offset, field.bit));
  return localValue(emitUpdate(context, flow, buffer, ranges, established, node));
}

function gives(context: Context, value: Value, name: string): boolean {
  const field =
    value.kind === "record"
      ? value.fields.get(name)
      : value.kind === "known" && typeof value.value === "object" && value.value !== null
        ? known(Reflect.get(value.value, name))
        : value.kind === "view" && "fields" in value.shape && value.shape.fields.some(each => each.name === name)
          ? known(true)
          : undefined;
  const seen = field && context.state.see(field);
  return seen !== undefined && !(seen.kind === "known" && seen.value === undefined);
}

function bufferView(shape: StructShape, buffer: Buffer): View {
  return {
    kind: "view",
    shape,
    of: undefined,
    where: { kind: "buffer", buffer },
    offset: 0,
    bit: 0,
    index: undefined,
    name: shape.name,
  };
}

/** Bits share their bytes with others, which stay as the copy has them. */
function keepNeighbours(context: Context, flow: FlowWhere, buffer: Buffer, field: Field, node: ts.Node): void {
  const [range] = plainRanges(field.shape, field.offset, field.bit);
  if (range) copyRange(context, flow, buffer, range, node);
}
function copyRange(context: Context, flow: FlowWhere, buffer: Buffer, range: ByteRange, node: ts.Node): void {
  const from: Memory = { kind: "entry", pointer: flow.copy, map: copyOf(flow.map) };
  context.emit({
    kind: "copyPlace",
    to: { kind: "buffer", buffer },
    toOffset: range.offset,
    from,
    fromOffset: range.offset,
    bytes: range.bytes,
    span: context.span(node),
  });
}

/** The bytes of a field that `update` may store: atomic fields are the slot's own, padding the table's. */
function plainRanges(shape: Shape, offset: number, bit: number): readonly ByteRange[] {
  switch (shape.kind) {
    case "atomic":
      return [];
    case "array": {
      const stride = sizeOf(shape.of);
      if (plainRanges(shape.of, 0, 0).length === 1 && sizeOf(shape.of) === plainRanges(shape.of, 0, 0)[0]?.bytes)
        return [{ offset, bytes: stride * shape.length }];
      return Array.from({ length: shape.length }, (_, i) => plainRanges(shape.of, offset + i * stride, 0)).flat();
    }
    case "struct": {
      const parts = shape.fields.map(field => plainRanges(field.shape, offset + field.offset, field.bit));
      return parts.some((part, i) => part.length === 0 || shape.fields[i]?.shape.kind === "struct")
        ? parts.flat()
        : [{ offset, bytes: shape.size }];
    }
    case "bits":
    case "flag":
    case "flags":
      return [{ offset, bytes: Math.ceil((bit + bitsOf(shape)) / 8) }];
    default:
      return [{ offset, bytes: sizeOf(shape) }];
  }
}

function emitUpdate(
  context: Context,
  flow: FlowWhere,
  value: Buffer,
  ranges: readonly ByteRange[],
  established: boolean | undefined,
  node: ts.Node,
) {
  const { pointer, copy, map } = flow;
  const ok = context.local(`${map.symbol}_updated`, "boolean");
  context.emit({ kind: "flowUpdate", ok, pointer, copy, map, value, ranges, established, span: context.span(node) });
  context.giveBuffer(value);
  return ok;
}

/** `entry.value.field = x`: an update of one field. */
export function storeThrough(
  context: Context,
  flow: FlowWhere,
  at: ScalarPlace,
  index: Index | undefined,
  name: string,
  value: Value,
  node: ts.Node,
): void {
  const shape = structOf(flow.map);
  const bytes = index ? index.stride * (index.length - 1) + at.scalar.bytes : at.scalar.bytes;
  const range: ByteRange = { offset: at.offset, bytes };
  const buffer = context.takeBuffer(shape);
  context.emit({ kind: "clear", buffer, span: context.span(node) });
  if (index || at.scalar.width !== at.scalar.bytes * 8) copyRange(context, flow, buffer, range, node);
  storeScalar(context, { kind: "buffer", buffer }, at, index, name, value, node);
  emitUpdate(context, flow, buffer, [range], undefined, node);
}

/** What a statement reads and sets besides memory: locals, pointers and buffers, each by a key of its own. */
import { type Buffer, framePointer, frontPointer, type Local, type Memory, type Pointer, type Statement } from "../ir/ir.js";
import { assigned, expressionsOf, placeOf, visitExpr } from "../ir/walk.js";

export type Thing =
  | { readonly kind: "local"; readonly local: Local }
  | { readonly kind: "pointer"; readonly pointer: Pointer }
  | { readonly kind: "buffer"; readonly buffer: Buffer };

/** Locals, pointers and buffers are numbered apart. */
export function keyOf(thing: Thing): string {
  switch (thing.kind) {
    case "local":
      return `l${thing.local.id}`;
    case "pointer":
      return `p${thing.pointer.id}`;
    case "buffer":
      return `b${thing.buffer.id}`;
  }
}

const local = (of: Local): Thing => ({ kind: "local", local: of });
const pointer = (of: Pointer): Thing => ({ kind: "pointer", pointer: of });
const buffer = (of: Buffer): Thing => ({ kind: "buffer", buffer: of });

function ofMemory(memory: Memory): Thing {
  return memory.kind === "buffer" ? buffer(memory.buffer) : pointer(memory.pointer);
}

/** What a statement needs as it was; without what stands inside it. The frame itself is everywhere. */
export function readsOf(statement: Statement): readonly Thing[] {
  const found: Thing[] = [];
  for (const expr of expressionsOf(statement)) {
    visitExpr(expr, node => {
      if (node.op === "local") found.push(local(node.local));
      if (node.op === "bounds" || node.op === "present") found.push(pointer(node.pointer));
    });
  }
  const place = placeOf(statement);
  // a store leaves the rest of a buffer as it is: whether that is read is seen where it is read
  if (place && !(statement.kind === "store" && place.memory.kind === "buffer")) found.push(ofMemory(place.memory));
  found.push(...othersOf(statement));
  return found.filter(thing => thing.kind !== "pointer" || (thing.pointer.id !== framePointer.id && thing.pointer.id !== frontPointer.id));
}

function othersOf(statement: Statement): readonly Thing[] {
  switch (statement.kind) {
    case "copyPlace":
      return statement.to.kind === "buffer" ? [ofMemory(statement.from)] : [ofMemory(statement.from), ofMemory(statement.to)];
    case "alias":
      return statement.from === "null" ? [] : [pointer(statement.from)];
    case "forget":
      return [local(statement.local)];
    case "lookup":
    case "delete":
    case "flowFind":
      return [buffer(statement.key)];
    case "update":
    case "flowAdd":
      return [buffer(statement.key), buffer(statement.value)];
    case "emit":
      return [buffer(statement.value)];
    case "flowUpdate":
      return [pointer(statement.pointer), pointer(statement.copy), buffer(statement.value)];
    case "flowMark":
    case "flowTouch":
      return [pointer(statement.pointer), pointer(statement.copy)];
    default:
      return [];
  }
}

/** What a statement sets as a whole. */
export function setBy(statement: Statement): readonly Thing[] {
  switch (statement.kind) {
    case "point":
    case "alias":
    case "lookup":
    case "element":
      return [pointer(statement.pointer)];
    case "flowFind":
      return [pointer(statement.pointer), pointer(statement.copy)];
    case "flowAdd":
      return [local(statement.outcome), pointer(statement.pointer), pointer(statement.copy)];
    case "clear":
      return [buffer(statement.buffer)];
    default: {
      const own = assigned(statement);
      return own ? [local(own)] : [];
    }
  }
}

/** The buffer that a statement writes a part of. */
export function partlySet(statement: Statement): Buffer | undefined {
  if (statement.kind === "store" && statement.place.memory.kind === "buffer") return statement.place.memory.buffer;
  return statement.kind === "copyPlace" && statement.to.kind === "buffer" ? statement.to.buffer : undefined;
}

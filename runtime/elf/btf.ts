/** BTF, the types of a program (Documentation/bpf/btf.rst): every offset, type number and chain of types in it must end. */
import type { Reader } from "./reader.js";

const MAGIC = 0xeb9f;
const HEADER = 24;
const MOST_TYPES = 1 << 16;
const MOST_MEMBERS = 1 << 14;

const Kind = {
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  function: 12,
  prototype: 13,
  variable: 14,
  section: 15,
  float: 16,
  declarationTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;

interface Type {
  readonly at: number;
  readonly kind: number;
  readonly members: number;
  /** the type that is referred to, for kinds that have one */
  readonly refers: number;
}

export interface Btf {
  readonly strings: Reader;
  readonly types: number;
}

/** @throws {MalformedError} */
export function checkBtf(btf: Reader): Btf {
  if (btf.u16(0) !== MAGIC || btf.u8(2) !== 1 || btf.u8(3) !== 0) throw btf.error("is not BTF of version 1");
  const header = btf.u32(4);
  if (header !== HEADER) throw btf.error(`has a header of ${header} bytes`);
  const [typeStart, typeSize, stringStart, stringSize] = [btf.u32(8), btf.u32(12), btf.u32(16), btf.u32(20)];
  if (typeStart % 4 !== 0 || typeStart + typeSize > stringStart) throw btf.error("has types behind its strings");
  const body = btf.part(header, btf.size - header, "the body of .BTF");
  const types = body.part(typeStart, typeSize, "the types of .BTF");
  const strings = body.part(stringStart, stringSize, "the strings of .BTF");
  if (strings.size === 0 || strings.u8(0) !== 0 || strings.u8(strings.size - 1) !== 0)
    throw strings.error("do not begin and end with a zero byte");

  const list = readTypes(types, strings);
  for (const [id, type] of list.entries()) if (id > 0) checkReferences(types, strings, list, type);
  checkChains(types, list);
  return { strings, types: list.length };
}

/** Bytes behind a type's own twelve. */
function extraSize(kind: number, members: number, types: Reader, at: number): number {
  switch (kind) {
    case Kind.int:
    case Kind.variable:
    case Kind.declarationTag:
      return 4;
    case Kind.array:
      return 12;
    case Kind.struct:
    case Kind.union:
    case Kind.section:
    case Kind.enum64:
      return 12 * members;
    case Kind.enum:
    case Kind.prototype:
      return 8 * members;
    case Kind.pointer:
    case Kind.forward:
    case Kind.typedef:
    case Kind.volatile:
    case Kind.const:
    case Kind.restrict:
    case Kind.function:
    case Kind.float:
    case Kind.typeTag:
      return 0;
    default:
      throw types.error(`have kind ${kind} at ${at}`);
  }
}

function readTypes(types: Reader, strings: Reader): Type[] {
  // Type 0 is void and has no record.
  const list: Type[] = [{ at: -1, kind: 0, members: 0, refers: 0 }];
  for (let at = 0; at < types.size; ) {
    strings.text(types.u32(at));
    const info = types.u32(at + 4);
    const kind = (info >>> 24) & 0x1f;
    const members = info & 0xffff;
    if (members > MOST_MEMBERS || list.length > MOST_TYPES) throw types.error("have more members or records than is likely");
    list.push({ at, kind, members, refers: refers(kind) ? types.u32(at + 8) : 0 });
    at += 12 + extraSize(kind, members, types, at);
    if (at > types.size) throw types.error("end inside a record");
  }
  return list;
}

function refers(kind: number): boolean {
  const kinds: readonly number[] = [
    Kind.pointer,
    Kind.typedef,
    Kind.volatile,
    Kind.const,
    Kind.restrict,
    Kind.function,
    Kind.prototype,
    Kind.variable,
    Kind.declarationTag,
    Kind.typeTag,
  ];
  return kinds.includes(kind);
}

function checkReferences(types: Reader, strings: Reader, list: readonly Type[], type: Type): void {
  const known = (id: number): void => {
    if (id >= list.length) throw types.error(`refer to type ${id} of ${list.length}`);
  };
  const kindOf = (id: number): number => list[id]?.kind ?? 0;
  known(type.refers);
  const extra = type.at + 12;
  switch (type.kind) {
    case Kind.function:
      if (kindOf(type.refers) !== Kind.prototype) throw types.error(`have a function at ${type.at} without a prototype`);
      return;
    case Kind.int: {
      const bits = types.u32(extra) & 0xff;
      if (bits > 128 || types.u32(type.at + 8) > 16) throw types.error(`have an integer of ${bits} bits`);
      return;
    }
    case Kind.array:
      known(types.u32(extra));
      known(types.u32(extra + 4));
      return;
    case Kind.struct:
    case Kind.union:
      for (let i = 0; i < type.members; i++) {
        strings.text(types.u32(extra + 12 * i));
        known(types.u32(extra + 12 * i + 4));
      }
      return;
    case Kind.enum:
      for (let i = 0; i < type.members; i++) strings.text(types.u32(extra + 8 * i));
      return;
    case Kind.enum64:
      for (let i = 0; i < type.members; i++) strings.text(types.u32(extra + 12 * i));
      return;
    case Kind.prototype:
      for (let i = 0; i < type.members; i++) {
        strings.text(types.u32(extra + 8 * i));
        known(types.u32(extra + 8 * i + 4));
      }
      return;
    case Kind.section: {
      const size = types.u32(type.at + 8);
      for (let i = 0; i < type.members; i++) {
        const id = types.u32(extra + 12 * i);
        known(id);
        if (kindOf(id) !== Kind.variable && kindOf(id) !== Kind.function)
          throw types.error(`have type ${id} as a variable, which it is not`);
        const [start, length] = [types.u32(extra + 12 * i + 4), types.u32(extra + 12 * i + 8)];
        // clang leaves a section's size at 0 for the loader to fill in.
        if (size !== 0 && start + length > size) throw types.error("have a variable outside of its section");
      }
      return;
    }
    default:
      return;
  }
}

/** What libbpf follows without counting: a type that holds itself would never end. Pointers may go round. */
function held(types: Reader, type: Type): number[] {
  const extra = type.at + 12;
  switch (type.kind) {
    case Kind.typedef:
    case Kind.volatile:
    case Kind.const:
    case Kind.restrict:
    case Kind.typeTag:
    case Kind.variable:
    case Kind.declarationTag:
      return [type.refers];
    case Kind.array:
      return [types.u32(extra), types.u32(extra + 4)];
    case Kind.struct:
    case Kind.union:
      return Array.from({ length: type.members }, (_, i) => types.u32(extra + 12 * i + 4));
    default:
      return [];
  }
}

const DEEPEST = 64;

function checkChains(types: Reader, list: readonly Type[]): void {
  const depths = new Map<number, number>();
  const visit = (id: number, above: number): number => {
    const known = depths.get(id);
    if (known === -1 || above > DEEPEST) throw types.error(`have type ${id}, which holds itself or is nested too deeply`);
    if (known !== undefined) return known;
    depths.set(id, -1);
    const type = list[id];
    let depth = 0;
    if (type && id > 0) for (const inner of held(types, type)) depth = Math.max(depth, 1 + visit(inner, above + 1));
    if (depth > DEEPEST) throw types.error(`have type ${id}, which is nested too deeply`);
    depths.set(id, depth);
    return depth;
  };
  for (let id = 1; id < list.length; id++) visit(id, 0);
}

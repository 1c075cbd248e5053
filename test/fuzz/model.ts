/** What a generated program declares: fields, structs, headers, maps, methods. The generator's own account of them. */
import { flavoured, topOf, truth, type Value, value, type Width, whole } from "./value.js";

export type Field =
  | { readonly name: string; readonly type: "int"; readonly bits: Width; readonly network: boolean }
  | { readonly name: string; readonly type: "bits"; readonly width: number }
  | { readonly name: string; readonly type: "flag" }
  | { readonly name: string; readonly type: "flags"; readonly names: readonly string[] }
  | { readonly name: string; readonly type: "bool" }
  | { readonly name: string; readonly type: "array"; readonly bits: Width; readonly length: number }
  | { readonly name: string; readonly type: "overlay"; readonly views: readonly Field[] }
  | { readonly name: string; readonly type: "nested"; readonly struct: Layout }
  | { readonly name: string; readonly type: "atomic"; readonly bits: 32 | 64 };

/** A struct or a header. */
export interface Layout {
  readonly name: string;
  readonly fields: readonly Field[];
  /** getters that the class adds, by their value */
  readonly getters?: readonly { readonly name: string; readonly value: Value }[];
}

export interface Header extends Layout {
  /** bytes of the fixed part */
  readonly size: number;
  /** fields that a program must leave alone: checksums, and what tells how long the header is */
  readonly fixed: readonly string[];
}

/** A readable scalar of a view: `flags.syn`, `low`, `data[2]`. */
export interface Scalar {
  readonly path: string;
  readonly value: Value;
  readonly bits: number;
  readonly field: Field;
}

/** Every scalar of a layout, arrays by their constant indexes; atomics are none. */
export function scalarsOf(layout: Layout, prefix = ""): readonly Scalar[] {
  return layout.fields.flatMap(field => scalarsOfField(field, `${prefix}${field.name}`));
}

function scalarsOfField(field: Field, path: string): readonly Scalar[] {
  switch (field.type) {
    case "int":
      return [{ path, value: whole(field.bits), bits: field.bits, field }];
    case "bits":
      return [{ path, value: flavoured(value("number", 0n, topOf(field.width)), 32), bits: field.width, field }];
    case "flag":
    case "bool":
      return [{ path, value: truth, bits: 1, field }];
    case "flags": {
      const bits = field.names.length;
      const whole: Scalar = { path: `${path}.value`, value: flavoured(value("number", 0n, topOf(bits)), 32), bits, field };
      return [...field.names.map(name => ({ path: `${path}.${name}`, value: truth, bits: 1, field })), whole];
    }
    case "array":
      return Array.from({ length: field.length }, (_, i) => ({ path: `${path}[${i}]`, value: whole(field.bits), bits: field.bits, field }));
    case "overlay":
      return scalarsOf({ name: path, fields: field.views }, `${path}.`);
    case "nested":
      return scalarsOf(field.struct, `${path}.`);
    case "atomic":
      return [];
  }
}

export function arraysOf(layout: Layout, prefix = ""): readonly { path: string; bits: Width; length: number }[] {
  return layout.fields.flatMap(field => {
    const path = `${prefix}${field.name}`;
    if (field.type === "array") return [{ path, bits: field.bits, length: field.length }];
    if (field.type === "overlay") return arraysOf({ name: path, fields: field.views }, `${path}.`);
    if (field.type === "nested") return arraysOf(field.struct, `${path}.`);
    return [];
  });
}

export function atomicsOf(layout: Layout): readonly { path: string; bits: 32 | 64 }[] {
  return layout.fields.flatMap(field => (field.type === "atomic" ? [{ path: field.name, bits: field.bits }] : []));
}

/** The schema as the program writes it. */
export function schemaText(field: Field): string {
  switch (field.type) {
    case "int":
      return field.network ? `net(u${field.bits})` : `u${field.bits}`;
    case "bits":
      return `bits(${field.width})`;
    case "flag":
      return "flag";
    case "flags":
      return `flags(${field.names.map(name => JSON.stringify(name)).join(", ")})`;
    case "bool":
      return "bool";
    case "array":
      return `array(u${field.bits}, ${field.length})`;
    case "overlay":
      return `overlay(${fieldsText(field.views)})`;
    case "nested":
      return field.struct.name;
    case "atomic":
      return `atomic(u${field.bits})`;
  }
}

export function fieldsText(fields: readonly Field[]): string {
  return `{ ${fields.map(field => `${field.name}: ${schemaText(field)}`).join(", ")} }`;
}

export type MapKind =
  | "hashMap"
  | "lruHashMap"
  | "perCpuHashMap"
  | "perCpuLruHashMap"
  | "lpmTrie"
  | "prefixTable"
  | "flowTable"
  | "arrayMap"
  | "perCpuArrayMap"
  | "scratch"
  | "counter"
  | "devMap"
  | "events";

/** What a map's key or value is: one integer, or a struct. */
export type Content = { readonly type: "int"; readonly bits: Width } | { readonly type: "struct"; readonly struct: Layout };

export interface MapModel {
  readonly kind: MapKind;
  readonly name: string;
  readonly key: Content | undefined;
  readonly value: Content | undefined;
  readonly entries: number;
  /** events: bytes of the packet that one may carry */
  readonly capture?: number;
}

export function isHashed(kind: MapKind): boolean {
  return kind === "hashMap" || kind === "lruHashMap" || kind === "perCpuHashMap" || kind === "perCpuLruHashMap";
}

/** Whether other CPUs write the map's entries: then no fact about a field of it lasts. */
export function isShared(kind: MapKind): boolean {
  return kind === "hashMap" || kind === "lruHashMap" || kind === "arrayMap" || kind === "lpmTrie";
}

/** What a call of a method or function may do beside its result. */
export interface Effects {
  readonly movesPacket: boolean;
  readonly writesPacket: boolean;
  /** maps whose views it ends */
  readonly endsMaps: readonly string[];
}
export const pure: Effects = { movesPacket: false, writesPacket: false, endsMaps: [] };

export interface Callable {
  /** `this.adjust`, `mix`, `this.options.pick` */
  readonly text: string;
  readonly parameters: readonly Value[];
  readonly takesPacket: boolean;
  readonly result: Result;
  readonly effects: Effects;
}

export type Result =
  | { readonly type: "value"; readonly value: Value }
  | { readonly type: "optional"; readonly value: Value }
  | { readonly type: "object"; readonly fields: readonly { readonly name: string; readonly value: Value }[] }
  | { readonly type: "void" }
  /** `Verdict | undefined` */
  | { readonly type: "verdict" }
  /** a class of the program, or a verdict */
  | { readonly type: "evidence"; readonly name: string; readonly fields: readonly { readonly name: string; readonly value: Value }[] };

export function typeText(of: Value): string {
  if (of.kind === "boolean") return "boolean";
  if (of.kind === "wide") return "u128";
  if (of.kind === "bigint") return "u64";
  if (of.min < 0n) return "number";
  for (const bits of [8, 16, 32, 48] as const) if (of.max <= topOf(bits)) return `u${bits}`;
  return "number";
}

/** The value that a declared type admits; `number` itself is not used for declarations. */
export function declared(bits: Width | 1): Value {
  return bits === 1 ? truth : whole(bits);
}

/** The maps, variables and drops of a pipeline as they are reached: what no hook reaches is not in the program. */
import { layOut, type Shape, type StructShape } from "../../dsl/core/shape.js";
import { type MapSpec, specOf, type TargetSpec, type VariableSpec } from "../../dsl/core/spec.js";
import type { MapDecl, Span, VariableDecl } from "../ir/ir.js";
import { cName } from "./context.js";

export interface Drop {
  readonly reason: string;
  /** path of the block, "" for the pipeline */
  readonly block: string;
  readonly span: Span;
}

export class Registry {
  /** path of every object that the pipeline's instance reaches, from its fields */
  readonly #paths: ReadonlyMap<object, string>;
  readonly maps = new Map<object, MapDecl>();
  readonly variables = new Map<object, VariableDecl>();
  readonly drops: Drop[] = [];
  /** device maps that a verdict floods to, in order of their numbers */
  readonly floods: MapDecl[] = [];
  /** the actions of all verdicts that are made, see verdict.ts */
  readonly actions = new Set<number>();
  readonly #deviceHooks = new Map<MapDecl, boolean>();
  readonly #dropIndex = new Map<string, number>();
  readonly #symbols = new Set<string>();
  readonly #layouts = new Map<Shape, StructShape>();

  constructor(paths: ReadonlyMap<object, string>) {
    this.#paths = paths;
  }

  pathOf(live: object): string | undefined {
    return this.#paths.get(live);
  }

  map(live: object, spec: MapSpec): MapDecl {
    const known = this.maps.get(live);
    if (known) return known;
    const path = this.#mapPath(live, spec);
    const shared =
      spec.kind === "hash" || spec.kind === "lruHash" || spec.kind === "lpmTrie" || spec.kind === "array" || spec.kind === "flowTable";
    const decl = { symbol: this.#symbol(spec.kind === "flowTable" ? shortName(path) : path), path, spec, shared };
    this.maps.set(live, decl);
    const from = spec.madeFrom && specOf(spec.madeFrom);
    if (spec.madeFrom && from?.what === "map") this.map(spec.madeFrom, from);
    return decl;
  }

  /** A prefix table is known by its own name, and what is made from it hidden. */
  #mapPath(live: object, spec: MapSpec): string {
    const path = this.#paths.get(live) ?? `map${this.maps.size}`;
    if (spec.kind === "prefixTable") return path.slice(0, Math.max(0, path.lastIndexOf("."))) || path;
    return spec.madeFrom ? `:${path}` : path;
  }

  variable(live: object, spec: VariableSpec | TargetSpec, span: Span): VariableDecl {
    const known = this.variables.get(live);
    if (known) return known;
    const boolean = spec.shape.kind === "bool";
    const bits = spec.shape.kind === "int" ? spec.shape.bits : 8;
    const path = this.#paths.get(live) ?? (spec.what === "target" ? spec.name : `value${this.variables.size}`);
    const range = spec.what === "target" ? (spec.range ?? { min: 0n, max: (1n << BigInt(bits)) - 1n }) : { min: spec.min, max: spec.max };
    const decl: VariableDecl = {
      symbol: this.#symbol(spec.what === "target" ? spec.name : path),
      path,
      what: spec.what,
      bits,
      boolean,
      range,
      initial: spec.what === "target" ? (spec.initial ?? 0n) : spec.initial,
      target: spec.what === "target" ? spec.name : undefined,
      span,
    };
    if (spec.what === "target") {
      for (const other of this.variables.values()) if (other.target === spec.name) return other;
    }
    this.variables.set(live, decl);
    return decl;
  }

  /** The number of a place that drops: the same place in the same block is one, however often it is unrolled. */
  drop(reason: string, block: string, span: Span): number {
    const key = `${block}\n${reason}\n${span.file}:${span.line}:${span.column}`;
    const known = this.#dropIndex.get(key);
    if (known !== undefined) return known;
    this.drops.push({ reason, block, span });
    this.#dropIndex.set(key, this.drops.length - 1);
    return this.drops.length - 1;
  }

  /** A key or value that is one scalar, as a struct of one field, so that buffers are structs alone. */
  layout(shape: Shape, name: string): StructShape {
    if (shape.kind === "struct") return shape;
    const known = this.#layouts.get(shape);
    if (known) return known;
    const { fields, size, align } = layOut([["value", shape]], false);
    const layout: StructShape = { kind: "struct", name, fields, size, align };
    this.#layouts.set(shape, layout);
    return layout;
  }

  /** Has the program know which end of a veth it is at: turning a packet round depends on it. */
  usePosition(): void {
    const range = { min: 0n, max: 1n };
    this.variables.set(this.#position, {
      symbol: "position",
      path: "position",
      what: "target",
      bits: 8,
      boolean: false,
      range,
      initial: 0n,
      target: "position",
      span: undefined,
    });
  }
  readonly #position = {};

  /** Whether a device map is used by one kind of hook alone, as the kernel wants it. */
  keepsDevices(map: MapDecl, onTc: boolean): boolean {
    const known = this.#deviceHooks.get(map);
    if (known === undefined) this.#deviceHooks.set(map, onTc);
    return known === undefined || known === onTc;
  }

  /** The number by which a flood verdict names its map. */
  floodIndex(map: MapDecl): number {
    const at = this.floods.indexOf(map);
    if (at >= 0) return at;
    this.floods.push(map);
    return this.floods.length - 1;
  }

  #symbol(path: string): string {
    const base = cName(path) || "map";
    let symbol = base;
    for (let i = 2; this.#symbols.has(symbol); i++) symbol = `${base}_${i}`;
    this.#symbols.add(symbol);
    return symbol;
  }
}

/**
 * A flow table is a section `.bss.NAME` of the object, and libbpf calls its map by the first 15 characters of that: what the
 * name begins with must tell tables apart, with a number behind it.
 */
function shortName(path: string): string {
  return cName(path.split(".").at(-1) ?? path).slice(0, 8);
}

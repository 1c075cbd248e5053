/** What a translation says of itself, as the manifest has it. */
import { type Shape, sizeOf } from "../../dsl/core/shape.js";
import type { MapDecl, Span } from "../ir/ir.js";
import { partsMap } from "../print/cuts.js";
import { flowSection } from "../print/flow-table.js";
import type { PlacedVariable } from "../print/variables.js";
import type { Translation } from "../translate.js";
import { featuresOf } from "./features.js";
import type { DropSite, LineEntry, MapEntry, SourcePlace, TargetValue, Variable } from "./manifest.js";
import type { ManifestDraft } from "./seal.js";

export function draftManifest(translation: Translation, name: string, compiler: string): ManifestDraft {
  const { programs, registry, printed } = translation;
  const drops: DropSite[] = registry.drops.map(drop => ({ reason: drop.reason, block: drop.block, source: placeOf(drop.span) }));
  const counts = printed.code.includes('} drops SEC(".maps")');
  const maps = printed.maps.map(mapEntry);
  return {
    format: 1,
    name,
    compiler,
    hooks: programs.map(({ hook, name: program, parts }) => ({
      hook,
      program,
      section: hook === "xdp" ? "xdp" : "tc",
      ...(parts.length > 0 && { parts: { map: partsMap(program), programs: parts } }),
    })),
    params: printed.variables.params.map(variableEntry),
    settings: printed.variables.settings.map(variableEntry),
    target: printed.variables.target.flatMap(targetEntry),
    maps: counts ? [...maps, dropMap(drops.length + 1)] : maps,
    drops,
    lines: lineEntries(printed.lines),
    features: featuresOf(translation),
  };
}

function placeOf(span: Span): SourcePlace {
  return { file: span.file, line: span.line, column: span.column };
}

function variableEntry({ variable, offset, size }: PlacedVariable): Variable {
  return {
    path: variable.path,
    bits: variable.bits,
    boolean: variable.boolean,
    offset,
    size,
    initial: String(variable.initial),
    min: String(variable.range.min),
    max: String(variable.range.max),
    source: variable.span ? placeOf(variable.span) : { file: "", line: 0, column: 0 },
  };
}

function targetEntry({ variable, offset, size }: PlacedVariable): TargetValue[] {
  switch (variable.target) {
    case "address":
    case "address6":
    case "gateway":
    case "mac":
    case "ifindex":
    case "mtu":
    case "ticksPerSecond":
    case "position":
      return [{ name: variable.target, offset, size }];
    default:
      return [];
  }
}

const index: Shape = { kind: "int", bits: 32, order: "host" };
const packets: Shape = { kind: "int", bits: 64, order: "host" };

function mapEntry(map: MapDecl): MapEntry {
  const { spec } = map;
  const ring = spec.kind === "ring";
  // an array's elements are zero before anything is put there
  const given = [...spec.entries()].filter(([, value]) => spec.kind !== "array" || value.some(byte => byte !== 0));
  const initial = given.map(([key, value]) => ({ key: base64(key), value: base64(value) }));
  return {
    path: map.path,
    symbol: spec.kind === "flowTable" ? flowSection(map) : map.symbol,
    kind: spec.kind,
    key: ring ? undefined : spec.key,
    value: spec.value,
    keySize: ring ? 0 : spec.flow ? 4 : sizeOf(spec.key ?? index),
    valueSize: spec.flow ? spec.flow.size : spec.kind === "devMap" ? 4 : spec.value ? sizeOf(spec.value) : 0,
    maxEntries: spec.maxEntries,
    scope: spec.scope,
    shared: spec.shared,
    expires: spec.expires ? { field: spec.expires.field, after: String(spec.expires.after) } : undefined,
    ...(spec.states && { states: spec.states }),
    initial: ring || spec.kind === "counter" || spec.kind === "scratch" || spec.flow ? [] : initial,
    ...(spec.flow && { flow: spec.flow }),
  };
}

function dropMap(slots: number): MapEntry {
  return {
    path: ":drops",
    symbol: "drops",
    kind: "perCpuArray",
    key: index,
    value: packets,
    keySize: 4,
    valueSize: 8,
    maxEntries: slots,
    scope: "pipeline",
    shared: undefined,
    expires: undefined,
    initial: [],
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** One entry where the place changes; a line without belongs to the one before. */
function lineEntries(lines: readonly { readonly line: number; readonly span: Span }[]): LineEntry[] {
  const entries: LineEntry[] = [];
  let last = "";
  for (const { line, span } of lines) {
    const key = `${span.file}:${span.line}:${span.column}`;
    if (key === last) continue;
    last = key;
    entries.push({ line, source: placeOf(span) });
  }
  return entries;
}

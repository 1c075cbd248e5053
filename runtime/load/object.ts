/** Loads a bundle's object: maps made or reused, params frozen, programs verified. */
import type { HookEntry, HookName, Manifest, MapEntry } from "../../codegen/bundle/manifest.js";
import { DatapathError } from "../errors.js";
import { beginFlowTable, type FlowTableStart } from "../maps/flow-table.js";
import { Descriptor } from "../native/descriptor.js";
import { type ElfObject, isNativeError, type KernelMap, native } from "../native/index.js";
import { PARAMS, SETTINGS, sectionBytes, TARGET, type Values } from "./sections.js";
import { loadError } from "./verifier.js";

export interface LoadOptions {
  readonly params?: Values;
  readonly settings?: Values;
  /** the whole of `.rodata.target` */
  readonly target?: (size: number) => Uint8Array;
  /** how new flow tables begin; as this machine wants it if left out */
  readonly flowTables?: FlowTableStart;
  /** descriptors of maps to use in place of new ones, by the ELF's map name; they stay the caller's */
  readonly reuse?: ReadonlyMap<string, number>;
  /** the hooks to load; all if left out */
  readonly hooks?: readonly HookName[];
  /** 0: a log only of failures; 1: of every step; 2: with the registers' state */
  readonly logLevel?: 0 | 1 | 2;
}

/** What was loaded. Closing it lets go of everything that is not pinned or attached. */
export interface LoadedObject {
  readonly programs: ReadonlyMap<HookName, Descriptor>;
  /** what goes on behind a hook's program that is split: its array, and the programs in it, in order */
  readonly parts: ReadonlyMap<HookName, { readonly array: KernelMap; readonly programs: readonly Descriptor[] }>;
  /** by the ELF's map name, data sections included */
  readonly maps: ReadonlyMap<string, KernelMap>;
  readonly log: string;
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Loads `object`, which must have passed `checkElf`.
 * @throws {DatapathError} DP6002, DP6011, DP6013, DP6014, DP6015
 */
export function loadObject(object: Uint8Array, manifest: Manifest, options: LoadOptions = {}): LoadedObject {
  const elf = open(object, manifest);
  const owned: { close(): void }[] = [];
  try {
    prepare(elf, manifest, options);
    const log = load(elf, object, manifest, options);
    const maps = new Map<string, KernelMap>();
    for (const { name } of elf.maps()) {
      const map = new (native().KernelMap)(elf.mapFd(name));
      owned.push(map);
      maps.set(name, map);
    }
    const programs = new Map<HookName, Descriptor>();
    for (const entry of wanted(manifest, options)) {
      const program = new Descriptor(elf.programFd(entry.program));
      owned.push(program);
      programs.set(entry.hook, program);
    }
    const parts = fillParts(elf, manifest, maps, options);
    for (const one of parts.values()) owned.push(...one.programs);
    fill(manifest, maps, options);
    const close = (): void => {
      for (const one of owned) one.close();
    };
    return { programs, parts, maps, log, close, [Symbol.dispose]: close };
  } catch (error) {
    for (const one of owned) one.close();
    throw error;
  } finally {
    elf.close();
  }
}

function open(object: Uint8Array, manifest: Manifest): ElfObject {
  try {
    return new (native().ElfObject)(object, manifest.name);
  } catch (error) {
    if (isNativeError(error)) throw new DatapathError("DP6004", `${error.message} ${error.log ?? ""}`.trim(), { cause: error });
    throw error;
  }
}

function wanted(manifest: Manifest, options: LoadOptions): Manifest["hooks"] {
  return manifest.hooks.filter(entry => !options.hooks || options.hooks.includes(entry.hook));
}

/** linux/bpf.h, BPF_MAP_TYPE_PROG_ARRAY */
const PROG_ARRAY = 3;

/** A hook's programs in the object, the one that is attached first. */
function programsOf({ program, parts }: HookEntry): readonly string[] {
  return [program, ...(parts?.programs ?? [])];
}

/** The kernel empties an array of programs once nobody holds it any more: neither a descriptor nor a pin. */
function fillParts(elf: ElfObject, manifest: Manifest, maps: ReadonlyMap<string, KernelMap>, options: LoadOptions): LoadedObject["parts"] {
  const filled = new Map<HookName, { readonly array: KernelMap; readonly programs: readonly Descriptor[] }>();
  for (const { hook, parts } of wanted(manifest, options)) {
    const array = parts && maps.get(parts.map);
    if (!parts || !array) continue;
    const programs = parts.programs.map((name, slot) => {
      const program = new Descriptor(elf.programFd(name));
      array.update(number(slot), number(program.fd), 0);
      return program;
    });
    filled.set(hook, { array, programs });
  }
  return filled;
}

function number(value: number): Uint8Array {
  return Uint8Array.of(value, value >> 8, value >> 16, value >> 24);
}

function prepare(elf: ElfObject, manifest: Manifest, options: LoadOptions): void {
  const programs = new Set(elf.programs().map(program => program.name));
  const maps = new Map(elf.maps().map(map => [map.name, map]));
  for (const entry of manifest.hooks) {
    for (const program of programsOf(entry)) {
      if (!programs.has(program)) throw new DatapathError("DP6002", `the manifest names program ${program}, the object has none such`);
    }
    if (!entry.parts) continue;
    const array = maps.get(entry.parts.map);
    if (array?.type !== PROG_ARRAY || array.maxEntries !== entry.parts.programs.length)
      throw new DatapathError(
        "DP6002",
        `the manifest names ${entry.parts.map} for the parts of ${entry.program}, the object has none such`,
      );
  }
  for (const entry of manifest.maps) {
    const map = maps.get(entry.symbol);
    if (!map) throw new DatapathError("DP6002", `the manifest names map ${entry.symbol}, the object has none such`);
    if (entry.kind !== "ring" && (map.keySize !== entry.keySize || map.valueSize !== entry.valueSize)) {
      throw new DatapathError("DP6002", `map ${entry.symbol} has other sizes in the manifest than in the object`);
    }
  }
  const chosen = new Set(wanted(manifest, options).flatMap(programsOf));
  for (const name of programs) elf.setAutoload(name, chosen.has(name));

  const reuse = options.reuse ?? new Map<string, number>();
  for (const [name, fd] of reuse) if (maps.has(name)) elf.reuseMap(name, fd);
  const none: Values = new Map();
  const params = maps.get(PARAMS);
  if (params) elf.setInitial(PARAMS, sectionBytes(manifest.params, params.valueSize, options.params ?? none));
  const settings = maps.get(SETTINGS);
  if (settings && !reuse.has(SETTINGS))
    elf.setInitial(SETTINGS, sectionBytes(manifest.settings, settings.valueSize, options.settings ?? none));
  const target = maps.get(TARGET);
  if (target && options.target) elf.setInitial(TARGET, options.target(target.valueSize));
}

function load(elf: ElfObject, object: Uint8Array, manifest: Manifest, options: LoadOptions): string {
  try {
    return elf.load(options.logLevel ?? 0);
  } catch (error) {
    if (isNativeError(error)) throw loadError(error, object, manifest);
    throw error;
  }
}

/** Entries that the build put in, into maps that are new. */
function fill(manifest: Manifest, maps: ReadonlyMap<string, KernelMap>, { reuse: reused, flowTables }: LoadOptions): void {
  for (const entry of manifest.maps) {
    const map = maps.get(entry.symbol);
    if (map && entry.flow) beginFlowTable(map, entry.flow, reused?.has(entry.symbol) === true, flowTables);
    if (!map || reused?.has(entry.symbol)) continue;
    for (const { key, value } of entry.initial)
      map.update(Buffer.from(key, "base64"), everySlot(map, entry, Buffer.from(value, "base64")), 0);
  }
}

/** Per-CPU maps begin with the same value on every processor. */
function everySlot(map: KernelMap, entry: MapEntry, value: Uint8Array): Uint8Array {
  const { slots } = map.info();
  if (slots === 1) return value;
  const stride = Math.ceil(entry.valueSize / 8) * 8;
  const bytes = new Uint8Array(stride * slots);
  for (let slot = 0; slot < slots; slot++) bytes.set(value, slot * stride);
  return bytes;
}

/** Makes the next generation: everything loaded, verified and pinned, nothing attached yet. */
import { dirname } from "node:path";
import type { Manifest, MapEntry } from "../../codegen/bundle/manifest.js";
import { DatapathError } from "../errors.js";
import { type LoadedObject, loadObject } from "../load/object.js";
import { readInteger, SETTINGS, type Values } from "../load/sections.js";
import { Descriptor } from "../native/descriptor.js";
import { type KernelMap, native } from "../native/index.js";
import { targetBytes } from "../target/values.js";
import { carryDrops, DROPS_PATH, sameDrops } from "./drops.js";
import { type Generation, hooksOf, openProgram } from "./generation.js";
import type { Layout } from "./layout.js";
import { type RecordedTarget, writeManifest, writeTarget } from "./record.js";
import { sameVariables, schemaChange } from "./schema.js";
import { sharedPin, shareMap } from "./shared.js";
import { exists, makeFolder } from "./tree.js";

/** The settings' section is pinned like a map, under a path that no map of a user can have. */
export const SETTINGS_PATH = ":settings";

export interface Blueprint {
  readonly number: number;
  readonly manifest: Manifest;
  readonly object: Uint8Array;
  readonly targets: ReadonlyMap<string, RecordedTarget>;
  /** settings given anew; all others keep their live values */
  readonly settings: Values;
  /** paths of maps that begin empty */
  readonly reset: ReadonlySet<string>;
}

/**
 * Fills the folder of the generation.
 * @throws {DatapathError} 6xxx, DP7006 where a map cannot be kept as it is
 */
export function buildGeneration(layout: Layout, current: Generation | undefined, blueprint: Blueprint): void {
  const { number, manifest } = blueprint;
  refuseChanges(current, blueprint);
  makeFolder(layout.generation(number));
  writeManifest(layout.manifest(number), manifest);
  const builder = new Builder(layout, current, blueprint);
  try {
    for (const [id, recorded] of blueprint.targets) builder.add(id, recorded);
  } finally {
    builder.close();
  }
}

function refuseChanges(current: Generation | undefined, { manifest, reset }: Blueprint): void {
  for (const path of reset) {
    if (!manifest.maps.some(map => map.path === path)) throw new DatapathError("DP6007", `"${path}" in pipeline ${manifest.name}`);
  }
  if (!current) return;
  const changes: string[] = [];
  for (const map of manifest.maps) {
    const old = current.manifest.maps.find(one => one.path === map.path);
    if (!old || reset.has(map.path) || isOwn(map)) continue;
    const change = old.scope === map.scope ? schemaChange(old, map) : `its scope was ${old.scope} and is to be ${map.scope}`;
    if (change) changes.push(`${map.path} (${change})`);
  }
  if (changes.length === 0) return;
  throw new DatapathError("DP7006", `${manifest.name}: ${changes.join("; ")}`, {
    hint: `to begin with ${changes.length === 1 ? "it" : "them"} empty, attach with ${changes.map(change => `--reset-map ${change.split(" ")[0]}`).join(" ")}`,
  });
}

/** The compiler's own maps (`:drops`) hold nothing that a change of layout would make worth refusing. */
function isOwn(map: MapEntry): boolean {
  return map.path.startsWith(":");
}

/** Whether all targets have the map in common; those that pipelines share are. */
export function isPipelineWide(map: MapEntry): boolean {
  return map.scope === "pipeline" || map.shared !== undefined;
}

class Builder {
  readonly #layout: Layout;
  readonly #current: Generation | undefined;
  readonly #blueprint: Blueprint;
  /** maps of the pipeline by the ELF's name: the current generation's where they go on, else the first target's */
  readonly #pipeline = new Map<string, Descriptor>();
  readonly #loaded = new Map<string, LoadedObject>();
  readonly #keepsPrograms: boolean;

  constructor(layout: Layout, current: Generation | undefined, blueprint: Blueprint) {
    this.#layout = layout;
    this.#current = current;
    this.#blueprint = blueprint;
    this.#keepsPrograms = current?.manifest.hash === blueprint.manifest.hash && blueprint.reset.size === 0;
    const { manifest, reset } = blueprint;
    for (const map of manifest.maps)
      this.#take(this.#pipeline, map.symbol, sharedPin(layout.root, map, layout.pipeline, reset.has(map.path)));
    if (!current) return;
    for (const map of manifest.maps)
      if (isPipelineWide(map)) this.#take(this.#pipeline, map.symbol, this.#kept(map, layout.map(current.number, map.path)));
    if (sameVariables(current.manifest.settings, manifest.settings))
      this.#take(this.#pipeline, SETTINGS, layout.map(current.number, SETTINGS_PATH));
  }

  close(): void {
    for (const map of this.#pipeline.values()) map.close();
    for (const loaded of this.#loaded.values()) loaded.close();
  }

  add(id: string, recorded: RecordedTarget): void {
    const { number } = this.#blueprint;
    const layout = this.#layout;
    makeFolder(layout.target(number, id));
    writeTarget(layout.targetRecord(number, id), recorded);
    const donor = this.#donor(id, recorded);
    if (this.#current && donor !== undefined) this.#carry(this.#current, donor, id);
    else this.#load(id, recorded);
  }

  /** The path of a map's pin if the map goes on. */
  #kept(map: MapEntry, path: string): string | undefined {
    const old = this.#current?.manifest.maps.find(one => one.path === map.path);
    if (!old || this.#blueprint.reset.has(map.path) || old.scope !== map.scope || schemaChange(old, map)) return undefined;
    if (map.path === DROPS_PATH && this.#current && !sameDrops(this.#current.manifest, this.#blueprint.manifest)) return undefined;
    return path;
  }

  #take(into: Map<string, Descriptor>, symbol: string, path: string | undefined): void {
    if (path !== undefined && !into.has(symbol) && exists(path)) into.set(symbol, new Descriptor(native().openPin(path)));
  }

  /** The target whose programs of the current generation serve this one too: itself, or one that is equal to it. */
  #donor(id: string, recorded: RecordedTarget): string | undefined {
    if (!this.#keepsPrograms) return undefined;
    const equal = [...(this.#current?.targets ?? [])]
      .filter(([, other]) => sameValues(other.params, recorded.params))
      .map(([other]) => other);
    return equal.includes(id) || this.#separate ? equal.find(other => other === id) : equal[0];
  }

  /** Whether programs have something of their target in them, and serve no other. */
  get #separate(): boolean {
    const { manifest } = this.#blueprint;
    return manifest.target.some(({ name }) => name !== "ticksPerSecond") || !manifest.maps.every(isPipelineWide);
  }

  /** The same programs go on with the same maps: their pins are copied. */
  #carry(current: Generation, from: string, id: string): void {
    const { number, manifest } = this.#blueprint;
    const layout = this.#layout;
    for (const hook of hooksOf(layout, current.number, from)) {
      using program = openProgram(layout, current.number, from, hook);
      pin(program.fd, layout.program(number, id, hook));
      repin(layout.parts(current.number, from, hook), layout.parts(number, id, hook));
    }
    for (const map of manifest.maps) {
      if (isPipelineWide(map)) repin(layout.map(current.number, map.path), layout.map(number, map.path));
      else repin(layout.targetMap(current.number, id, map.path), layout.targetMap(number, id, map.path));
    }
    repin(layout.map(current.number, SETTINGS_PATH), layout.map(number, SETTINGS_PATH));
  }

  #load(id: string, recorded: RecordedTarget): void {
    const { number, manifest } = this.#blueprint;
    const layout = this.#layout;
    const own = new Map<string, Descriptor>();
    try {
      if (this.#current) {
        for (const map of manifest.maps) {
          if (!isPipelineWide(map)) this.#take(own, map.symbol, this.#kept(map, layout.targetMap(this.#current.number, id, map.path)));
        }
      }
      const loaded = this.#loadOnce(id, recorded, own);
      for (const map of manifest.maps) {
        const made = loaded.maps.get(map.symbol);
        if (made) pin(made.fd, isPipelineWide(map) ? layout.map(number, map.path) : layout.targetMap(number, id, map.path));
      }
      const settings = loaded.maps.get(SETTINGS);
      if (settings) pin(settings.fd, layout.map(number, SETTINGS_PATH));
      for (const [hook, program] of loaded.programs) pin(program.fd, layout.program(number, id, hook));
      for (const [hook, { array }] of loaded.parts) pin(array.fd, layout.parts(number, id, hook));
    } finally {
      for (const map of own.values()) map.close();
    }
  }

  /** Targets with equal params share programs, unless the programs have something of the target's own in them. */
  #loadOnce(id: string, { target, params }: RecordedTarget, own: ReadonlyMap<string, Descriptor>): LoadedObject {
    const { manifest, object } = this.#blueprint;
    const key = this.#separate ? id : JSON.stringify([...params].map(([path, value]) => [path, value.toString()]).sort());
    const found = this.#loaded.get(key);
    if (found) return found;
    const reuse = new Map<string, number>();
    for (const [symbol, map] of [...this.#pipeline, ...own]) reuse.set(symbol, map.fd);
    const loaded = loadObject(object, manifest, {
      params,
      settings: this.#settings(),
      target: size => targetBytes(manifest.target, size, target),
      reuse,
    });
    this.#loaded.set(key, loaded);
    for (const map of manifest.maps) {
      const made = loaded.maps.get(map.symbol);
      if (!made || !isPipelineWide(map)) continue;
      if (map.path === DROPS_PATH && !this.#pipeline.has(map.symbol)) this.#carryDrops(map, made);
      this.#share(map.symbol, made);
      shareMap(this.#layout.root, map, made.fd);
    }
    this.#share(SETTINGS, loaded.maps.get(SETTINGS));
    return loaded;
  }

  #carryDrops(map: MapEntry, made: KernelMap): void {
    const current = this.#current;
    const path = current && this.#layout.map(current.number, map.path);
    if (!current || path === undefined || !exists(path) || this.#blueprint.reset.has(map.path)) return;
    const old = new (native().KernelMap)(native().openPin(path));
    carryDrops(current.manifest, old, this.#blueprint.manifest, made);
    old.close();
  }

  #share(symbol: string, map: KernelMap | undefined): void {
    if (map && !this.#pipeline.has(symbol)) this.#pipeline.set(symbol, new Descriptor(native().duplicate(map.fd)));
  }

  /** First values of a new section: what was given now, else what was set live and is still in range. */
  #settings(): Values {
    const values = new Map<string, bigint>();
    const current = this.#current;
    const path = current && this.#layout.map(current.number, SETTINGS_PATH);
    if (current && path !== undefined && exists(path)) {
      const live = new (native().KernelMap)(native().openPin(path));
      const bytes = live.lookup(new Uint8Array(4)) ?? new Uint8Array();
      live.close();
      for (const setting of this.#blueprint.manifest.settings) {
        const old = current.manifest.settings.find(one => one.path === setting.path);
        if (!old) continue;
        const value = readInteger(bytes, old.offset, old.size);
        // A value that nobody changed follows the new version's initial one.
        if (value !== BigInt(old.initial) && value >= BigInt(setting.min) && value <= BigInt(setting.max)) values.set(setting.path, value);
      }
    }
    for (const [name, value] of this.#blueprint.settings) values.set(name, value);
    return values;
  }
}

function sameValues(a: Values, b: Values): boolean {
  return a.size === b.size && [...a].every(([path, value]) => b.get(path) === value);
}

function pin(fd: number, path: string): void {
  if (exists(path)) return; // a map of the pipeline, pinned for the target before
  makeFolder(dirname(path));
  native().pin(fd, path);
}

function repin(from: string, to: string): void {
  if (!exists(from) || exists(to)) return;
  using object = new Descriptor(native().openPin(from));
  pin(object.fd, to);
}

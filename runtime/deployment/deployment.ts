/** A handle on a pipeline that is attached: its maps, settings and events, by the paths of its class. */
import type { Manifest, MapEntry } from "../../codegen/bundle/manifest.js";
import { DatapathError } from "../errors.js";
import { SETTINGS, type VariableInput, variableValue } from "../load/sections.js";
import { EventStream } from "../maps/events.js";
import { LiveMap } from "../maps/live.js";
import { pathOf } from "../maps/path.js";
import { type KernelMap, native } from "../native/index.js";
import { isPipelineWide, SETTINGS_PATH } from "./build.js";
import { readCurrent } from "./generation.js";
import type { Layout } from "./layout.js";
import { writeSettings } from "./settings.js";
import { openMapPin } from "./status.js";

/** A pipeline in the kernel. Closing it detaches nothing. `P` is the pipeline's class, imported as a type. */
export class Deployment<P = unknown> implements AsyncDisposable {
  readonly manifest: Manifest;
  readonly #layout: Layout;
  readonly #generation: number;
  readonly #targets: readonly string[];
  readonly #target: string | undefined;
  readonly #open = new Set<{ close(): void }>();

  private constructor(layout: Layout, generation: number, manifest: Manifest, targets: readonly string[], target: string | undefined) {
    this.manifest = manifest;
    this.#layout = layout;
    this.#generation = generation;
    this.#targets = targets;
    this.#target = target ?? (targets.length === 1 ? targets[0] : undefined);
  }

  /** @throws {DatapathError} DP7005 */
  static open<P>(layout: Layout, target: string | undefined): Deployment<P> {
    const current = readCurrent(layout);
    if (!current || (target !== undefined && !current.targets.has(target))) throw new DatapathError("DP7005", layout.folder);
    return new Deployment<P>(layout, current.number, current.manifest, [...current.targets.keys()], target);
  }

  /**
   * A live map.
   * @throws {DatapathError} DP6007 where the program has no such map (one that nothing reads was not built)
   * @example
   * for (const [address, bucket] of deployment.map((p) => p.limit.buckets)) console.log(address, bucket.tokens);
   */
  map<K, V>(pick: (pipeline: P) => { readonly "~kv"?: readonly [K, V] }): LiveMap<K, V> {
    return this.mapByPath<K, V>(pathOf<P>(pick));
  }

  mapByPath<K = unknown, V = unknown>(path: string): LiveMap<K, V> {
    const entry = this.#entry(path);
    return new LiveMap<K, V>(this.#keep(this.#map(entry)), entry);
  }

  /**
   * Changes a setting while the programs run; packets see it at once.
   * @throws {DatapathError} DP6005, DP6006
   */
  set<T>(pick: (pipeline: P) => { readonly value: T }, value: NoInfer<T> & VariableInput): void {
    this.setByPath(pathOf<P>(pick), value);
  }

  setByPath(path: string, value: VariableInput): void {
    const { settings, params, name } = this.manifest;
    const variable = settings.find(setting => setting.path === path);
    if (!variable) {
      const fixed = params.some(param => param.path === path);
      if (fixed) {
        throw new DatapathError("DP6005", `"${path}" is a param of ${name}, which is fixed when it is attached`, {
          hint: `attach again with --set ${path}=${value}; or make it a setting()`,
        });
      }
      throw new DatapathError(
        "DP6005",
        `"${path}" in pipeline ${name}; its settings are ${settings.map(one => one.path).join(", ") || "none"}`,
      );
    }
    const stored = variableValue(variable, value);
    using section = openMapPin(this.#layout, this.#generation, SETTINGS_PATH, undefined);
    if (!section) throw new DatapathError("DP6005", `${SETTINGS} of ${name} is not pinned`);
    const map = new (native().KernelMap)(native().duplicate(section.fd));
    writeSettings(map, settings, new Map([[path, stored]]));
    map.close();
  }

  /**
   * Events as they come, from now on. Leaving the loop closes the stream.
   * @example
   * for await (const hit of deployment.events((p) => p.hits)) console.log(hit.source);
   */
  events<E>(pick: (pipeline: P) => { readonly "~event"?: E }): EventStream<E> {
    return this.eventsByPath<E>(pathOf<P>(pick));
  }

  eventsByPath<E = unknown>(path: string): EventStream<E> {
    const entry = this.#entry(path);
    if (entry.kind !== "ring") throw new DatapathError("DP6007", `"${path}" is a map, not a stream of events`);
    const stream = new EventStream<E>(this.#map(entry), entry);
    this.#open.add(stream);
    return stream;
  }

  /** Lets go of every map and stream that came from this handle. The pipeline stays attached. */
  close(): void {
    for (const one of this.#open) one.close();
    this.#open.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #keep(map: KernelMap): KernelMap {
    this.#open.add(map);
    return map;
  }

  #entry(path: string): MapEntry {
    const { maps, name } = this.manifest;
    const entry = maps.find(map => map.path === path);
    if (entry) return entry;
    const names = maps.map(map => map.path).filter(one => !one.startsWith(":"));
    throw new DatapathError("DP6007", `"${path}" in pipeline ${name}; it has ${names.join(", ") || "none"}`);
  }

  #map(entry: MapEntry): KernelMap {
    const target = isPipelineWide(entry) ? undefined : this.#only(entry.path);
    using pin = openMapPin(this.#layout, this.#generation, entry.path, target);
    if (!pin) throw new DatapathError("DP6007", `"${entry.path}" is not pinned`);
    return new (native().KernelMap)(native().duplicate(pin.fd));
  }

  #only(path: string): string {
    if (this.#target !== undefined) return this.#target;
    throw new DatapathError("DP6007", `"${path}" is of each target's own, and there are ${this.#targets.length}; say which one`);
  }
}

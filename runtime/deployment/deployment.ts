/** A handle on a pipeline that is attached: its maps, settings and events, by the paths of its class. */
import type { Manifest, MapEntry } from "../../codegen/bundle/manifest.js";
import { DatapathError } from "../errors.js";
import { SETTINGS, type VariableInput, variableValue } from "../load/sections.js";
import { EventStream } from "../maps/events.js";
import { LiveMap } from "../maps/live.js";
import { LiveFlows } from "../maps/live-flows.js";
import { pathOf } from "../maps/path.js";
import { type DirectMaps, directPaths, LivePrefixTable } from "../maps/prefix-table.js";
import { isSwept, type SweepFigures } from "../maps/sweep.js";
import { type KernelMap, native } from "../native/index.js";
import { isPipelineWide, SETTINGS_PATH } from "./build.js";
import { currentNumber, type Generation, readCurrent } from "./generation.js";
import type { Layout } from "./layout.js";
import { lockAtOnce } from "./lock.js";
import { writeSettings } from "./settings.js";
import { openMapPin } from "./status.js";

/** A pipeline in the kernel. Closing it detaches nothing. `P` is the pipeline's class, imported as a type. */
export class Deployment<P = unknown> implements AsyncDisposable {
  readonly #layout: Layout;
  readonly #target: string | undefined;
  readonly #open = new Set<{ close(): void }>();
  #isAlone = false;
  #known: Generation;

  private constructor(layout: Layout, known: Generation, target: string | undefined) {
    this.#layout = layout;
    this.#known = known;
    this.#target = target;
  }

  /** @throws {DatapathError} DP7005 */
  static open<P>(layout: Layout, target: string | undefined): Deployment<P> {
    const current = readCurrent(layout);
    if (!current || (target !== undefined && !current.targets.has(target))) throw new DatapathError("DP7005", layout.folder);
    return new Deployment<P>(layout, current, target);
  }

  /** What the bundle said of the version that was seen last. */
  get manifest(): Manifest {
    return this.#known.manifest;
  }

  /**
   * A live map.
   * @throws {DatapathError} DP6007 where the program has no such map (one that nothing reads was not built)
   * @example
   * for (const [address, bucket] of deployment.map((p) => p.limit.buckets)) console.log(address, bucket.tokens);
   */
  map<V>(pick: (pipeline: P) => { readonly "~kv"?: readonly [number, V]; readonly "~prefixes": true }): LivePrefixTable<V>;
  map<K, V>(pick: (pipeline: P) => { readonly "~kv"?: readonly [K, V] }): LiveMap<K, V>;
  map<K, V>(pick: (pipeline: P) => { readonly "~kv"?: readonly [K, V] }): LiveMap<K, V> {
    return this.mapByPath<K, V>(pathOf<P>(pick));
  }

  mapByPath<K = unknown, V = unknown>(path: string): LiveMap<K, V> {
    const entry = this.#entry(path);
    const map = this.#keep(this.#map(entry));
    if (entry.kind !== "prefixTable") return new LiveMap<K, V>(map, entry);
    const paths = directPaths(path);
    const part = (name: keyof DirectMaps): KernelMap => this.#keep(this.#map(this.#entry(paths[name])));
    const values = this.#known.manifest.maps.some(one => one.path === paths.values) ? part("values") : undefined;
    const direct = { chunks: part("chunks"), values, half: part("half") };
    return new LivePrefixTable<V, K>(map, entry, direct, change => this.alone(change));
  }

  /**
   * Runs a change that has several parts while no other process attaches, updates or changes anything of this kind.
   * @throws {DatapathError} DP7009 where another holds the pipeline for ten seconds
   */
  alone<T>(change: () => T): T {
    if (this.#isAlone) return change();
    using _held = lockAtOnce(this.#layout.folder);
    this.#isAlone = true;
    try {
      return change();
    } finally {
      this.#isAlone = false;
    }
  }

  /** Waits until every packet that is being judged now has been: some milliseconds. */
  settle(): void {
    native().gracePeriod();
  }

  /**
   * The flows in the pipeline's tables, of every target.
   * @example
   * for (const { source, destination, state } of deployment.flows()) console.log(source, destination, state);
   * deployment.flows().delete(flow => flow.destinationPort === 80);
   */
  flows(): LiveFlows {
    const maps = this.#current().manifest.maps.filter(entry => LiveFlows.holds(entry));
    return new LiveFlows(
      maps.flatMap(entry => this.#targetsOf(entry).map(target => ({ entry, map: this.#keep(this.#mapOf(entry, target)) }))),
    );
  }

  /**
   * Deletes what has expired from every map that ages, flows among them; without it expired entries lie where they are until
   * their place is needed. Living entries stay. Other work goes on between some thousand entries.
   * @returns what was done, map by map; for maps that each target has for itself, target by target
   * @example
   * for (const { path, examined, deleted } of await deployment.sweep()) console.log(path, `${deleted} of ${examined}`);
   */
  async sweep(): Promise<SweepFigures[]> {
    const figures: SweepFigures[] = [];
    for (const entry of this.#current().manifest.maps.filter(isSwept)) {
      for (const target of this.#targetsOf(entry)) {
        const kernel = this.#mapOf(entry, target);
        try {
          figures.push(await unhurried(new LiveMap(kernel, entry).sweeping()));
        } finally {
          kernel.close();
        }
      }
    }
    return figures;
  }

  /**
   * Changes a setting while the programs run; packets see it at once.
   * @throws {DatapathError} DP6005, DP6006
   */
  set<T>(pick: (pipeline: P) => { readonly value: T }, value: NoInfer<T> & VariableInput): void {
    this.setByPath(pathOf<P>(pick), value);
  }

  setByPath(path: string, value: VariableInput): void {
    const { number, manifest } = this.#current();
    const { settings, params, name } = manifest;
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
    using section = openMapPin(this.#layout, number, SETTINGS_PATH, undefined);
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

  /** An update by someone else may have made another generation since. */
  #current(): Generation {
    const number = currentNumber(this.#layout);
    if (number === this.#known.number) return this.#known;
    const current = number === undefined ? undefined : readCurrent(this.#layout);
    if (!current) throw new DatapathError("DP7005", `${this.manifest.name} was detached`);
    this.#known = current;
    return current;
  }

  #entry(path: string): MapEntry {
    const { maps, name } = this.#current().manifest;
    const entry = maps.find(map => map.path === path);
    if (entry) return entry;
    const names = maps.map(map => map.path).filter(one => !one.startsWith(":"));
    throw new DatapathError("DP6007", `"${path}" in pipeline ${name}; it has ${names.join(", ") || "none"}`);
  }

  #map(entry: MapEntry): KernelMap {
    return this.#mapOf(entry, isPipelineWide(entry) ? undefined : this.#only(entry.path));
  }

  #mapOf(entry: MapEntry, target: string | undefined): KernelMap {
    using pin = openMapPin(this.#layout, this.#known.number, entry.path, target);
    if (!pin) throw new DatapathError("DP6007", `"${entry.path}" is not pinned`);
    return new (native().KernelMap)(native().duplicate(pin.fd));
  }

  /** Where a map has its pins: undefined is the pipeline itself. */
  #targetsOf(entry: MapEntry): readonly (string | undefined)[] {
    if (isPipelineWide(entry)) return [undefined];
    return this.#target === undefined ? [...this.#known.targets.keys()] : [this.#target];
  }

  #only(path: string): string {
    const { targets } = this.#known;
    if (this.#target !== undefined) return this.#target;
    const [only, ...others] = targets.keys();
    if (only !== undefined && others.length === 0) return only;
    throw new DatapathError("DP6007", `"${path}" is of each target's own, and there are ${targets.size}; say which one`);
  }
}

/** Runs steps to their end, and lets others run between them. */
async function unhurried<T>(steps: Generator<void, T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await new Promise<void>(resolve => setImmediate(resolve));
  }
}

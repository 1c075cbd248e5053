/** Changing the rules of a pipeline that runs: user space. */
import { type RuntimeField, runtimeFields } from "./fields.js";
import { RuntimeRuleError } from "./regions.js";
import { type RuleTables, type RuleWriter, tablesFor, writeTables } from "./tables.js";

/** What is needed of a deployment. */
export interface LivePipeline {
  readonly manifest: { readonly maps: readonly { readonly path: string }[] };
  mapByPath(path: string): LiveEntries;
  /** Runs a change while no other process makes one. */
  alone<T>(change: () => T): T;
  /** Waits until packets that came before have been judged. */
  settle(): void;
}
export interface LiveEntries {
  get(key: unknown): unknown;
  set(key: unknown, value: unknown): void;
  setFrom(first: number, values: readonly unknown[]): void;
  clear(): void;
  replace?(entries: Iterable<readonly [key: unknown, value: unknown]>): void;
}

/**
 * Puts these rules in the place of all run-time rules of a block. Each packet is judged by the old list or by the new one; flows
 * that Conntrack knows go on. It takes some ten milliseconds.
 * @param block the block's path in the pipeline: `acl`
 * @throws {FilterError} for a rule that cannot be read, {@link RuntimeRuleError} for rules that cannot be looked up; then nothing has changed
 * @example
 * await using edge = openDeployment<Edge>("edge");
 * replaceRules(edge, "acl", ["deny src net 192.0.2.0/24", "allow tcp dst portrange 8000-8080"]);
 */
export function replaceRules(pipeline: LivePipeline, block: string, rules: readonly string[]): void {
  const root = `${block}.runtime`;
  const paths = new Set(pipeline.manifest.maps.map(map => map.path).filter(path => path.startsWith(`${root}.`)));
  if (!paths.has(`${root}.half`))
    throw new RuntimeRuleError(`${block} has no rules that change while running: construct it with the option runtime`);
  const tables = tablesFor(rules, fieldsOf(paths, root));
  pipeline.alone(() => {
    pipeline.settle();
    writeTables(tables, new LiveHalves(pipeline, root, paths));
  });
}

/** What the program looks up, by the maps that it has. */
function fieldsOf(paths: ReadonlySet<string>, root: string): RuntimeField[] {
  const has = (name: string): boolean => [...paths].some(path => path.startsWith(`${root}.${name}`));
  const names: RuntimeField[] = [];
  for (const name of ["source", "destination", "stationSource", "stationDestination"] as const)
    if (has(`${name}4.`) || has(`${name}6.`)) names.push(name);
  const isField = (name: string): name is RuntimeField => name in runtimeFields;
  for (const name of Object.keys(runtimeFields)) if (isField(name) && paths.has(`${root}.small.${name}.cells`)) names.push(name);
  return names;
}

class LiveHalves implements RuleWriter {
  readonly #pipeline: LivePipeline;
  readonly #root: string;
  readonly #paths: ReadonlySet<string>;
  readonly #maps = new Map<string, LiveEntries>();

  constructor(pipeline: LivePipeline, root: string, paths: ReadonlySet<string>) {
    this.#pipeline = pipeline;
    this.#root = root;
    this.#paths = paths;
  }
  get half(): 0 | 1 {
    const now = this.#find("half")?.get(0);
    return typeof now === "object" && now !== null && Reflect.get(now, "half") === 1 ? 1 : 0;
  }
  replace(map: string, entries: readonly (readonly [key: unknown, value: unknown])[]): boolean {
    const live = this.#find(map);
    if (!live) return false;
    if (live.replace) live.replace(entries);
    else {
      live.clear();
      for (const [key, value] of entries) live.set(key, value);
    }
    return true;
  }
  set(map: string, first: number, values: readonly object[]): boolean {
    const live = this.#find(map);
    live?.setFrom(first, values);
    return live !== undefined;
  }
  read(half: 0 | 1): void {
    this.set("half", 0, [{ half }]);
  }
  #find(name: string): LiveEntries | undefined {
    const path = `${this.#root}.${name}`;
    if (!this.#paths.has(path)) return undefined;
    const live = this.#maps.get(path) ?? this.#pipeline.mapByPath(path);
    this.#maps.set(path, live);
    return live;
  }
}

export type { RuleTables };

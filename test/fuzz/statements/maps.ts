/** Maps of every kind: lookups, changes, entries through views, counters, scratch memory and events. */
import { bigintWithin } from "../expressions/bigint.js";
import { condition } from "../expressions/boolean.js";
import { integer, keyFor, structLiteral, valueFor } from "../expressions/key.js";
import { numberWithin } from "../expressions/number.js";
import { atomicsOf, isHashed, isShared, type MapKind, type MapModel, scalarsOf } from "../model.js";
import type { Scope, View } from "../scope.js";
import { code, type Fragment, fragment, type Part } from "../tree.js";
import { topOf, type Value, value, whole } from "../value.js";
import { leave } from "./exit.js";
import { block, type Maker } from "./index.js";
import { showView } from "./packet.js";

function some(scope: Scope, wanted: (kind: MapKind) => boolean): MapModel | undefined {
  const maps = scope.method.members.maps.filter(({ kind }) => wanted(kind));
  return maps.length > 0 ? scope.method.random.pick(maps) : undefined;
}

/** Ends the map's views, here and for whoever calls this method. */
function change(scope: Scope, map: MapModel): void {
  scope.end(map.name);
  scope.method.done.ended.add(map.name);
}

function viewOf(name: string, map: MapModel): Omit<View, "dead"> | undefined {
  if (map.value?.type !== "struct") return undefined;
  const ties = isHashed(map.kind) || map.kind === "lpmTrie" ? [map.name] : [];
  return { name, layout: map.value.struct, header: undefined, memory: isShared(map.kind) ? "shared" : "own", ties };
}

/** Binds the entry that `read` gives, where there is one. */
function bind(scope: Scope, sort: string, map: MapModel, read: readonly Part[]): Fragment {
  const { random, fresh } = scope.method;
  const name = fresh("m");
  const view = viewOf(name, map);
  const declaration = fragment(sort, [`const ${name} = `, ...read, ";"]);
  const bits = map.value?.type === "int" ? map.value.bits : undefined;
  const show = (into: Scope) => {
    if (view) showView(into, view);
    if (bits !== undefined) into.addVariable(name, whole(bits));
  };
  const absent = `${name} === undefined`;
  if (random.chance(0.5)) {
    const out = leave(scope);
    show(scope);
    return fragment(sort, code`${declaration}\nif (${view ? `!${name}` : absent}) ${out}`);
  }
  const inner = scope.child();
  show(inner);
  return fragment(sort, code`${declaration}\nif (${view ? name : `${name} !== undefined`}) ${block(inner, 4)}`);
}

function get(scope: Scope): Fragment | undefined {
  const map = some(scope, kind => isHashed(kind) || ["lpmTrie", "prefixTable", "arrayMap", "perCpuArrayMap"].includes(kind));
  return map && bind(scope, `${map.kind}.get`, map, code`this.${map.name}.get(${keyFor(scope, map, 2)})`);
}

function getOrInsert(scope: Scope): Fragment | undefined {
  const map = some(scope, isHashed);
  if (!map || scope.loop === "for") return undefined;
  const call = code`this.${map.name}.getOrInsert(${keyFor(scope, map, 1)}, ${valueFor(scope, map, 1)})`;
  change(scope, map);
  return bind(scope, `${map.kind}.getOrInsert`, map, call);
}

function at(scope: Scope): Fragment | undefined {
  const map = some(scope, kind => kind === "arrayMap" || kind === "perCpuArrayMap");
  if (!map) return undefined;
  const { fresh } = scope.method;
  const name = fresh("m");
  const read = code`const ${name} = this.${map.name}.at(${keyFor(scope, map, 2)});`;
  const view = viewOf(name, map);
  if (view) showView(scope, view);
  if (map.value?.type === "int") scope.addVariable(name, whole(map.value.bits));
  return fragment(`${map.kind}.at`, read);
}

function set(scope: Scope): Fragment | undefined {
  const map = some(scope, isHashed);
  if (!map) return undefined;
  const call = code`this.${map.name}.set(${keyFor(scope, map, 2)}, ${valueFor(scope, map, 2)})`;
  change(scope, map);
  if (scope.method.random.chance(0.7)) return fragment(`${map.kind}.set`, [...call, ";"]);
  return fragment(`${map.kind}.set`, ["if (!", ...call, ") ", leave(scope)]);
}

function remove(scope: Scope): Fragment | undefined {
  const map = some(scope, isHashed);
  if (!map) return undefined;
  const call = code`this.${map.name}.delete(${keyFor(scope, map, 2)})`;
  change(scope, map);
  if (scope.method.random.chance(0.6)) return fragment(`${map.kind}.delete`, [...call, ";"]);
  return fragment(`${map.kind}.delete`, ["if (", ...call, ") ", block(scope.child(), 2)]);
}

/** Writes a field of an entry. A shared one is stored whole, from what is no field of that map. */
function store(scope: Scope): Fragment | undefined {
  const { random } = scope.method;
  const views = scope.views.filter(view => view.memory !== "packet");
  if (views.length === 0) return undefined;
  const view = random.pick(views);
  const scalars = scalarsOf(view.layout).filter(({ field }) => field.type !== "array");
  if (scalars.length === 0) return undefined;
  const { path, bits, field, value: of } = random.pick(scalars);
  // without the view in sight, its fields can't be read for the value: `x = x + 1` on shared memory is diagnosed
  const apart = view.memory === "shared" ? scope.child({ apart: true }) : scope;
  const stored =
    of.kind === "boolean"
      ? condition(apart, 2)
      : field.type === "bits" || path.endsWith(".value")
        ? numberWithin(apart, of, 2)
        : integer(apart, bits, 2);
  return fragment(`${view.memory} store ${field.type}`, code`${view.name}.${path} = ${stored};`);
}

/** `+=` on shared memory: one atomic add, which wraps. */
function add(scope: Scope): Fragment | undefined {
  const { random } = scope.method;
  const candidates = scope.views
    .filter(view => view.memory === "shared")
    .flatMap(view =>
      scalarsOf(view.layout).flatMap(({ path, bits, field }) =>
        field.type === "int" && !field.network && (bits === 32 || bits === 64) ? [{ text: `${view.name}.${path}`, bits }] : [],
      ),
    );
  if (candidates.length === 0) return undefined;
  const { text, bits } = random.pick(candidates);
  const apart = scope.child({ apart: true });
  const amount =
    bits === 32 ? numberWithin(apart, value("number", 0n, topOf(32)), 1) : bigintWithin(apart, value("bigint", 0n, topOf(64)), 1);
  return fragment(`shared += u${bits}`, code`${text} += ${amount};`);
}

function atomics(scope: Scope): Fragment | undefined {
  const { random, fresh } = scope.method;
  const found = scope.views.flatMap(view => atomicsOf(view.layout).map(({ path, bits }) => ({ text: `${view.name}.${path}`, bits })));
  if (found.length === 0) return undefined;
  const { text, bits } = random.pick(found);
  const of: Value = whole(bits);
  const amount = () => integer(scope, bits, 1);
  const name = fresh("a");
  switch (random.below(4)) {
    case 0: {
      scope.addVariable(name, of);
      return fragment("atomic.load", [`const ${name} = ${text}.load();`]);
    }
    case 1:
      return fragment("atomic.store", code`${text}.store(${amount()});`);
    case 2: {
      const call = code`const ${name} = ${text}.add(${amount()});`;
      scope.addVariable(name, of);
      return fragment("atomic.add", call);
    }
    default:
      return fragment(
        "atomic.compareExchange",
        code`if (!${text}.compareExchange(${random.chance(0.5) ? `${text}.load()` : amount()}, ${amount()})) ${leave(scope)}`,
      );
  }
}

function count(scope: Scope): Fragment | undefined {
  const map = some(scope, kind => kind === "counter");
  return map && scope.method.hasPacket ? fragment("counter.add", [`this.${map.name}.add(pkt);`]) : undefined;
}

/** Scratch memory is undefined until it is written: the whole of it is, before any of it is read. */
function scratch(scope: Scope): Fragment | undefined {
  const map = some(scope, kind => kind === "scratch");
  if (map?.value?.type !== "struct") return undefined;
  const { fresh } = scope.method;
  const name = fresh("s");
  const stores = scalarsOf(map.value.struct).map(({ path, bits, field, value: of }) => {
    const stored =
      of.kind === "boolean" ? condition(scope, 1) : field.type === "bits" ? numberWithin(scope, of, 1) : integer(scope, bits, 1);
    return ["\n", name, `.${path} = `, stored, ";"];
  });
  const made = [`const ${name} = this.${map.name};`, ...stores.flat()];
  showView(scope, { name, layout: map.value.struct, header: undefined, memory: "own", ties: [] });
  return fragment("scratch", made);
}

function emit(scope: Scope): Fragment | undefined {
  const map = some(scope, kind => kind === "events");
  if (map?.value?.type !== "struct") return undefined;
  const capture = map.capture && scope.method.hasPacket ? `, { bytes: ${scope.method.random.pick([map.capture, map.capture / 2])} }` : "";
  return fragment(
    capture === "" ? "events.emit" : "events.emit with bytes",
    code`this.${map.name}.emit(${structLiteral(scope, map.value.struct, 2)}${capture});`,
  );
}

/** One use of a field through `?.`, without a name for the entry. */
function optional(scope: Scope): Fragment | undefined {
  const { random, fresh } = scope.method;
  const map = some(scope, kind => isHashed(kind) || kind === "arrayMap");
  if (map?.value?.type !== "struct") return undefined;
  const scalars = scalarsOf(map.value.struct).filter(({ field }) => field.type === "int");
  if (scalars.length === 0) return undefined;
  const { path, bits, value: of } = random.pick(scalars);
  const name = fresh("q");
  const made = code`const ${name} = this.${map.name}.get(${keyFor(scope, map, 1)})?.${path} ?? ${integer(scope, bits, 1)};`;
  scope.addVariable(name, of);
  return fragment("?.", made);
}

/** Another device takes the packet, or a copy of it; or all devices of a map do. */
function devices(scope: Scope): Fragment | undefined {
  const { returns, fresh, position, hasPacket, random } = scope.method;
  const map = some(scope, kind => kind === "devMap");
  if (!map) return undefined;
  const verdicts = returns.type === "verdict" ? (["redirect", "route", "flood"] as const) : [];
  const uses = [...verdicts, ...(hasPacket && position === "tc" ? (["mirror", "mirror"] as const) : [])];
  if (uses.length === 0) return undefined;
  const use = random.pick(uses);
  const name = fresh("port");
  const key = numberWithin(scope, value("number", 0n, 7n), 2);
  const found = code`const ${name} = this.${map.name}.get(${key});\nif (${name})`;
  switch (use) {
    case "flood":
      return fragment("Verdict.flood", code`if (${condition(scope, 2)}) return Verdict.flood(this.${map.name});`);
    case "mirror":
      if (random.chance(0.5)) return fragment("pkt.mirror", [...found, ` pkt.mirror(${name});`]);
      return fragment("pkt.mirror", code`${fragment("port", found)} {\n  if (!pkt.mirror(${name})) ${leave(scope)}\n}`);
    case "redirect":
    case "route":
      return fragment(`Verdict.${use}`, [...found, ` return Verdict.${use}(${name});`]);
  }
}

export const mapStatements: readonly (readonly [number, Maker])[] = [
  [6, get],
  [2, getOrInsert],
  [3, at],
  [4, set],
  [1.5, remove],
  [5, store],
  [4, add],
  [3, atomics],
  [2, count],
  [1.5, scratch],
  [1.5, emit],
  [1.5, optional],
  [3, devices],
];

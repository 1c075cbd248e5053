/** Random declarations: structs, headers, maps, params, lists. */
import { type Content, type Field, fieldsText, type Header, type Layout, type MapKind, type MapModel, scalarsOf } from "./model.js";
import type { Random } from "./random.js";
import { code, type Fragment, fragment, type Part } from "./tree.js";
import { literal, topOf, type Value, type Width, whole } from "./value.js";

const structWidths = [8, 16, 32, 48, 64, 128] as const;

/** Bit-sized fields that fill whole bytes together. */
function bitRun(random: Random, fresh: (stem: string) => string): readonly Field[] {
  const fields: Field[] = [];
  let left = random.pick([8, 8, 16, 32]);
  while (left > 0) {
    const kind = random.below(4);
    if (kind === 0) {
      fields.push({ name: fresh("f"), type: "flag" });
      left -= 1;
    } else if (kind === 1 && left >= 4) {
      fields.push({ name: fresh("f"), type: "flags", names: ["a", "b", "c"] });
      left -= 3;
    } else {
      const width = random.between(1, Math.min(left, 20));
      fields.push({ name: fresh("f"), type: "bits", width });
      left -= width;
    }
  }
  return fields;
}

function bytesOf(field: Field): number {
  switch (field.type) {
    case "int":
    case "atomic":
      return field.bits / 8;
    case "array":
      return (field.bits / 8) * field.length;
    case "overlay":
      return Math.max(...field.views.map(bytesOf));
    case "bool":
      return 1;
    default:
      return 0;
  }
}

export function randomStruct(
  random: Random,
  fresh: (stem: string) => string,
  inner: Layout | undefined,
  simple = false,
): { layout: Layout; text: Fragment } {
  const fields: Field[] = [];
  const count = random.between(1, simple ? 3 : 5);
  const shared = () => fresh("f");
  for (let i = 0; i < count; i++) {
    const sort = simple ? 0 : random.below(9);
    if (sort <= 3) fields.push({ name: shared(), type: "int", bits: random.pick(structWidths), network: random.chance(0.25) });
    else if (sort === 4) fields.push({ name: shared(), type: "bool" });
    else if (sort === 5)
      fields.push({ name: shared(), type: "array", bits: random.pick([8, 8, 16, 32] as const), length: random.pick([2, 4, 6]) });
    else if (sort === 6) fields.push({ name: shared(), type: "atomic", bits: random.pick([32, 64] as const) });
    else if (sort === 7) fields.push(...bitRun(random, fresh));
    else if (inner) fields.push({ name: shared(), type: "nested", struct: inner });
  }
  if (fields.length === 0) fields.push({ name: shared(), type: "int", bits: 32, network: false });
  const name = fresh("Struct");
  const numbers = scalarsOf({ name, fields }).filter(({ value: of, bits }) => of.kind === "number" && bits <= 32);
  const getter = numbers.length > 0 && random.chance(0.25) ? randomGetter(random, fresh, random.pick(numbers).path) : undefined;
  const layout: Layout = { name, fields, ...(getter && { getters: [getter] }) };
  return { layout, text: fragment("struct", [`class ${name} extends struct(${fieldsText(fields)}) {${getter?.text ?? ""}}`]) };
}

function randomGetter(random: Random, fresh: (stem: string) => string, path: string): { name: string; value: Value; text: string } {
  const name = fresh("get");
  const text = `\n  get ${name}(): u8 { return u8(this.${path} ^ ${random.below(256)}); }\n`;
  return { name, value: whole(8), text };
}

export function randomHeader(random: Random, fresh: (stem: string) => string): { header: Header; text: Fragment } {
  const fields: Field[] = [];
  const count = random.between(1, 4);
  let size = 0;
  for (let i = 0; i < count; i++) {
    const sort = random.below(6);
    if (sort <= 2) fields.push({ name: fresh("f"), type: "int", bits: random.pick(structWidths), network: true });
    else if (sort === 3)
      fields.push({ name: fresh("f"), type: "array", bits: random.pick([8, 16] as const), length: random.pick([2, 4, 8]) });
    else if (sort === 4) {
      const views: readonly Field[] = [
        { name: fresh("f"), type: "int", bits: 32, network: true },
        { name: fresh("f"), type: "array", bits: 8, length: 4 },
      ];
      fields.push({ name: fresh("f"), type: "overlay", views });
    } else {
      const run = bitRun(random, fresh);
      fields.push(...run);
      size +=
        run.reduce((sum, field) => sum + (field.type === "bits" ? field.width : field.type === "flags" ? field.names.length : 1), 0) / 8;
    }
  }
  for (const field of fields) size += bytesOf(field);
  const name = fresh("Header");
  const plain: Header = { name, fields, size, fixed: [] };
  const numbers = scalarsOf(plain).filter(({ value: of }) => of.kind === "number");
  const words = numbers.find(({ bits }) => bits <= 8);
  const options = words && random.chance(0.5) ? `, { length: h => ${size} + h.${words.path} % 4 * 4 }` : "";
  const word = numbers.find(({ bits }) => bits <= 32);
  const getter = word && random.chance(0.6) ? randomGetter(random, fresh, word.path) : undefined;
  const text = fragment("header", [`class ${name} extends header("${name}", ${fieldsText(fields)}${options}) {${getter?.text ?? ""}}`]);
  return { header: { ...plain, ...(getter && { getters: [getter] }) }, text };
}

/** No less than the bytes of a struct, its padding included. */
function roomOf({ fields }: Layout): number {
  return fields.reduce((sum, field) => sum + Math.ceil(bytesOf(field) / 8) * 8, 0);
}

const mapKinds: readonly (readonly [number, MapKind])[] = [
  [5, "hashMap"],
  [3, "lruHashMap"],
  [2, "perCpuHashMap"],
  [1.5, "perCpuLruHashMap"],
  [2, "lpmTrie"],
  [1.5, "prefixTable"],
  [2, "flowTable"],
  [3, "arrayMap"],
  [3, "perCpuArrayMap"],
  [2, "scratch"],
  [2, "counter"],
  [2, "devMap"],
  [2, "events"],
];

/** A map and its initialiser as the class writes it. */
export function randomMap(
  random: Random,
  name: string,
  structs: readonly Layout[],
  keys: readonly Layout[],
): { map: MapModel; text: Fragment } {
  const flowKeys = keys.filter(key => roomOf(key) <= 40);
  const flowValues = structs.filter(({ fields }) => fields.every(({ type }) => type === "int" || type === "bool"));
  const drawn = random.weighted(mapKinds);
  const kind = drawn === "flowTable" && (flowKeys.length === 0 || flowValues.length === 0) ? "hashMap" : drawn;
  const struct = random.pick(kind === "flowTable" ? flowValues : structs);
  const perCpu = kind.startsWith("perCpu");
  const hasAtomic = struct.fields.some(({ type }) => type === "atomic");
  const content: Content =
    random.chance(0.75) && !(perCpu && hasAtomic) ? { type: "struct", struct } : { type: "int", bits: random.pick(structWidths) };
  const contentText = content.type === "int" ? `u${content.bits}` : content.struct.name;
  const made = (map: Omit<MapModel, "name" | "kind">, text: string) => ({
    map: { kind, name, ...map },
    text: fragment(`declare ${kind}`, [`readonly ${name} = ${text};`]),
  });
  switch (kind) {
    case "counter":
      return made({ key: undefined, value: undefined, entries: 1 }, "counter()");
    case "scratch":
      return made({ key: undefined, value: { type: "struct", struct }, entries: 1 }, `scratch(${struct.name})`);
    case "devMap":
      return made({ key: undefined, value: undefined, entries: 8 }, "devMap({ maxEntries: 8 })");
    case "events": {
      const capture = random.pick([0, 0, 16, 64]);
      const options = capture > 0 ? `, { bytes: ${capture} }` : "";
      return made({ key: undefined, value: { type: "struct", struct }, entries: 1, capture }, `events(${struct.name}${options})`);
    }
    case "arrayMap":
    case "perCpuArrayMap": {
      const entries = random.pick([1, 3, 4, 8]);
      return made({ key: undefined, value: content, entries }, `${kind}(${contentText}, ${entries})`);
    }
    case "lpmTrie": {
      const bits = random.pick([32, 128] as const);
      return made({ key: { type: "int", bits }, value: content, entries: 64 }, `lpmTrie(u${bits}, ${contentText}, { maxEntries: 64 })`);
    }
    case "flowTable": {
      const key = random.pick(flowKeys);
      const entries = random.pick([4, 8, 64]);
      const idle = `{ fresh: ${random.pick(["1n", "30n"])} * SECOND, established: ${random.pick(["60n", "3600n"])} * SECOND }`;
      const evicts = random.chance(0.5) ? ", evictEstablished: true" : "";
      return made(
        { key: { type: "struct", struct: key }, value: { type: "struct", struct }, entries },
        `flowTable(${key.name}, ${struct.name}, { maxEntries: ${entries}, idle: ${idle}${evicts} })`,
      );
    }
    case "prefixTable": {
      // what it gives is not to be changed: integers can't be
      const bits = random.pick([8, 16, 32, 64] as const);
      const entries = random.pick([16, 1000]);
      return made(
        { key: { type: "int", bits: 32 }, value: { type: "int", bits }, entries },
        `prefixTable(u${bits}, { maxEntries: ${entries} })`,
      );
    }
    default: {
      const key: Content =
        random.chance(0.4) && keys.length > 0
          ? { type: "struct", struct: random.pick(keys) }
          : { type: "int", bits: random.pick(structWidths) };
      const keyText = key.type === "int" ? `u${key.bits}` : key.struct.name;
      const entries = kind.toLowerCase().includes("lru") ? 4096 : random.pick([2, 16, 1024]);
      const time =
        content.type === "struct"
          ? content.struct.fields.find(field => field.type === "int" && field.bits === 64 && !field.network)
          : undefined;
      const expires =
        time && random.chance(0.4) ? `, expires: { field: "${time.name}", after: ${random.pick(["0n", "5_000_000_000n"])} }` : "";
      return made({ key, value: content, entries }, `${kind}(${keyText}, ${contentText}, { maxEntries: ${entries}${expires} })`);
    }
  }
}

/** What the pipeline's constructor puts into a map before it runs. */
export function initialEntries(random: Random, path: string, map: MapModel): readonly Fragment[] {
  if (map.kind === "devMap") return [fragment("initial entry", [`${path}.set(${random.below(4)}, 1);`])];
  if (map.key === undefined || map.value === undefined || map.kind === "flowTable") return [];
  const count = random.below(3);
  const made: Fragment[] = [];
  for (let i = 0; i < count; i++) {
    const key =
      map.kind === "lpmTrie" || map.kind === "prefixTable" ? prefix(random, map) : constantOf(random, map.key, BigInt(random.below(4)));
    const stored = constantOf(random, map.value);
    made.push(fragment("initial entry", code`${path}.set(${key}, ${stored});`));
  }
  return made;
}

function prefix(random: Random, map: MapModel): string {
  const bits = map.key?.type === "int" ? map.key.bits : 32;
  const address = random.chance(0.5) ? BigInt(random.below(4)) : random.bigBetween(0n, topOf(bits));
  return `{ prefix: ${literal(bits === 32 ? "number" : "wide", address)}, length: ${random.pick([0, 1, 8, bits - 2, bits - 1, bits])} }`;
}

function constantOf(random: Random, content: Content, fixed?: bigint): string {
  const scalar = (bits: Width) => literal(whole(bits).kind, fixed ?? random.edge(0n, topOf(bits)));
  if (content.type === "int") return scalar(content.bits);
  const parts = content.struct.fields.flatMap(field => {
    if (field.type === "int") return [`${field.name}: ${scalar(field.bits)}`];
    if (field.type === "bits") return [`${field.name}: ${fixed ?? random.bigBetween(0n, topOf(field.width))}`];
    if (field.type === "flag" || field.type === "bool") return [`${field.name}: ${random.chance(0.5)}`];
    return [];
  });
  return `{ ${parts.join(", ")} }`;
}

/** `param(u16, 1500, { min: 68, max: 9000 })` and what its value may be. */
export function randomVariable(random: Random, name: string): { constant: { text: string; value: Value }; text: Fragment } {
  if (random.chance(0.15)) {
    const [field, bits] = random.pick([
      ["address", 32],
      ["address6", 128],
      ["gateway", 32],
      ["mac", 48],
      ["ifindex", 32],
      ["mtu", 16],
    ] as const);
    return {
      constant: { text: `this.target${name}.value`, value: whole(bits) },
      text: fragment("declare fromTarget", [`readonly target${name} = fromTarget("${field}");`]),
    };
  }
  const kind = random.pick(["param", "setting"]);
  const bits = random.pick([8, 16, 32, 48, 64] as const);
  const of = whole(bits);
  const low = random.chance(0.5) ? 0n : random.edge(0n, 1000n < of.max ? 100n : of.max);
  const high = random.chance(0.4) ? of.max : random.edge(low, of.max);
  const initial = random.bigBetween(low, high);
  const write = (number: bigint) => literal(of.kind, number);
  const range = random.chance(0.8) ? `, { min: ${write(low)}, max: ${write(high)} }` : "";
  const parts: readonly Part[] = [`readonly ${kind}${name} = ${kind}(u${bits}, ${write(initial)}${range});`];
  return {
    constant: { text: `this.${kind}${name}.value`, value: range === "" ? of : { ...of, min: low, max: high } },
    text: fragment(`declare ${kind}`, parts),
  };
}

/** A random program: declarations, blocks, a pipeline with its hooks. Well-typed, and within the language. */
import { initialEntries, randomHeader, randomMap, randomStruct, randomVariable } from "./declarations.js";
import { type Callable, declared, type Header, type Layout, type MapModel, pure, type Result, typeText } from "./model.js";
import { Random } from "./random.js";
import { type Constant, type ConstantList, type Members, type Method, type Returns, Scope } from "./scope.js";
import { standardHeaders } from "./standard.js";
import { block } from "./statements/index.js";
import { code, type Fragment, fragment, type Part, print } from "./tree.js";
import { flavoured, literal, type Value, value } from "./value.js";

export type Hook = "xdp" | "ingress" | "egress";

export interface Program {
  readonly seed: number;
  /** the pipeline's class */
  readonly name: string;
  readonly hooks: readonly Hook[];
  readonly parts: readonly Part[];
}

const names = {
  datapath:
    "Block, Encap, Pipeline, Verdict, addressKey, array, arrayMap, atomic, bits, bool, counter, devMap, events, flag, flags, flowTable, fnv1a, fold16, fromTarget, hashMap, header, isMulticast, lpmTrie, lruHashMap, max, min, net, now, nowCoarse, octet, overlay, param, perCpuArrayMap, perCpuHashMap, perCpuLruHashMap, prefixOf, prefixTable, SECOND, random, scratch, setting, struct, ticks, u128, u16, u32, u48, u64, u8, type Packet, type TcPacket, type XdpPacket",
  headers: standardHeaders.map(({ name }) => name).join(", "),
};

/** One file of several programs, each under its own name; the first is the file's pipeline. */
export function sourceOf(...programs: readonly Program[]): string {
  const texts = programs.map(program => `// seed ${program.seed}\n${print(program.parts)}`);
  return `import { ${names.datapath} } from "datapath";
import { ${names.headers} } from "datapath/headers";

${texts.join("\n")}
export default ${programs[0]?.name};
`;
}

/** What the whole program shares. */
interface World {
  readonly random: Random;
  /** of the longest bodies: most programs are small, since more of them are tried in the same time */
  readonly length: number;
  readonly fresh: (stem: string) => string;
  readonly declarations: Fragment[];
  readonly headers: Header[];
  readonly structs: Layout[];
  readonly keys: Layout[];
  readonly functions: Callable[];
  readonly constants: Constant[];
  readonly lists: ConstantList[];
  readonly evidence: Extract<Result, { type: "evidence" }>[];
}

const ofModule: ReadonlySet<string> = new Set(["Struct", "Header", "Found", "LIMIT", "TABLE", "mix", "Block", "Mixin"]);

export function generate(seed: number): Program {
  const random = new Random(seed);
  const counts = new Map<string, number>();
  const fresh = (stem: string) => {
    const next = (counts.get(stem) ?? 0) + 1;
    counts.set(stem, next);
    // what stands at the top of a file is named for its program: several share one
    return ofModule.has(stem) ? `${stem}${next}_${seed}` : `${stem}${next}`;
  };
  const world: World = {
    random,
    length: random.weighted([
      [4, 0.25],
      [3, 0.5],
      [1, 1],
    ]),
    fresh,
    declarations: [],
    headers: [...standardHeaders],
    structs: [],
    keys: [],
    functions: [],
    constants: [],
    lists: [],
    evidence: [],
  };
  declareTypes(world);
  declareConstants(world);
  for (let i = random.below(3); i > 0; i--) declareFunction(world);
  const blocks = Array.from({ length: random.between(0, 2) }, () => makeBlock(world));
  const name = `Fuzzed_${seed}`;
  const pipeline = makePipeline(world, name, blocks);
  const parts = [...world.declarations, pipeline.text].flatMap((each): readonly Part[] => [each, "\n\n"]);
  return { seed, name, hooks: pipeline.hooks, parts };
}

function declareTypes(world: World): void {
  const { random, fresh, declarations } = world;
  const count = random.between(1, 3);
  for (let i = 0; i < count; i++) {
    const { layout, text } = randomStruct(random, fresh, world.structs.at(-1));
    world.structs.push(layout);
    declarations.push(text);
  }
  if (random.chance(0.6)) {
    const { layout, text } = randomStruct(random, fresh, undefined, true);
    world.keys.push(layout);
    declarations.push(text);
  }
  for (let i = random.below(3); i > 0; i--) {
    const { header, text } = randomHeader(random, fresh);
    world.headers.push(header);
    declarations.push(text);
  }
  if (random.chance(0.4)) {
    const fields = Array.from({ length: random.between(1, 3) }, () => ({
      name: fresh("e"),
      value: declared(random.pick([8, 16, 32, 64, 1] as const)),
    }));
    const name = fresh("Found");
    world.evidence.push({ type: "evidence", name, fields });
    const members = fields.map(field => `  readonly ${field.name}: ${typeText(field.value)};\n`).join("");
    const parameters = fields.map(field => `${field.name}: ${typeText(field.value)}`).join(", ");
    const assignments = fields.map(field => `    this.${field.name} = ${field.name};\n`).join("");
    declarations.push(fragment("evidence class", [`class ${name} {\n${members}  constructor(${parameters}) {\n${assignments}  }\n}`]));
  }
}

function declareConstants(world: World): void {
  const { random, fresh, declarations } = world;
  if (random.chance(0.6)) {
    const name = fresh("LIMIT");
    const number = random.edge(0n, 0xffffn);
    declarations.push(fragment("module constant", [`const ${name}: u16 = ${literal("number", number)};`]));
    world.constants.push({ text: name, value: flavoured(value("number", number, number), 16) });
  }
  if (random.chance(0.6)) {
    const name = fresh("TABLE");
    const numbers = Array.from({ length: random.between(1, 5) }, () => random.edge(0n, 0xffffn));
    declarations.push(fragment("module list", [`const ${name}: readonly u16[] = [${numbers.join(", ")}];`]));
    const [first = 0n, ...rest] = numbers.toSorted((a, b) => (a < b ? -1 : 1));
    world.lists.push({ text: name, value: flavoured(value("number", first, rest.at(-1) ?? first), 16), length: numbers.length });
  }
}

interface MethodRequest {
  readonly members: Members;
  readonly parameters: readonly Value[];
  readonly takesPacket: boolean;
  readonly returns: Returns;
  readonly position: Method["position"];
  readonly budget: number;
  readonly mayMove: boolean;
  readonly mayWritePacket: boolean;
}

/** The parameters' text and the body; and what the body may do. */
function makeBody(
  world: World,
  request: MethodRequest,
): { readonly text: readonly Part[]; readonly done: Method["done"]; readonly names: readonly string[] } {
  const { random, fresh } = world;
  const budget = Math.max(2, Math.ceil(request.budget * world.length));
  const method: Method = {
    random,
    members: request.members,
    returns: request.returns,
    position: request.position,
    hasPacket: request.takesPacket,
    mayMove: request.mayMove,
    mayWritePacket: request.mayWritePacket,
    done: { moves: false, writes: false, popped: false, ended: new Set() },
    budget,
    fresh,
  };
  const scope = new Scope(method);
  const parameterNames = request.parameters.map(() => fresh("p"));
  for (const [i, parameter] of request.parameters.entries()) scope.addVariable(parameterNames[i] ?? "", parameter);
  const statements = block(scope, budget, { returns: true });
  return { text: [statements], done: method.done, names: parameterNames };
}

function resultText(returns: Returns): string {
  switch (returns.type) {
    case "void":
      return "void";
    case "verdict":
      return returns.optional ? "Verdict | undefined" : "Verdict";
    case "value":
      return `${typeText(returns.value)}${returns.optional ? " | undefined" : ""}`;
    case "object":
      return `{ ${returns.fields.map(field => `${field.name}: ${typeText(field.value)}`).join("; ")} }`;
    case "evidence":
      return `${returns.name} | Verdict`;
  }
}

function resultOf(returns: Returns): Result {
  switch (returns.type) {
    case "void":
      return { type: "void" };
    case "verdict":
      return { type: "verdict" };
    case "value":
      return { type: returns.optional ? "optional" : "value", value: returns.value };
    case "object":
      return { type: "object", fields: returns.fields };
    case "evidence":
      return returns;
  }
}

function randomParameters(random: Random): readonly Value[] {
  return Array.from({ length: random.between(0, 3) }, () => declared(random.pick([8, 16, 32, 48, 64, 128, 1] as const)));
}

function randomReturns(world: World): Returns {
  const { random, fresh } = world;
  const simple = (): Value => declared(random.pick([8, 16, 32, 48, 64, 128, 1] as const));
  return random.weighted<() => Returns>([
    [5, () => ({ type: "value", value: simple(), optional: false })],
    [3, () => ({ type: "value", value: declared(random.pick([8, 16, 32, 64] as const)), optional: true })],
    [2, () => ({ type: "object", fields: Array.from({ length: random.between(1, 3) }, () => ({ name: fresh("o"), value: simple() })) })],
    [2, () => ({ type: "void" })],
    [3, () => ({ type: "verdict", optional: true })],
    [2, () => random.pick([...world.evidence, { type: "void" as const }])],
  ])();
}

/** A function of the module, without a packet: `function mix1(p1: u16): u32 { … }`, or an arrow. */
function declareFunction(world: World): void {
  const { random, fresh } = world;
  const name = fresh("mix");
  const parameters = randomParameters(random);
  const returns: Returns = { type: "value", value: declared(random.pick([8, 16, 32, 64, 1] as const)), optional: false };
  const members: Members = {
    maps: [],
    constants: world.constants,
    lists: world.lists,
    params: [],
    callables: [...world.functions],
    headers: [],
  };
  const made = makeBody(world, {
    members,
    parameters,
    takesPacket: false,
    returns,
    position: "either",
    budget: 5,
    mayMove: false,
    mayWritePacket: false,
  });
  const list = made.names.map((each, i) => `${each}: ${typeText(parameters[i] ?? returns.value)}`).join(", ");
  const text = random.chance(0.5)
    ? fragment("function", [`function ${name}(${list}): ${resultText(returns)} `, ...made.text])
    : fragment("arrow function", [`const ${name} = (${list}): ${resultText(returns)} => `, ...made.text, ";"]);
  world.declarations.push(text);
  world.functions.push({ text: name, parameters, takesPacket: false, result: resultOf(returns), effects: pure });
}

interface BlockModel {
  readonly className: string;
  /** what stands between the parentheses of `new`, for each instance */
  readonly instances: readonly string[];
  readonly callables: readonly Callable[];
  readonly maps: readonly MapModel[];
}

function makeBlock(world: World): BlockModel {
  const { random, fresh, declarations } = world;
  const className = fresh("Block");
  const options = makeOptions(world);
  const members: Members = {
    maps: [],
    constants: [...world.constants, ...options.constants],
    lists: [...world.lists, ...options.lists],
    params: [],
    callables: [...world.functions, ...options.callables],
    headers: world.headers,
  };
  const own = declareMembers(world, members, 4);
  const methods: Fragment[] = [];
  const pureMethods: { name: string; callable: Callable; returns: Returns; visibility: string }[] = [];
  const open: Callable[] = [];
  if (random.chance(0.3)) {
    const name = fresh("get");
    const returns: Returns = { type: "value", value: declared(random.pick([8, 16, 32, 64] as const)), optional: false };
    const inside = { ...own.members, maps: own.members.maps.filter(({ kind }) => kind === "arrayMap") };
    const made = makeBody(world, {
      members: inside,
      parameters: [],
      takesPacket: false,
      returns,
      position: "either",
      budget: 3,
      mayMove: false,
      mayWritePacket: false,
    });
    methods.push(fragment("block getter", [`get ${name}(): ${resultText(returns)} `, ...made.text]));
    own.members.constants.push({ text: `this.${name}`, value: returns.value });
  }
  const count = random.between(1, 4);
  for (let i = 0; i <= count; i++) {
    const last = i === count;
    const name = last ? "handle" : fresh("m");
    const takesPacket = last || random.chance(0.6);
    const returns: Returns = last ? { type: "verdict", optional: true } : randomReturns(world);
    const parameters = last ? [] : randomParameters(random);
    const visibility = last ? "" : random.pick(["", "protected ", "private "]);
    const made = makeMethod(world, { name, visibility, parameters, takesPacket, returns, members: own.members, budget: last ? 14 : 6 });
    methods.push(made.text);
    own.members.callables.push(made.callable);
    if (visibility === "") open.push({ ...made.callable, text: name });
    if (visibility !== "private " && returns.type === "value" && !returns.optional && isPure(made.callable)) {
      pureMethods.push({ name, callable: made.callable, returns, visibility });
    }
  }
  declarations.push(
    fragment("block", [
      `interface ${className}Options ${options.type}\n`,
      `class ${className} extends Block<${className}Options> {`,
      ...[...own.texts, ...methods].flatMap((each): readonly Part[] => ["\n  ", indented(each)]),
      "\n}",
    ]),
  );
  let instantiated = className;
  if (pureMethods.length > 0 && random.chance(0.6)) {
    instantiated = `${className}Derived`;
    const { name, callable, returns, visibility } = random.pick(pureMethods);
    declarations.push(makeOverride(world, { base: className, name, callable, returns, visibility, members: own.members }));
  }
  return { className: instantiated, instances: options.instances, callables: open, maps: own.members.maps };
}

function isPure({ effects }: Callable): boolean {
  return !effects.movesPacket && !effects.writesPacket && effects.endsMaps.length === 0;
}

/** A class on the block that overrides one method, by itself or by a mixin, and asks the one it hides. */
function makeOverride(
  world: World,
  of: { base: string; name: string; callable: Callable; returns: Returns; visibility: string; members: Members },
): Fragment {
  const { parameters, takesPacket } = of.callable;
  const inherited: Callable = { ...of.callable, text: `super.${of.name}` };
  const members: Members = { ...of.members, maps: [], callables: [...world.functions, inherited] };
  const made = makeBody(world, {
    members,
    parameters,
    takesPacket,
    returns: of.returns,
    position: "either",
    budget: 4,
    mayMove: false,
    mayWritePacket: false,
  });
  const list = parameterList(made.names, parameters, takesPacket, "Packet");
  const signature = `${of.visibility}override ${of.name}(${list}): ${resultText(of.returns)} `;
  if (world.random.chance(0.4)) {
    const mixin = world.fresh("Mixin");
    return fragment("mixin", [
      `const ${mixin} = <B extends new (...args: any[]) => ${of.base}>(Base: B) => class extends Base {\n  `,
      indented(fragment("method", [signature, ...made.text])),
      `\n};\nclass ${of.base}Derived extends ${mixin}(${of.base}) {}`,
    ]);
  }
  return fragment("override", [
    `class ${of.base}Derived extends ${of.base} {\n  `,
    indented(fragment("method", [signature, ...made.text])),
    "\n}",
  ]);
}

interface Options {
  readonly type: string;
  readonly instances: readonly string[];
  readonly constants: readonly Constant[];
  readonly lists: readonly ConstantList[];
  readonly callables: readonly Callable[];
}

function makeOptions(world: World): Options {
  const { random } = world;
  const instances = Array.from({ length: random.chance(0.3) ? 2 : 1 }, () => {
    const limit = random.edge(0n, 0xffffn);
    const list = Array.from({ length: 3 }, () => random.edge(0n, 255n));
    const pick = random.pick(["value => u16(value + 1)", "value => value ^ 0x55", "value => (value > 100 ? 100 : value)"]);
    return { limit, list, text: `{ limit: ${limit}, list: [${list.join(", ")}], enabled: ${random.chance(0.5)}, pick: ${pick} }` };
  });
  const limits = instances.map(({ limit }) => limit).toSorted((a, b) => (a < b ? -1 : 1));
  const numbers = instances.flatMap(({ list }) => list).toSorted((a, b) => (a < b ? -1 : 1));
  const word = declared(16);
  const optional = random.chance(0.4);
  return {
    type: `{ readonly limit: u16; readonly list: readonly u8[]; readonly enabled: boolean; readonly pick${optional ? "?" : ""}: (value: u16) => u16 }`,
    instances: instances.map(({ text }) => text),
    constants: [
      { text: "this.options.limit", value: flavoured(value("number", limits[0] ?? 0n, limits.at(-1) ?? 0n), 16) },
      { text: "this.options.enabled", value: declared(1) },
    ],
    lists: [{ text: "this.options.list", value: flavoured(value("number", numbers[0] ?? 0n, numbers.at(-1) ?? 0n), 8), length: 3 }],
    callables: [
      {
        text: `this.options.pick${optional ? "?." : ""}`,
        parameters: [word],
        takesPacket: false,
        result: { type: optional ? "optional" : "value", value: word },
        effects: pure,
      },
    ],
  };
}

/** Maps, params and settings of a class. */
function declareMembers(world: World, members: Members, most: number): { readonly members: Members; readonly texts: readonly Fragment[] } {
  const { random, fresh } = world;
  const texts: Fragment[] = [];
  const maps: MapModel[] = [...members.maps];
  const params: Constant[] = [...members.params];
  for (let i = random.between(0, most); i > 0; i--) {
    const { map, text } = randomMap(random, fresh("map"), world.structs, world.keys);
    maps.push(map);
    texts.push(text);
  }
  for (let i = random.below(3); i > 0; i--) {
    const { constant, text } = randomVariable(random, fresh(""));
    params.push(constant);
    texts.push(text);
  }
  return { members: { ...members, constants: [...members.constants], maps, params }, texts };
}

function parameterList(given: readonly string[], parameters: readonly Value[], takesPacket: boolean, packet: string): string {
  const list = given.map((name, i) => `${name}: ${typeText(parameters[i] ?? declared(8))}`);
  return (takesPacket ? [`pkt: ${packet}`, ...list] : list).join(", ");
}

function makeMethod(
  world: World,
  of: {
    name: string;
    visibility: string;
    parameters: readonly Value[];
    takesPacket: boolean;
    returns: Returns;
    members: Members;
    budget: number;
  },
): { readonly text: Fragment; readonly callable: Callable } {
  const { random } = world;
  const { parameters, takesPacket, returns, members } = of;
  const mayWritePacket = takesPacket && random.chance(0.7);
  const made = makeBody(world, {
    members,
    parameters,
    takesPacket,
    returns,
    position: "either",
    budget: of.budget,
    mayMove: mayWritePacket && random.chance(0.4),
    mayWritePacket,
  });
  const signature = `${of.visibility}${of.name}(${parameterList(made.names, parameters, takesPacket, "Packet")}): ${resultText(returns)} `;
  const effects = { movesPacket: made.done.moves, writesPacket: made.done.writes, endsMaps: [...made.done.ended] };
  return {
    text: fragment("method", [signature, ...made.text]),
    callable: { text: `this.${of.name}`, parameters, takesPacket, result: resultOf(returns), effects },
  };
}

function makePipeline(
  world: World,
  className: string,
  blocks: readonly BlockModel[],
): { readonly text: Fragment; readonly hooks: readonly Hook[] } {
  const { random, fresh } = world;
  const fields: Fragment[] = [];
  const setUp: Fragment[] = [];
  const callables: Callable[] = [...world.functions];
  const maps: MapModel[] = [];
  for (const model of blocks) {
    for (const options of model.instances) {
      const name = fresh("block");
      const effectsOf = (each: Callable) => ({ ...each.effects, endsMaps: each.effects.endsMaps.map(map => `${name}.${map}`) });
      if (random.chance(0.15)) {
        // a block that the build may leave out: the calls of it go with it
        const made = `${random.chance(0.5)} ? new ${model.className}(${options}) : undefined`;
        fields.push(fragment("optional instance", [`readonly ${name}: ${model.className} | undefined = ${made};`]));
        for (const each of model.callables) {
          if (each.result.type === "verdict") callables.push({ ...each, text: `this.${name}?.${each.text}`, effects: effectsOf(each) });
        }
        continue;
      }
      fields.push(fragment("instance", [`readonly ${name} = new ${model.className}(${options});`]));
      for (const each of model.callables) callables.push({ ...each, text: `this.${name}.${each.text}`, effects: effectsOf(each) });
      for (const map of model.maps) {
        maps.push({ ...map, name: `${name}.${map.name}` });
        setUp.push(...initialEntries(random, `this.${name}.${map.name}`, map));
      }
    }
  }
  const base: Members = { maps, constants: world.constants, lists: world.lists, params: [], callables, headers: world.headers };
  const own = declareMembers(world, base, 3);
  for (const map of own.members.maps.slice(maps.length)) setUp.push(...initialEntries(random, `this.${map.name}`, map));
  const hooks = random.weighted<readonly Hook[]>([
    [4, ["xdp"]],
    [4, ["ingress"]],
    [1, ["egress"]],
    [2, ["xdp", "ingress"]],
    [2, ["ingress", "egress"]],
    [1, ["xdp", "ingress", "egress"]],
  ]);
  const methods = hooks.map(hook => {
    const position = hook === "xdp" ? "xdp" : "tc";
    const made = makeBody(world, {
      members: own.members,
      parameters: [],
      takesPacket: true,
      returns: { type: "verdict", optional: false },
      position,
      budget: Math.ceil(24 / hooks.length),
      mayMove: true,
      mayWritePacket: true,
    });
    return fragment(`hook ${hook}`, [`override ${hook}(pkt: ${position === "xdp" ? "XdpPacket" : "TcPacket"}): Verdict `, ...made.text]);
  });
  const construction =
    setUp.length === 0
      ? []
      : [fragment("constructor", ["constructor() ", { kind: "body", statements: [fragment("super", ["super();"]), ...setUp] }])];
  const text = fragment("pipeline", [
    `export class ${className} extends Pipeline {`,
    ...[...fields, ...own.texts, ...construction, ...methods].flatMap((each): readonly Part[] => ["\n  ", indented(each)]),
    "\n}",
  ]);
  return { text, hooks };
}

/** A member of a class: its own lines stand two columns further in. */
function indented(member: Fragment): Fragment {
  return fragment("member", code`${member}`);
}

/** Views, single integers, runs of bytes and layers of the packet. */

import { condition } from "../expressions/boolean.js";
import { integer } from "../expressions/key.js";
import { numberWithin } from "../expressions/number.js";
import { arraysOf, scalarsOf } from "../model.js";
import type { LayersView, Scope, View } from "../scope.js";
import { code, type Fragment, fragment } from "../tree.js";
import { type Expression, topOf, value, whole } from "../value.js";
import { exit, leave } from "./exit.js";
import { block, type Maker } from "./index.js";

/**
 * An offset where something of interest often is. What is read there as one piece must not lie on both sides of 12,
 * where a tag may be; run-time offsets begin behind it.
 */
function offset(scope: Scope, size: number): Expression {
  const { random } = scope.method;
  if (random.chance(0.6)) {
    const front = size <= 6 ? [0, 6] : size <= 12 ? [0] : [];
    const at = random.pick([...front, 12, 14, 16, 18, 22, 23, 26, 30, 34, 36, 42, 46, 54, 70]);
    return { kind: "fragment", sort: "literal", parts: [`${at}`], value: value("number", BigInt(at), BigInt(at)), simpler: [] };
  }
  return numberWithin(scope, value("number", 12n, random.pick([15n, 127n, 2000n])), 2);
}

/** Tells a scope of a view and of the arrays in it. */
export function showView(scope: Scope, view: Omit<View, "dead">): void {
  scope.addView(view);
  for (const { path, bits, length } of arraysOf(view.layout)) {
    scope.addArray({ name: `${view.name}.${path}`, bits, length, ties: view.ties, writable: view.memory !== "shared" });
  }
}

function look(scope: Scope): Fragment | undefined {
  const { random, members, hasPacket, fresh } = scope.method;
  if (!hasPacket) return undefined;
  const header = random.pick(members.headers);
  const previous = scope.views.filter(view => view.header !== undefined);
  const name = fresh("h");
  const after = previous.length > 0 && random.chance(0.5) ? random.pick(previous) : undefined;
  const from = after
    ? [`pkt.after(${after.name}, ${header.name})`]
    : code`pkt.at(${offset(scope, header.name === "Ethernet" ? 0 : 99)}, ${header.name})`;
  const declaration = fragment(after ? "pkt.after" : "pkt.at", [`const ${name} = `, ...from, ";"]);
  const view = { name, layout: header, header, memory: "packet", ties: ["packet"] } as const;
  if (random.chance(0.5)) {
    const out = leave(scope);
    showView(scope, view);
    return fragment("view or leave", code`${declaration}\nif (!${name}) ${out}`);
  }
  const inner = scope.child();
  showView(inner, view);
  return fragment("if view", code`${declaration}\nif (${name}) ${block(inner, 4)}`);
}

function storable({ layout, header }: View) {
  return scalarsOf(layout).filter(({ path }) => !header?.fixed.includes(path));
}

function store(scope: Scope): Fragment | undefined {
  const { random, mayWritePacket, done } = scope.method;
  const views = scope.views.filter(view => view.memory === "packet");
  if (!mayWritePacket || views.length === 0) return undefined;
  const view = random.pick(views);
  const scalars = storable(view);
  if (scalars.length === 0) return undefined;
  const { path, bits, field } = random.pick(scalars);
  done.writes = true;
  const boolean = bits === 1 && (field.type === "flag" || field.type === "flags");
  const whole =
    path.endsWith(".value") || field.type === "int" || field.type === "array" || field.type === "bits" || field.type === "overlay";
  const stored =
    boolean && !whole
      ? condition(scope, 2)
      : field.type === "bits" || path.endsWith(".value")
        ? numberWithin(scope, value("number", 0n, topOf(bits)), 3)
        : integer(scope, bits, 3);
  return fragment(`store ${field.type}`, code`${view.name}.${path} = ${stored};`);
}

function read(scope: Scope): Fragment | undefined {
  const { random, hasPacket, fresh } = scope.method;
  if (!hasPacket) return undefined;
  const bits = random.pick([8, 16, 32, 48, 64, 128] as const);
  const name = fresh("r");
  const at = offset(scope, bits / 8);
  const of = whole(bits);
  if (random.chance(0.5)) {
    const other = integer(scope, bits, 1);
    scope.addVariable(name, of);
    return fragment(`pkt.read u${bits}`, ["const ", name, ` = pkt.read(`, at, `, u${bits}) ?? `, other, ";"]);
  }
  const out = leave(scope);
  scope.addVariable(name, of);
  return fragment(`pkt.read u${bits}`, ["const ", name, " = pkt.read(", at, `, u${bits});\nif (${name} === undefined) `, out]);
}

function write(scope: Scope): Fragment | undefined {
  const { random, hasPacket, mayWritePacket, done } = scope.method;
  if (!hasPacket || !mayWritePacket) return undefined;
  const bits = random.pick([8, 16, 32, 48, 64, 128] as const);
  done.writes = true;
  const call = ["pkt.write(", offset(scope, bits / 8), `, u${bits}, `, integer(scope, bits, 2), ")"] as const;
  if (random.chance(0.5)) return fragment(`pkt.write u${bits}`, [...call, ";"]);
  return fragment(`pkt.write u${bits}`, ["if (!", ...call, ") ", leave(scope)]);
}

function bytes(scope: Scope): Fragment | undefined {
  const { random, hasPacket, mayWritePacket, fresh } = scope.method;
  if (!hasPacket) return undefined;
  const length = random.pick([4, 6, 8, 16, 20]);
  const name = fresh("b");
  const view = { name, bits: 8, length, ties: ["packet"], writable: mayWritePacket };
  const declaration = code`const ${name} = pkt.bytes(${offset(scope, length)}, ${`${length}`});\nif (!${name}) ${leave(scope)}`;
  scope.addArray(view);
  return fragment("pkt.bytes", declaration);
}

function arrays(scope: Scope): Fragment | undefined {
  const { random, done, mayWritePacket } = scope.method;
  const writable = scope.arrays.filter(array => array.writable && (mayWritePacket || !array.ties.includes("packet")));
  if (writable.length === 0) return undefined;
  const array = random.pick(writable);
  if (array.ties.includes("packet")) done.writes = true;
  const like = scope.arrays.filter(({ bits, length }) => bits === array.bits && length === array.length);
  switch (random.below(3)) {
    case 0:
      return fragment("array.fill", code`${array.name}.fill(${integer(scope, array.bits, 2)});`);
    case 1:
      return fragment("array.set", code`${array.name}.set(${random.pick(like).name});`);
    default: {
      const index = numberWithin(scope, value("number", 0n, BigInt(array.length - 1)), 2);
      return fragment("array[i] =", code`${array.name}[${index}] = ${integer(scope, array.bits, 2)};`);
    }
  }
}

/** What is left out, but seldom the family that is looked for. */
function layersOptions(scope: Scope, family: 4 | 6): string {
  const { random } = scope.method;
  const without = ["vlan", "fragments", "extensions"].filter(() => random.chance(0.4)).map(name => `${name}: false`);
  const families = random.weighted([
    [3, [`families: [${family}]`]],
    [1, [`families: [${10 - family}]`]],
    [1, ["families: [4, 6]"]],
    [3, []],
  ]);
  return `{ ${[...families, ...without].join(", ")} }`;
}

/** The packet that an ICMP error quotes. */
function quoted(scope: Scope): Fragment | undefined {
  const { fresh, members, random } = scope.method;
  const known = scope.layers.filter(layers => layers.family !== undefined && !layers.quoted);
  if (known.length === 0) return undefined;
  const { name: outer, family } = random.pick(known);
  const name = fresh("quoted");
  const declaration = fragment("layers.quoted", [`const ${name} = ${outer}.quoted(${random.chance(0.3) ? "{ extensions: false }" : ""});`]);
  const show = (into: Scope): void => {
    into.addLayers(name, family, true);
    const ip = members.headers.find(header => header.name === (family === 4 ? "Ipv4" : "Ipv6"));
    if (ip) showView(into, { name: `${name}.ip`, layout: ip, header: ip, memory: "packet", ties: ["packet"] });
  };
  if (random.chance(0.4)) {
    const out = leave(scope);
    show(scope);
    return fragment("quoted or leave", code`${declaration}\nif (!${name}) ${out}`);
  }
  const inner = scope.child();
  show(inner);
  const first = random.chance(0.5) ? rewriteOf(inner, { name, family, quoted: true }) : undefined;
  const statements = block(inner, 4);
  if (first) statements.statements.unshift(first);
  return fragment("if quoted", code`${declaration}\nif (${name}) ${statements}`);
}

function layers(scope: Scope): Fragment | undefined {
  const { random, hasPacket, fresh, members } = scope.method;
  if (!hasPacket) return undefined;
  const name = fresh("l");
  const family = random.pick([4, 6] as const);
  const declaration = random.chance(0.6)
    ? fragment("pkt.layers", [`const ${name} = pkt.layers();`])
    : fragment("pkt.layers with options", [`const ${name} = pkt.layers(${layersOptions(scope, family)});`]);
  const inner = scope.child();
  inner.addLayers(name, family);
  const ip = members.headers.find(header => header.name === (family === 4 ? "Ipv4" : "Ipv6"));
  if (ip) showView(inner, { name: `${name}.ip`, layout: ip, header: ip, memory: "packet", ties: ["packet"] });
  if (random.chance(0.6)) {
    if (random.chance(0.3)) {
      const out = exit(scope);
      scope.addLayers(name, family);
      if (ip) showView(scope, { name: `${name}.ip`, layout: ip, header: ip, memory: "packet", ties: ["packet"] });
      return fragment(`layers IPv${family} or leave`, code`${declaration}\nif (${name}.family !== ${`${family}`}) ${out}`);
    }
    return fragment(`layers IPv${family}`, code`${declaration}\nif (${name}.family === ${`${family}`}) ${block(inner, 4)}`);
  }
  const transport = random.pick(["tcp", "udp", "icmp", "icmpv6"] as const);
  const header = members.headers.find(each => each.name.toLowerCase() === transport);
  const either = scope.child();
  const view = fresh(transport);
  either.addLayers(name, undefined);
  if (header) showView(either, { name: view, layout: header, header, memory: "packet", ties: ["packet"] });
  if (random.chance(0.5))
    return fragment(
      `layers.${transport}`,
      code`${declaration}\nconst { ${transport}: ${view} } = ${name};\nif (${view}) ${block(either, 4)}`,
    );
  return fragment(`layers.${transport}`, code`${declaration}\nconst ${view} = ${name}.${transport};\nif (${view}) ${block(either, 4)}`);
}

function rewrite(scope: Scope): Fragment | undefined {
  const { random, mayWritePacket } = scope.method;
  const known = scope.layers.filter(({ family }) => family !== undefined);
  if (known.length === 0 || !mayWritePacket) return undefined;
  return rewriteOf(scope, random.pick(known));
}

function rewriteOf(scope: Scope, { name, family, quoted }: Omit<LayersView, "dead">): Fragment | undefined {
  const { random, mayWritePacket, done } = scope.method;
  if (!mayWritePacket) return undefined;
  const address = family === 4 ? 32 : 128;
  const fields = [
    ["source", address],
    ["destination", address],
    ...(quoted
      ? []
      : ([
          ["ttl", 8],
          ["dscp", 6],
        ] as const)),
    ["sourcePort", 16],
    ["destinationPort", 16],
    ["identifier", 16],
  ] as const;
  const chosen = fields.filter(() => random.chance(0.4));
  if (chosen.length === 0) return undefined;
  done.writes = true;
  const parts = chosen.flatMap(([field, bits], i) => [
    i > 0 ? ", " : "",
    `${field}: `,
    bits === 6 ? numberWithin(scope, value("number", 0n, 63n), 1) : integer(scope, bits, 1),
  ]);
  return fragment(quoted ? "quoted.rewrite" : "layers.rewrite", [`${name}.rewrite({ `, ...parts, " });"]);
}

function checksum(scope: Scope): Fragment | undefined {
  const { random, hasPacket, fresh } = scope.method;
  if (!hasPacket) return undefined;
  const name = fresh("sum");
  const max = random.pick([20, 40, 64]);
  const length = numberWithin(scope, value("number", 0n, BigInt(max)), 1);
  const made = code`const ${name} = pkt.checksum(${offset(scope, 0)}, ${length}, { max: ${`${max}`} });`;
  scope.addVariable(name, value("number", 0n, 0xffffn));
  return fragment("pkt.checksum", made);
}

function copy(scope: Scope): Fragment | undefined {
  const { random, hasPacket, mayWritePacket, done } = scope.method;
  if (!hasPacket || !mayWritePacket) return undefined;
  const max = random.pick([4, 8, 16]);
  done.writes = true;
  const count = numberWithin(scope, value("number", 0n, BigInt(max)), 1);
  return fragment(
    "pkt.copy",
    code`if (!pkt.copy(${offset(scope, 0)}, ${offset(scope, 0)}, ${count}, { max: ${`${max}`} })) ${leave(scope)}`,
  );
}

function offsets(scope: Scope): Fragment | undefined {
  const { random, hasPacket, fresh } = scope.method;
  const views = scope.views.filter(view => view.memory === "packet" && view.header !== undefined);
  if (!hasPacket || views.length === 0) return undefined;
  const which = random.pick(["offsetOf", "endOf"]);
  const name = fresh("o");
  const made = fragment(`pkt.${which}`, [`const ${name} = pkt.${which}(${random.pick(views).name});`]);
  scope.addVariable(name, value("number", 0n, 0xffffn), { ties: ["packet"] });
  return made;
}

export const packetStatements: readonly (readonly [number, Maker])[] = [
  [8, look],
  [8, store],
  [4, read],
  [3, write],
  [3, bytes],
  [3, arrays],
  [4, layers],
  [2, rewrite],
  [8, quoted],
  [1, checksum],
  [1, copy],
  [1, offsets],
];

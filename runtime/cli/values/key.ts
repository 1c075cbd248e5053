/** Keys of maps: as values, but for prefixes, which people write with a slash. */
import type { MapEntry } from "../../../codegen/bundle/manifest.js";
import type { Shape, StructShape } from "../../../dsl/core/shape.js";
import { UsageError } from "../command-error.js";
import { formatValue } from "./format.js";
import { parseInteger } from "./integer.js";
import { parseValue, type Value } from "./parse.js";

const index: Shape = { kind: "int", bits: 32, order: "host" };

export function parseKey(text: string, map: MapEntry): Value {
  const shape = map.key ?? index;
  const prefix = prefixShape(map);
  const [, address, bits] = /^([^{},/]+)(?:\/(\d+))?$/.exec(text.trim()) ?? [];
  if (!prefix || address === undefined) return parseValue(text, shape, "the key");
  const value = parseInteger(address);
  if (value === undefined) throw new UsageError(`the key is not a prefix: "${text}"`, "write it as 192.0.2.0/24");
  const width = prefix.width * 8;
  const length = bits === undefined ? width : Number(bits);
  if (length > width || value >> BigInt(width) !== 0n) throw new UsageError(`the key is not a prefix of ${width} bits: "${text}"`);
  return { length, [prefix.name]: width > 48 ? value : Number(value) };
}

export function formatKey(key: unknown, map: MapEntry): string {
  const prefix = prefixShape(map);
  if (!prefix || typeof key !== "object" || key === null) return formatValue(key, map.key ?? index);
  return `${formatValue(Reflect.get(key, prefix.name), prefix.shape)}/${Reflect.get(key, "length")}`;
}

/** The address field of a trie's key, where there is nothing else in it but the length. */
function prefixShape(map: MapEntry): { readonly name: string; readonly shape: Shape; readonly width: number } | undefined {
  if ((map.kind !== "lpmTrie" && map.kind !== "prefixTable") || map.key?.kind !== "struct") return undefined;
  const [length, address, ...rest]: StructShape["fields"] = map.key.fields;
  if (length?.name !== "length" || address?.shape.kind !== "int" || rest.length > 0) return undefined;
  return { name: address.name, shape: address.shape, width: address.shape.bits / 8 };
}

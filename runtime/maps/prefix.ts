/** Keys of a trie over plain addresses, in the forms that programs use. */
import type { MapEntry } from "../../codegen/bundle/manifest.js";

/**
 * `{ prefix, length }`, or an address alone for its whole width, as the kernel's `{ length, address }`; what has that
 * form already, and keys of other maps, stay as they are.
 */
export function storedKey(map: MapEntry, key: unknown): unknown {
  if ((map.kind !== "lpmTrie" && map.kind !== "prefixTable") || map.key?.kind !== "struct") return key;
  const [length, address, ...rest] = map.key.fields;
  if (length?.name !== "length" || address?.name !== "address" || address.shape.kind !== "int" || rest.length > 0) return key;
  if (typeof key === "number" || typeof key === "bigint") return { length: address.shape.bits, address: key };
  if (typeof key !== "object" || key === null || !("prefix" in key) || !("length" in key)) return key;
  return { length: key.length, address: key.prefix };
}

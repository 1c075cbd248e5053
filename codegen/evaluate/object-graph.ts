/** The live objects that a pipeline holds: by own properties, list elements, and what is in a Map or Set. No getter is called. */

/**
 * All objects that can be reached from one, itself first, nearer ones before others.
 *
 * @param passes whether a property of an object may be followed; all are where it is left out
 */
export function reachableFrom(start: unknown, passes?: (holder: object, property: string) => boolean): ReadonlySet<object> {
  const reached = new Set<object>();
  if (isObject(start)) reached.add(start);
  for (const holder of reached) {
    for (const held of heldBy(holder, passes)) if (isObject(held) && !ArrayBuffer.isView(held)) reached.add(held);
  }
  return reached;
}

function heldBy(holder: object, passes: ((holder: object, property: string) => boolean) | undefined): Iterable<unknown> {
  if (Array.isArray(holder)) return holder;
  const properties = Object.entries(Object.getOwnPropertyDescriptors(holder))
    .filter(([name]) => passes === undefined || passes(holder, name))
    .flatMap(([, { value, get, set }]) => [value, get, set]);
  if (holder instanceof Map) return [...properties, ...holder.keys(), ...holder.values()];
  if (holder instanceof Set) return [...properties, ...holder];
  return properties;
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

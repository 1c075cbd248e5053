import type { Init } from "../core/schema.js";

/** How a map is made. */
export interface MapOptions<V = unknown> {
  /** the most entries it holds */
  maxEntries: number;
  /** One map for the whole pipeline (the default; programs that share maps are loaded once), or one for each target. */
  scope?: "target" | "pipeline";
  /** joins maps of several pipelines under this name */
  shared?: string;
  /** The entry is gone once `now()` reaches this field, or this long (nanoseconds) after it. */
  expires?: { field: { [K in keyof V]: V[K] extends bigint ? K : never }[keyof V] & string; after?: bigint };
}
/** A key as a program gives it: an integer, or a literal of the struct. */
export type KeyInit<K> = K extends number | bigint ? K : Init<K>;

/** The checked size of a map. */
export function sizeOfMap(what: string, maxEntries: number): number {
  if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > 0xffff_ffff)
    throw new RangeError(`${what}: maxEntries is ${maxEntries}, must be 1 … 4294967295`);
  return maxEntries;
}

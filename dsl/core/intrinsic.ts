/**
 * Functions that the compiler knows by name. Everything else that a datapath program calls is compiled from its own
 * TypeScript; only what has no TypeScript meaning in the kernel (time, widths, helpers) is marked here.
 */
export type IntrinsicName =
  | "u8"
  | "u16"
  | "u32"
  | "u48"
  | "u64"
  | "u128"
  | "now"
  | "nowCoarse"
  | "ticks"
  | "random"
  | "min"
  | "max"
  | "prefixOf"
  | "nested"
  | "clear"
  | "copy"
  | "synCookie4"
  | "synCookie6"
  | "isSynCookie4"
  | "isSynCookie6"
  | "verdictDrop"
  | "verdictRedirect"
  | "verdictRoute"
  | "verdictFlood";

const names = new WeakMap<object, IntrinsicName>();

/** Marks a live function as known to the compiler. */
export function intrinsic<F extends object>(name: IntrinsicName, fn: F): F {
  names.set(fn, name);
  return fn;
}

export function intrinsicName(fn: object): IntrinsicName | undefined {
  return names.get(fn);
}

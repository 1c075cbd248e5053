/** Ageing: an entry is gone once the kernel's clock reaches its field, or `after` behind it. */
import type { MapEntry } from "../../codegen/bundle/manifest.js";
import type { Value } from "./codec.js";

/** The clock of `now()`: nanoseconds since boot, not counting sleep. */
export function kernelNow(): bigint {
  return process.hrtime.bigint();
}

/** Whether programs do not see an entry any more. `values`: one of each processor for per-CPU kinds; the latest counts. */
export function isExpired(map: MapEntry, values: readonly Value[], now: bigint): boolean {
  const { expires } = map;
  if (!expires) return false;
  const latest = values.reduce<bigint>((most, value) => {
    const field: unknown = typeof value === "object" && value !== null ? Reflect.get(value, expires.field) : undefined;
    return typeof field === "bigint" && field > most ? field : most;
  }, 0n);
  return latest + BigInt(expires.after) <= now;
}

/**
 * Ageing. With `expires` an entry is gone once the kernel's clock reaches its field, or `after` behind it; in a table of
 * flows (flow-layout.ts) it is gone once it has idled as long as its state allows.
 */
import type { MapEntry } from "../../codegen/bundle/manifest.js";
import type { Field } from "../../dsl/core/shape.js";
import { readTicks, type Ticks } from "../machine/ticks.js";
import type { MapInfo } from "../native/index.js";
import type { RawEntry } from "./raw.js";

/** The clocks that entries are held against. */
export interface Clocks {
  /** of `now()`: nanoseconds since boot, not counting sleep */
  readonly nanoseconds: bigint;
  readonly ticks: Ticks;
}

export function readClocks(): Clocks {
  return { nanoseconds: process.hrtime.bigint(), ticks: readTicks() };
}

/** Whether an entry (with the values of all slots, for per-CPU kinds) has expired. */
export type Expiry = (entry: RawEntry, clocks: Clocks) => boolean;

/** How entries of a map age by `expires`; undefined where they do not. Of the slots of a per-CPU kind, the latest counts. */
export function expiryOf(map: MapEntry, { slots, valueSize }: Pick<MapInfo, "slots" | "valueSize">): Expiry | undefined {
  if (!map.expires) return undefined;
  const field = fieldOf(map, map.expires.field);
  if (!field) return undefined;
  const after = BigInt(map.expires.after);
  const isLittle = field.shape.kind !== "int" || field.shape.order === "host";
  const stride = Math.ceil(valueSize / 8) * 8;
  return ([, value], { nanoseconds }) => {
    const view = viewOf(value);
    let latest = 0n;
    for (let slot = 0; slot < slots; slot++) {
      const one = view.getBigUint64(slot * stride + field.offset, isLittle);
      if (one > latest) latest = one;
    }
    return latest + after <= nanoseconds;
  };
}

/** A field of the map's value. */
export function fieldOf(map: MapEntry, name: string): Field | undefined {
  return map.value?.kind === "struct" ? map.value.fields.find(field => field.name === name) : undefined;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

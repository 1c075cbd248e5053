/**
 * Ageing. With `expires` an entry is gone once the kernel's clock reaches its field, or `after` behind it; in a table of
 * flows it is gone once it has idled as long as its state allows.
 */
import type { FlowState, MapEntry } from "../../codegen/bundle/manifest.js";
import type { Field } from "../../dsl/core/shape.js";
import { readTicks, type Ticks } from "../machine/ticks.js";
import type { MapInfo } from "../native/index.js";

/** The clocks that entries are held against. */
export interface Clocks {
  /** of `now()`: nanoseconds since boot, not counting sleep */
  readonly nanoseconds: bigint;
  readonly ticks: Ticks;
}

export function readClocks(): Clocks {
  return { nanoseconds: process.hrtime.bigint(), ticks: readTicks() };
}

/** Whether an entry with this value (all slots, for per-CPU kinds) has expired. */
export type Expiry = (value: Uint8Array, clocks: Clocks) => boolean;

/** How entries of a map age; undefined where they do not, or not by themselves. */
export function expiryOf(map: MapEntry, info: Pick<MapInfo, "slots" | "valueSize">): Expiry | undefined {
  return map.states ? flowExpiry(map, map.states) : fieldExpiry(map, info);
}

/** By `expires`: of the slots of a per-CPU kind, the latest counts. */
export function fieldExpiry(map: MapEntry, { slots, valueSize }: Pick<MapInfo, "slots" | "valueSize">): Expiry | undefined {
  if (!map.expires) return undefined;
  const field = fieldOf(map, map.expires.field);
  if (!field) return undefined;
  const after = BigInt(map.expires.after);
  const isLittle = field.shape.kind !== "int" || field.shape.order === "host";
  const stride = Math.ceil(valueSize / 8) * 8;
  return (value, { nanoseconds }) => {
    const view = viewOf(value);
    let latest = 0n;
    for (let slot = 0; slot < slots; slot++) {
      const one = view.getBigUint64(slot * stride + field.offset, isLittle);
      if (one > latest) latest = one;
    }
    return latest + after <= nanoseconds;
  };
}

/** By the state that a flow is in. A state that nobody described does not end. */
function flowExpiry(map: MapEntry, states: readonly FlowState[]): Expiry | undefined {
  const [seen, state] = [fieldOf(map, "seen"), fieldOf(map, "state")];
  if (!seen || !state) return undefined;
  return (value, { ticks }) => {
    const timeout = states[value[state.offset] ?? 0]?.timeout;
    return timeout !== undefined && idleTicks(value, seen.offset, ticks) >= timeout * ticks.perSecond;
  };
}

/** Ticks since the entry was seen. The counter wraps: differences are signed 32-bit ones. */
export function idleTicks(value: Uint8Array, seenOffset: number, { now, ahead }: Ticks): number {
  return (now - ahead - viewOf(value).getUint32(seenOffset, true)) | 0;
}

/** A field of the map's value. */
export function fieldOf(map: MapEntry, name: string): Field | undefined {
  return map.value?.kind === "struct" ? map.value.fields.find(field => field.name === name) : undefined;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Deletes from a map what has expired, so that it makes room. */
import type { MapEntry } from "../../codegen/bundle/manifest.js";
import { failedWith } from "../native/index.js";
import { type Clocks, type Expiry, expiryOf, fieldOf, idleTicks, readClocks } from "./expiry.js";
import type { RawMap } from "./raw.js";

/** What a sweep did. */
export interface SweepFigures {
  /** the map, by its path in the pipeline */
  readonly path: string;
  /** entries looked at, the living ones too */
  readonly examined: number;
  readonly deleted: number;
  /** renewed by a packet at the very moment of their deletion, and put back */
  readonly restored: number;
  readonly milliseconds: number;
}

/** entries between two pauses */
const ROUND = 4096;
/** linux/bpf.h: an update that must not replace an entry */
const BPF_NOEXIST = 1;

/**
 * Walks a map and deletes what has expired. An entry is read again before it is deleted, and put back where a packet
 * renewed it between the two: what that packet's successor, some microseconds later, does not find is all that can be
 * lost. Yields now and then, so that the caller can do something else.
 */
export function* sweepMap(map: RawMap, entry: MapEntry): Generator<void, SweepFigures> {
  const started = performance.now();
  const counts = { examined: 0, deleted: 0, restored: 0 };
  const expiry = sweptBy(map, entry);
  if (expiry) {
    let clocks = readClocks();
    for (const [key, value] of map.entries()) {
      counts.examined++;
      if (expiry(value, clocks)) {
        const outcome = collect(map, key, expiry, clocks);
        if (outcome !== "kept") counts[outcome]++;
      }
      if (counts.examined % ROUND !== 0) continue;
      yield;
      clocks = readClocks();
    }
  }
  return { path: entry.path, ...counts, milliseconds: performance.now() - started };
}

/** Whether entries of a map go by themselves. */
export function isSwept(entry: MapEntry): boolean {
  return entry.expires !== undefined || entry.states !== undefined;
}

function collect(map: RawMap, key: Uint8Array, expiry: Expiry, clocks: Clocks): "deleted" | "restored" | "kept" {
  const now = map.get(key);
  if (!now || !expiry(now, clocks)) return "kept";
  const last = take(map, key);
  if (last === "unsupported") return map.delete(key) ? "deleted" : "kept";
  if (!last) return "kept";
  if (expiry(last, clocks)) return "deleted";
  try {
    map.kernel.update(key, last, BPF_NOEXIST);
    return "restored";
  } catch (error) {
    // The flow has begun anew meanwhile.
    if (failedWith(error, "EEXIST")) return "kept";
    throw error;
  }
}

function take(map: RawMap, key: Uint8Array): Uint8Array | undefined | "unsupported" {
  try {
    return map.kernel.take(key);
  } catch (error) {
    if (failedWith(error, "ENOTSUPP", "EOPNOTSUPP", "ENOTSUP", "EINVAL")) return "unsupported";
    throw error;
  }
}

function sweptBy(map: RawMap, entry: MapEntry): Expiry | undefined {
  const expiry = expiryOf(entry, map.info);
  const companion = companionExpiry(map, entry, expiry);
  return companion ?? expiry;
}

/**
 * The second entry of a translated flow lives as long as the flow itself. It is stored first, so that for a moment it has
 * none: it is left alone for some seconds.
 */
function companionExpiry(map: RawMap, entry: MapEntry, expiry: Expiry | undefined): Expiry | undefined {
  const [companion, seen] = [fieldOf(entry, "companion"), fieldOf(entry, "seen")];
  const main = fieldOf(entry, "main4") ?? fieldOf(entry, "main6");
  if (!expiry || !companion || !main || !seen) return undefined;
  const { keySize } = map.info;
  return (value, clocks) => {
    if (value[companion.offset] === 0) return expiry(value, clocks);
    if (idleTicks(value, seen.offset, clocks.ticks) < 2 * clocks.ticks.perSecond) return false;
    const flow = map.get(value.subarray(main.offset, main.offset + keySize));
    return !flow || expiry(flow, clocks);
  };
}

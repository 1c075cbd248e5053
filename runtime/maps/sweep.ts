/** Deletes from a map what has expired, so that it makes room. */
import type { MapEntry } from "../../codegen/bundle/manifest.js";
import { failedWith } from "../native/index.js";
import { type Clocks, expiryOf, readClocks } from "./expiry.js";
import { FlowLayout } from "./flow-layout.js";
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

/** Whether an entry goes. */
type Sweeper = (key: Uint8Array, value: Uint8Array, clocks: Clocks) => boolean;

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
  const isOver = sweptBy(map, entry);
  if (isOver) {
    let clocks = readClocks();
    for (const [key, value] of map.entries()) {
      counts.examined++;
      if (isOver(key, value, clocks)) {
        const outcome = collect(map, key, isOver, clocks);
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

function collect(map: RawMap, key: Uint8Array, isOver: Sweeper, clocks: Clocks): "deleted" | "restored" | "kept" {
  const now = map.get(key);
  if (!now || !isOver(key, now, clocks)) return "kept";
  const last = take(map, key);
  if (last === "unsupported") return map.delete(key) ? "deleted" : "kept";
  if (!last) return "kept";
  if (isOver(key, last, clocks)) return "deleted";
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

/**
 * The second entry of a translated flow lives as long as the flow itself. It is stored first, so that for a moment it has
 * none: it is left alone for some seconds.
 */
function sweptBy(map: RawMap, entry: MapEntry): Sweeper | undefined {
  const expiry = expiryOf(entry, map.info);
  const layout = FlowLayout.of(entry);
  if (!expiry || !layout) return expiry && ((_, value, clocks) => expiry(value, clocks));
  return (key, value, clocks) => {
    if (!layout.isCompanion(value)) return expiry(value, clocks);
    if (layout.idleTicks(value, clocks.ticks) < 2 * clocks.ticks.perSecond) return false;
    const main = layout.keyOfMain(key, value);
    const flow = main && map.get(main);
    return !flow || expiry(flow, clocks);
  };
}

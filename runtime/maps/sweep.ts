/** Deletes from a map what has expired, so that it makes room. */
import type { MapEntry } from "../../codegen/bundle/manifest.js";
import { type Clocks, expiryOf, readClocks } from "./expiry.js";
import { FlowLayout } from "./flow-layout.js";
import type { RawEntry, RawMap } from "./raw.js";

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
type Sweeper = (entry: RawEntry, clocks: Clocks) => boolean;

/** entries between two pauses */
const ROUND = 4096;

/**
 * Walks a map and deletes what has expired, one by one: living entries stay (see `RawMap.collect`). Yields now and then, so that the caller can do something else.
 */
export function* sweepMap(map: RawMap, entry: MapEntry): Generator<void, SweepFigures> {
  const started = performance.now();
  const counts = { examined: 0, deleted: 0, restored: 0 };
  const isOver = sweptBy(map, entry);
  if (isOver) {
    let clocks = readClocks();
    for (const one of map.entries()) {
      counts.examined++;
      if (isOver(one, clocks)) {
        const outcome = map.collect(one[0], again => isOver(again, clocks));
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

/**
 * The second entry of a translated flow lives as long as the flow itself. It is stored first, so that for a moment it has
 * none: it is left alone for some seconds.
 */
function sweptBy(map: RawMap, entry: MapEntry): Sweeper | undefined {
  const layout = FlowLayout.of(entry);
  const expiry = layout ? layout.expiry : expiryOf(entry, map.info);
  if (!layout || !expiry) return expiry;
  return (one, clocks) => {
    if (!layout.isCompanion(one)) return expiry(one, clocks);
    if (layout.idleTicks(one, clocks.ticks) < 2 * clocks.ticks.perSecond) return false;
    const main = layout.keyOfMain(one);
    const flow = main && map.find(main);
    return !flow || expiry(flow, clocks);
  };
}

/** The ring of one service, as it is stored: built by the block, and by user space when backends change. */
import { interleaved, type Member, maglev } from "./maglev.js";
import { BackendState, PLACES, Scheduler } from "./records.js";

/** Entries of the map of rings that one ring takes. */
export function partsOf(ringSize: number): number {
  return Math.ceil(ringSize / PLACES);
}

/** What a ring is made from. */
export interface RingMember {
  readonly number: number;
  readonly identity: string;
  readonly weight: number;
  readonly state: number;
}

/**
 * The ring's parts, in order, each a list of {@link PLACES} backend numbers: of those that take new flows.
 * @returns no part where no backend does
 */
export function ringParts(scheduler: number, backends: readonly RingMember[], ringSize: number): readonly (readonly number[])[] {
  const members: readonly Member[] = backends.filter(({ state, weight }) => state === BackendState.Up && weight > 0);
  const ring = scheduler === Scheduler.RoundRobin ? interleaved(members, ringSize) : maglev(members, ringSize);
  if (ring.length === 0) return [];
  return Array.from({ length: partsOf(ringSize) }, (_, part) =>
    Array.from({ length: PLACES }, (_, place) => ring[part * PLACES + place] ?? 0),
  );
}

/** What a backend's flows remember of it. */
export function tagOf(number: number, incarnation: number): number {
  return incarnation * 65_536 + number;
}

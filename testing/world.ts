/** What surrounds a packet in a test: clock, random numbers, params, the target. */
import { readFileSync } from "node:fs";
import { DEFAULT_HZ, type Surroundings } from "../dsl/core/world.js";
import type { TargetValues } from "../dsl/index.js";

/** All of it may be left out. */
export interface World {
  /** what `now()` says, in nanoseconds; 0 where left out. `ticks()` is the same clock in jiffies. */
  clock?: bigint;
  /** what `random()` gives, in order; then, or where left out, a generator with a fixed seed goes on */
  random?: number[];
  /** params and settings by path: `{ "mss.limit": 1400 }`, for this packet alone */
  params?: Record<string, number | bigint | boolean>;
  /** the device that the packet came by: a name, or an interface index as text; `1` where left out */
  device?: string;
  /** what `fromTarget` gives; zero where left out */
  target?: Partial<TargetValues>;
  /** tc: the packet's mark when it comes */
  mark?: number;
  /** tc: the packet's priority when it comes */
  priority?: number;
  /** tc: the packet's earliest departure when it comes, nanoseconds, as TCP's own pacing sets it */
  departure?: bigint;
}

const RANDOM_SEED = 0x9e37_79b9;

/**
 * The random numbers of a world, one a call: those that the test lists, then Mulberry32's from a fixed seed. The
 * kernel's side takes its list from here too.
 */
export function randomNumbers(world: World): () => number {
  const listed = (world.random ?? []).values();
  let state = RANDOM_SEED;
  return () => {
    const next = listed.next();
    if (!next.done) {
      if (!Number.isInteger(next.value) || next.value < 0 || next.value > 0xffff_ffff)
        throw new RangeError(`world.random: ${next.value} is no 32-bit number`);
      return next.value;
    }
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** The interface index of the device that the packet came by. */
export function deviceIndex(world: World): number {
  const { device = "1" } = world;
  if (/^\d+$/.test(device)) return Number(device);
  try {
    return Number(readFileSync(`/sys/class/net/${device}/ifindex`, "utf8"));
  } catch {
    throw new RangeError(
      `world.device: there is no device "${device}" in this network namespace; give an interface index as text where the name does not matter`,
    );
  }
}

/** The language's view of a world. */
export function surroundingsOf(world: World, packet: () => Uint8Array): Surroundings {
  const clock = world.clock ?? 0n;
  return {
    now: () => clock,
    ticks: () => clock / BigInt(1_000_000_000 / DEFAULT_HZ),
    random: randomNumbers(world),
    target: { address: 0, address6: 0n, gateway: 0, mac: 0, ifindex: 0, mtu: 0, ticksPerSecond: DEFAULT_HZ, ...world.target },
    capture: count => packet().slice(0, count),
  };
}

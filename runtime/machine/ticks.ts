/** The kernel's timer ticks (jiffies), which programs read with `ticks()`. */
import { readFileSync } from "node:fs";
import { native } from "../native/index.js";

/** linux/jiffies.h: INITIAL_JIFFIES are five minutes before 32 bits overflow */
const FIRST = 2n ** 32n;
const BEFORE_OVERFLOW = 300n;
const NANOSECONDS = 1_000_000_000n;

/** A reading of the clock. */
export interface Ticks {
  /** the low 32 bits, as programs store them */
  readonly now: number;
  readonly perSecond: number;
  /** how many ticks the reading may be ahead of the kernel's, at most */
  readonly ahead: number;
}

/** HZ of the running kernel. */
export function ticksPerSecond(): number {
  return Math.round(1e9 / native().tickNanoseconds());
}

/** Ticks between what the monotonic clock makes of them and what the kernel counted; undefined where it does not say. */
let correction: bigint | undefined;
let asked = false;

/**
 * The tick that the kernel is in. Exact for who may read /proc/timer_list; the ticks of the kernel's first moments, before
 * its clock ran, are not known to others.
 */
export function readTicks(): Ticks {
  const perSecond = ticksPerSecond();
  if (!asked) {
    asked = true;
    const counted = countedTicks();
    if (counted !== undefined) correction = counted - elapsed(perSecond);
  }
  const now = Number(BigInt.asUintN(32, elapsed(perSecond) + (correction ?? 0n)));
  return { now, perSecond, ahead: correction === undefined ? 2 * perSecond : 1 };
}

function elapsed(perSecond: number): bigint {
  return FIRST - BEFORE_OVERFLOW * BigInt(perSecond) + (process.hrtime.bigint() * BigInt(perSecond)) / NANOSECONDS;
}

/** /proc/timer_list has a line for each processor; one that idles is behind. */
function countedTicks(): bigint | undefined {
  try {
    const lines = readFileSync("/proc/timer_list", "utf8").matchAll(/^jiffies: (\d+)$/gm);
    const counts = [...lines].map(([, count = "0"]) => BigInt(count));
    return counts.length === 0 ? undefined : counts.reduce((most, one) => (one > most ? one : most));
  } catch {
    return undefined;
  }
}

/**
 * What a program reads that is neither packet nor map: time, random numbers, the target's own values. A simulation
 * sets them; outside one they are this machine's.
 */
import type { u32, u64 } from "./integers.js";
import { intrinsic } from "./intrinsic.js";

/**
 * What the runtime knows of the target that a pipeline is attached to, as it is when its programs are loaded: of a device, or of a
 * container's own interface. A target that lacks what a pipeline asks for is refused (DP7012). In Node all are 0 where
 * a test gives no other.
 */
export interface TargetValues {
  /** the first IPv4 address */
  address: u32;
  /** the first global IPv6 address, else a link-local one */
  address6: bigint & { readonly "~bits"?: 64 | 128 };
  /** the next hop of the default route (IPv4); of a container it is read inside, which needs CAP_SYS_ADMIN */
  gateway: u32;
  mac: number & { readonly "~bits"?: 8 | 16 | 32 | 48 };
  /** the device where packets are met, as `pkt.device` has it: for a container the host's end of its veth */
  ifindex: u32;
  mtu: number & { readonly "~bits"?: 8 | 16 };
  /** timer ticks (jiffies) a second of its kernel: 100 … 1000 */
  ticksPerSecond: u32;
}

export interface Surroundings {
  now(): bigint;
  ticks(): bigint;
  random(): number;
  readonly target: TargetValues;
  /** the first bytes of the packet that is being judged, at most `count` */
  capture(count: number): Uint8Array;
}

/** Jiffies a second where no simulation says otherwise: CONFIG_HZ of Debian's and Ubuntu's kernels. */
export const DEFAULT_HZ = 250;

/** ECMAScript has no other clock; what a build stores of it is as good as any start. */
function wallClock(): bigint {
  return BigInt(Date.now()) * MILLISECOND;
}

const machine: Surroundings = {
  now: wallClock,
  ticks: () => wallClock() / BigInt(1_000_000_000 / DEFAULT_HZ),
  random: () => Math.floor(Math.random() * 2 ** 32),
  target: { address: 0, address6: 0n, gateway: 0, mac: 0, ifindex: 0, mtu: 0, ticksPerSecond: DEFAULT_HZ },
  capture: () => new Uint8Array(0),
};

let current: Surroundings = machine;
let epoch = 0;

/** Runs `body` for one packet, with this world around it. */
export function within<T>(surroundings: Surroundings, body: () => T): T {
  const before = current;
  current = surroundings;
  epoch += 1;
  try {
    return body();
  } finally {
    current = before;
    epoch += 1;
  }
}
/** A number that is another for each packet: scratch memory keeps nothing from one to the next. */
export function packetEpoch(): number {
  return epoch;
}
export function targetValue<K extends keyof TargetValues>(name: K): TargetValues[K] {
  return current.target[name];
}

/** The first bytes of the packet at hand, for an event. */
export function capturing(count: number): Uint8Array {
  return current.capture(count);
}

/**
 * Nanoseconds since the machine started (CLOCK_MONOTONIC), below 2^63. Each call reads the clock; a test's clock
 * stands still for a packet.
 * @example const age = now() - flow.seen;
 */
export const now: () => u64 = intrinsic("now", () => current.now());
/** As {@link now}, cheaper, and behind by up to a timer tick (1 … 10 ms). Linux 5.11. */
export const nowCoarse: () => u64 = intrinsic("nowCoarse", () => current.now());
/**
 * Timer ticks (jiffies) since the machine started: the cheapest clock. `TICKS_PER_SECOND` says how long one is. In a
 * test: the clock in ticks of 4 ms.
 */
export const ticks: () => u64 = intrinsic("ticks", () => current.ticks());
/** 32 random bits. In a test: the world's list in order, then a generator with a fixed seed. */
export const random: () => u32 = intrinsic("random", () => current.random());
/** Nanoseconds in a second. */
export const SECOND = 1_000_000_000n;
/** Nanoseconds in a millisecond. */
export const MILLISECOND = 1_000_000n;

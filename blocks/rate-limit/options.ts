/** What a RateLimit or a Pacer is made with, and what of it is refused. */
import { checkLayersOptions, type IpLayers, type LayersOptions, type Packet, SECOND, type u64 } from "datapath";

/** One bucket for each address, or for each prefix of so many bits. */
export interface AddressKey {
  readonly of: "source" | "destination";
  /** bits of an IPv4 address that count, 1 … 32; 32 where left out */
  readonly ipv4?: number;
  /** bits of an IPv6 address that count, 1 … 128; 128 where left out. Who has a network has 2^64 addresses: 64 suits sources. */
  readonly ipv6?: number;
}

/**
 * Whose bucket a packet takes from: datapath code, given the packet's layers. Undefined for a packet that is not limited.
 * @example layers => u64((BigInt(layers.destinationPort) << 32n) | BigInt(layers.ip.dscp))
 */
export type OwnKey = (layers: IpLayers, pkt: Packet) => u64 | undefined;

/**
 * What has a bucket of its own: an address or a prefix, a destination port, a flow (addresses, ports and protocol in its
 * direction), what a function says, or everything together.
 */
export type RateLimitKey = "source" | "destination" | "destinationPort" | "flow" | "all" | AddressKey | OwnKey;

/** What is common to RateLimit and Pacer. */
export interface BucketOptions extends LayersOptions {
  readonly key: RateLimitKey;
  /** what is counted; packets where left out */
  readonly unit?: "packets" | "bytes";
  /** a second, of each bucket; the setting `rate` changes it while running. Packets: 1 … 10,000,000; bytes: 1 … 4,294,967,295 */
  readonly rate: number;
  /**
   * Where buckets are kept: in an LRU hash map, in a flow table (faster; who gives way when it is full is known), in
   * an LRU map for each CPU (each CPU then lets `rate` through). `"lruHash"` where left out. `destinationPort` and `all`
   * have an array of their own, for each CPU with `"perCpu"`.
   */
  readonly table?: "lruHash" | "flowTable" | "perCpu";
  /** the most buckets there are at a time, of each family; 65,536 where left out */
  readonly maxEntries?: number;
  /** what becomes of a packet for which no bucket could be made; it passes where left out */
  readonly full?: "pass" | "drop";
}

export interface RateLimitOptions extends BucketOptions {
  /** what may come at once, in `unit`, 1 … 4,294,967,295; the setting `burst` changes it while running */
  readonly burst: number;
  /**
   * `"ticks"`, the cheapest clock, moves by 1 to 10 ms at a time: what comes in one tick passes at once, however small the
   * burst. `"precise"` costs 30 ns more. Ticks where left out.
   */
  readonly clock?: "ticks" | "precise";
}

export interface PacerOptions extends BucketOptions {
  /** nanoseconds of queue, 1 ms … 60 s, behind which packets are dropped; 2 s where left out, as long as the fq queueing discipline waits by itself 10 s */
  readonly horizon?: bigint;
}

/** The kind of key, with what is left out filled in. */
export type KeyPlan =
  | { readonly kind: "address"; readonly of: "source" | "destination"; readonly ipv4: number; readonly ipv6: number }
  | { readonly kind: "flow" }
  | { readonly kind: "port" }
  | { readonly kind: "all" }
  | { readonly kind: "own"; readonly of: OwnKey };

/** The same, with what is left out filled in: what the datapath reads. */
export interface Plan {
  readonly key: KeyPlan;
  readonly unit: "packets" | "bytes";
  readonly rate: number;
  readonly table: "lruHash" | "flowTable" | "perCpu";
  readonly maxEntries: number;
  readonly full: "pass" | "drop";
  readonly walk: LayersOptions;
  readonly four: boolean;
  readonly six: boolean;
}

/** Rates above this are coarser than 2 % in the arithmetic. */
const MAX_PACKETS = 10_000_000;
export const MAX_COUNT = 0xffff_ffff;
export const maxRate = (unit: Plan["unit"]): number => (unit === "packets" ? MAX_PACKETS : MAX_COUNT);

/** @throws RangeError that names the option, its value and what is allowed */
export function planOf(block: string, options: BucketOptions): Plan {
  const walk = checkLayersOptions(block, options);
  const { unit = "packets", table = "lruHash", full = "pass", maxEntries = 65_536 } = options;
  const oneOf = (name: keyof BucketOptions, value: unknown, allowed: readonly string[]): void => {
    if (typeof value !== "string" || !allowed.includes(value)) refuse(block, name, value, `one of ${allowed.join(", ")}`);
  };
  oneOf("unit", unit, ["packets", "bytes"]);
  oneOf("table", table, ["lruHash", "flowTable", "perCpu"]);
  oneOf("full", full, ["pass", "drop"]);
  whole(block, "rate", options.rate, 1, maxRate(unit));
  whole(block, "maxEntries", maxEntries, 1, 4_194_304);
  return {
    key: keyOf(block, options.key),
    unit,
    rate: options.rate,
    table,
    full,
    maxEntries,
    walk,
    four: walk.families.includes(4),
    six: walk.families.includes(6),
  };
}

const KEYS = `"source", "destination", "destinationPort", "flow", "all", { of: "source" or "destination", ipv4: 1 … 32, ipv6: 1 … 128 } or a function`;

function keyOf(block: string, key: unknown): KeyPlan {
  if (isOwnKey(key)) return { kind: "own", of: key };
  switch (key) {
    case "source":
    case "destination":
      return { kind: "address", of: key, ipv4: 32, ipv6: 128 };
    case "destinationPort":
      return { kind: "port" };
    case "flow":
    case "all":
      return { kind: key };
  }
  if (typeof key !== "object" || key === null || !("of" in key) || (key.of !== "source" && key.of !== "destination"))
    return refuse(block, "key", key, KEYS);
  const bits = (name: "ipv4" | "ipv6", width: number): number => {
    const value: unknown = name in key ? Reflect.get(key, name) : width;
    return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= width ? value : refuse(block, "key", key, KEYS);
  };
  return { kind: "address", of: key.of, ipv4: bits("ipv4", 32), ipv6: bits("ipv6", 128) };
}
function isOwnKey(key: unknown): key is OwnKey {
  return typeof key === "function";
}

/** @throws RangeError */
export function burstOf(options: RateLimitOptions): number {
  whole("RateLimit", "burst", options.burst, 1, MAX_COUNT);
  return options.burst;
}

/** @throws RangeError */
export function clockOf(options: RateLimitOptions): "ticks" | "precise" {
  const { clock = "ticks" } = options;
  return clock === "ticks" || clock === "precise" ? clock : refuse("RateLimit", "clock", clock, "one of ticks, precise");
}

/** @throws RangeError */
export function horizonOf(options: PacerOptions): bigint {
  const { horizon = 2n * SECOND } = options;
  if (typeof horizon !== "bigint" || horizon < SECOND / 1000n || horizon > 60n * SECOND)
    refuse("Pacer", "horizon", horizon, "a bigint of nanoseconds, 1 ms to 60 s");
  return horizon;
}

function whole(block: string, name: keyof RateLimitOptions, value: unknown, min: number, max: number): void {
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max)
    refuse(block, name, value, `a whole number of ${min} to ${max}`);
}

function refuse(block: string, name: string, value: unknown, allowed: string): never {
  const said = typeof value === "bigint" ? `${value}n` : JSON.stringify(value);
  throw new RangeError(`${block}: the option ${name} is ${said}; allowed is ${allowed}`);
}

/** What a SynCookie is made with, and what of it is refused. */
import { checkLayersOptions, type LayersOptions } from "datapath";

export interface SynCookieOptions extends LayersOptions {
  /** the ports of the servers behind, 1 to 32 of them */
  readonly ports: readonly number[];
  /** what the servers' addresses are; every address where left out */
  readonly addresses?: readonly number[];
  /** the same for IPv6 */
  readonly addresses6?: readonly bigint[];
  /** the maximum segment size that is announced; 1460 over IPv4, 1440 over IPv6 where left out */
  readonly mss?: { readonly ipv4?: number; readonly ipv6?: number };
  /**
   * Answers timestamps, and keeps window scale and SACK in them: wants `net.ipv4.tcp_timestamps=2` in the target. Without, a
   * connection that was opened by a cookie has neither. False where left out.
   */
  readonly timestamps?: boolean;
  /** with timestamps: the window scale that the target's own stack announces, 0 … 14; 7 where left out, as Linux has it by default */
  readonly windowScale?: number;
  /** the window that is announced, 1 … 65535; 64240 where left out */
  readonly window?: number;
  /** what becomes of a segment of no connection known and without a valid cookie; dropped where left out */
  readonly unknown?: "drop" | "pass";
  /** connections that are remembered, of each family; 65,536 where left out */
  readonly maxEntries?: number;
}

/** The same, with what is left out filled in: what the datapath reads. */
export interface Plan {
  readonly ports: readonly number[];
  readonly addresses: readonly number[];
  readonly addresses6: readonly bigint[];
  readonly mss4: number;
  readonly mss6: number;
  readonly timestamps: boolean;
  readonly windowScale: number;
  readonly window: number;
  readonly drop: boolean;
  readonly maxEntries: number;
  readonly walk: LayersOptions;
}

/** @throws RangeError that names the option, its value and what is allowed */
export function planOf(options: SynCookieOptions): Plan {
  const walk = checkLayersOptions("SynCookie", options);
  const { ports, addresses = [], addresses6 = [], unknown = "drop", timestamps = false } = options;
  if (!Array.isArray(ports) || ports.length < 1 || ports.length > 32 || !ports.every(port => isWhole(port, 1, 0xffff)))
    refuse("ports", ports, "a list of 1 to 32 ports, each 1 to 65535");
  if (!Array.isArray(addresses) || addresses.length > 16 || !addresses.every(address => isWhole(address, 1, 0xffff_ffff)))
    refuse("addresses", addresses, 'a list of up to 16 IPv4 addresses, such as [ipv4("192.0.2.1")]');
  if (!Array.isArray(addresses6) || addresses6.length > 16 || !addresses6.every(isAddress6))
    refuse("addresses6", addresses6.map(String), 'a list of up to 16 IPv6 addresses, such as [ipv6("2001:db8::1")]');
  if (typeof timestamps !== "boolean") refuse("timestamps", timestamps, "true or false");
  if (unknown !== "drop" && unknown !== "pass") refuse("unknown", unknown, "one of drop, pass");
  const whole = (name: keyof SynCookieOptions, value: unknown, min: number, max: number): void => {
    if (!isWhole(value, min, max)) refuse(name, value, `a whole number of ${min} to ${max}`);
  };
  const { windowScale = 7, window = 64_240, maxEntries = 65_536 } = options;
  const { ipv4: mss4 = 1460, ipv6: mss6 = 1440 } = options.mss ?? {};
  whole("windowScale", windowScale, 0, 14);
  whole("window", window, 1, 0xffff);
  whole("maxEntries", maxEntries, 1, 0xffff_ffff);
  if (!isWhole(mss4, 536, 65_495) || !isWhole(mss6, 1220, 65_475))
    refuse("mss", options.mss, "{ ipv4: 536 to 65495, ipv6: 1220 to 65475 }");
  const drop = unknown === "drop";
  return { ports, addresses, addresses6, mss4, mss6, timestamps, windowScale, window, drop, maxEntries, walk };
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}
function isAddress6(value: unknown): boolean {
  return typeof value === "bigint" && value > 0n && value < 1n << 128n;
}
function refuse(name: string, value: unknown, allowed: string): never {
  throw new RangeError(`SynCookie: the option ${name} is ${JSON.stringify(value)}; allowed is ${allowed}`);
}

/** Addresses in the options of blocks, read at build time. */
import { ipv4, type Param, type u32 } from "datapath";

/** An IPv4 address that is known at build time, or at attach: `ipv4("192.0.2.1")`, `fromTarget("address")`, `param(u32, …)`. */
export type Address4 = u32 | Param<u32>;

/** The same way to read either. */
export function addressOf(address: Address4): { readonly value: u32 } {
  return typeof address === "number" ? { value: address } : address;
}

/** Whether a number may be one host's IPv4 address: not 0.0.0.0, nor 224.0.0.0 and above (RFC 1112 section 4, RFC 6890). */
export function isHost4(address: unknown): address is u32 {
  return typeof address === "number" && Number.isInteger(address) && address > 0 && address < 0xe000_0000;
}
/** Whether a number may be one host's IPv6 address: neither unspecified nor a group's (RFC 4291 sections 2.5.2, 2.7). */
export function isHost6(address: unknown): address is bigint {
  return typeof address === "bigint" && address > 0n && address < 0xff00n << 112n;
}
export function isParam(address: unknown): address is Param<u32> {
  return typeof address === "object" && address !== null && "value" in address;
}

/** The first and the last address of a prefix. */
export interface Prefix4 {
  readonly first: u32;
  readonly last: u32;
}

/** @returns undefined where the text is no IPv4 prefix, or has bits outside its length */
export function prefix4(text: unknown): Prefix4 | undefined {
  const match = typeof text === "string" ? /^([0-9.]+)\/([0-9]{1,2})$/.exec(text) : null;
  const length = Number(match?.[2] ?? 33);
  if (!match?.[1] || length > 32) return undefined;
  try {
    const first = ipv4(match[1]);
    const size = 2 ** (32 - length);
    return first % size === 0 ? { first, last: first + size - 1 } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an address is in one of the prefixes: datapath code. */
export function holds4(prefixes: readonly Prefix4[], address: u32): boolean {
  for (const { first, last } of prefixes) {
    if (address >= first && address <= last) return true;
  }
  return false;
}

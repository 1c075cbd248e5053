/** Reading addresses. The parsers run at build time; the others are datapath code. */
import type { u8, u32, u48, u128 } from "../core/integers.js";
import { u128 as wide } from "../core/integers.js";
import type { IpLayers } from "../packet/layers.js";

/**
 * Build time: an IPv4 address from its text.
 * @throws RangeError where the text is none.
 * @example ipv4("10.0.0.1") === 0x0a000001
 */
export function ipv4(text: string): u32 {
  const address = parseIpv4(text);
  if (address === undefined) throw new RangeError(`"${text}" is no IPv4 address; expected four numbers 0 … 255, like 192.0.2.1`);
  return address;
}
function parseIpv4(text: string): u32 | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every(part => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((address, part) => address * 256 + Number(part), 0);
}

/**
 * Build time: an IPv6 address from its text (RFC 4291 §2.2).
 * @throws RangeError where the text is none.
 * @example ipv6("::1") === 1n
 */
export function ipv6(text: string): u128 {
  const groups = parseIpv6(text);
  if (!groups) throw new RangeError(`"${text}" is no IPv6 address; expected up to eight groups of hexadecimal digits, like 2001:db8::1`);
  return groups.reduce((address, group) => (address << 16n) | BigInt(group), 0n);
}
/** The eight groups, `::` filled up. */
function parseIpv6(text: string): number[] | undefined {
  const halves = text.split("::");
  const head = parseGroups(halves[0] ?? "", halves.length === 1);
  if (halves.length === 1) return head?.length === 8 ? head : undefined;
  const tail = parseGroups(halves[1] ?? "", true);
  if (halves.length !== 2 || !head || !tail || head.length + tail.length > 7) return undefined;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}
/** Groups with colons between; the last two may be an IPv4 address, at the text's very end. */
function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    const embedded = isEnd && i === parts.length - 1 ? parseIpv4(part) : undefined;
    if (embedded !== undefined) groups.push(Math.trunc(embedded / 65536), embedded % 65536);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/**
 * Build time: a MAC address from its text, with colons or hyphens.
 * @throws RangeError where the text is none.
 * @example mac("02:00:00:00:00:01") === 0x0200_0000_0001
 */
export function mac(text: string): u48 {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text))
    throw new RangeError(`"${text}" is no MAC address; expected six bytes like 02:00:00:00:00:01`);
  return Number.parseInt(text.replaceAll(/[:-]/g, ""), 16);
}

/** Whether a MAC address is a group's: multicast or broadcast (the lowest bit of its first byte). */
export function isMulticast(address: u48): boolean {
  return Math.trunc(address / 0x100_0000_0000) % 2 === 1;
}

/**
 * One byte of an address, counted from the last: an IPv4 and a MAC address are both numbers and end alike.
 * @param index 0 is the last byte; up to 3 (IPv4) or 5 (MAC)
 * @example octet(ipv4("10.0.0.7"), 0) === 7
 */
export function octet(address: u32 | u48, index: number): u8 {
  return Math.trunc(address / 256 ** index) % 256;
}

/** One key for both families: IPv4 addresses mapped into IPv6, `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2). */
export function addressKey(layers: IpLayers): { readonly source: u128; readonly destination: u128 } {
  if (layers.family === 4) {
    return { source: 0xffff_0000_0000n | wide(layers.source), destination: 0xffff_0000_0000n | wide(layers.destination) };
  }
  return { source: layers.source, destination: layers.destination };
}

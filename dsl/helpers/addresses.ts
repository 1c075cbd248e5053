/** Reading addresses. The parsers run at build time; the others are datapath code. */
import { isIP } from "node:net";
import type { u128, u32, u48, u8 } from "../core/integers.js";
import { u128 as wide } from "../core/integers.js";
import type { IpLayers } from "../packet/layers.js";

/**
 * Build time: an IPv4 address from its text.
 * @throws RangeError where the text is none.
 * @example ipv4("10.0.0.1") === 0x0a000001
 */
export function ipv4(text: string): u32 {
  if (isIP(text) !== 4) throw new RangeError(`"${text}" is no IPv4 address; expected four numbers 0 … 255, like 192.0.2.1`);
  return text.split(".").reduce((address, part) => address * 256 + Number(part), 0);
}

/**
 * Build time: an IPv6 address from its text (RFC 4291 §2.2).
 * @throws RangeError where the text is none.
 * @example ipv6("::1") === 1n
 */
export function ipv6(text: string): u128 {
  if (isIP(text) !== 6 || text.includes("%")) throw new RangeError(`"${text}" is no IPv6 address; expected something like 2001:db8::1`);
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const plain = embedded?.[1] !== undefined && embedded[2] !== undefined ? `${embedded[1]}${hexPair(ipv4(embedded[2]))}` : text;
  const [front = "", back] = plain.split("::");
  const head = groups(front);
  const tail = back === undefined ? [] : groups(back);
  const gap = back === undefined ? [] : new Array<string>(8 - head.length - tail.length).fill("0");
  return [...head, ...gap, ...tail].reduce((address, group) => (address << 16n) | BigInt(`0x${group}`), 0n);
}
function groups(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
function hexPair(address: number): string {
  return `${Math.trunc(address / 65536).toString(16)}:${(address % 65536).toString(16)}`;
}

/**
 * Build time: a MAC address from its text, with colons or hyphens.
 * @throws RangeError where the text is none.
 * @example mac("02:00:00:00:00:01") === 0x0200_0000_0001
 */
export function mac(text: string): u48 {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) throw new RangeError(`"${text}" is no MAC address; expected six bytes like 02:00:00:00:00:01`);
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

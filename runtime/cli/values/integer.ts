/** Integers as people write them: numbers, addresses, true and false. */

/**
 * Reads decimal, `0x` hexadecimal, an IPv4, IPv6 or MAC address, `true` or `false`; undefined where it is none of them.
 *
 * @example parseInteger("192.0.2.1") === 0xc0000201n
 */
export function parseInteger(text: string): bigint | undefined {
  const trimmed = text.trim();
  if (trimmed === "true") return 1n;
  if (trimmed === "false") return 0n;
  if (/^\d[\d_]*$/.test(trimmed)) return BigInt(trimmed.replaceAll("_", ""));
  if (/^0x[0-9a-f][0-9a-f_]*$/i.test(trimmed)) return BigInt(trimmed.replaceAll("_", ""));
  return parseIpv4(trimmed) ?? parseMac(trimmed) ?? parseIpv6(trimmed);
}

export function parseIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every(part => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

export function parseMac(text: string): bigint | undefined {
  return /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text) ? BigInt(`0x${text.replace(/[:-]/g, "")}`) : undefined;
}

/** RFC 4291, with `::` and an IPv4 address as the last 32 bits. */
export function parseIpv6(text: string): bigint | undefined {
  const lastColon = text.lastIndexOf(":");
  if (lastColon < 0) return undefined;
  const embedded = parseIpv4(text.slice(lastColon + 1));
  const plain =
    embedded === undefined ? text : `${text.slice(0, lastColon + 1)}${(embedded >> 16n).toString(16)}:${(embedded & 0xffffn).toString(16)}`;
  const halves = plain.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map(half => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  if (!groups.every(group => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

export function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map(shift => (value >> shift) & 255n).join(".");
}

export function formatMac(value: bigint): string {
  return (value.toString(16).padStart(12, "0").match(/../g) ?? []).join(":");
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as `::`. */
export function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - 16 * index)) & 0xffffn));
  let start = -1;
  let length = 1;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > length) [start, length] = [at, end - at];
  }
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map(group => group.toString(16))
      .join(":");
  return start < 0 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`;
}

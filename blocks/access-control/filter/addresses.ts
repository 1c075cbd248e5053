/** Numbers and addresses as pcap-filter writes them. */

/** Decimal, `0x…` hexadecimal or `0…` octal; undefined where a digit does not fit or the value exceeds 32 bits. */
export function parseNumber(text: string): number | undefined {
  const value = /^0[xX][0-9a-fA-F]+$/.test(text)
    ? Number.parseInt(text.slice(2), 16)
    : /^0[0-7]+$/.test(text)
      ? Number.parseInt(text, 8)
      : /^(0|[1-9][0-9]*)$/.test(text)
        ? Number.parseInt(text, 10)
        : undefined;
  return value !== undefined && value <= 0xffff_ffff ? value : undefined;
}

/** The octets of `10`, `10.0`, `10.0.0` or `10.0.0.1`; undefined where one exceeds 255 or there are more than four. */
export function parseOctets(text: string): number[] | undefined {
  const octets = text.split(".").map(part => (/^[0-9]{1,3}$/.test(part) ? Number.parseInt(part, 10) : 256));
  return octets.length <= 4 && octets.every(octet => octet <= 255) ? octets : undefined;
}

/** The 32-bit value of up to four octets; what is left out is zero. */
export function octetsValue(octets: readonly number[]): bigint {
  return [0, 1, 2, 3].reduce((value, i) => (value << 8n) | BigInt(octets[i] ?? 0), 0n);
}

/** RFC 4291 section 2.2, the form with an embedded IPv4 address too. */
export function parseIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "");
  const tail = parseGroups(halves[1] ?? "");
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail].reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const octets = i === parts.length - 1 && part.includes(".") ? parseOctets(part) : undefined;
    if (octets?.length !== 4) return undefined;
    const value = Number(octetsValue(octets));
    groups.push(value >>> 16, value & 0xffff);
  }
  return groups;
}

/** `0:1:2:3:4:5`, one or two hexadecimal digits each. */
export function parseMac(text: string): bigint | undefined {
  const parts = text.split(":");
  if (parts.length !== 6 || !parts.every(part => /^[0-9a-fA-F]{1,2}$/.test(part))) return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(Number.parseInt(part, 16)), 0n);
}

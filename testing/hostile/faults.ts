/**
 * What is wrong with a frame, read by itself: this shares nothing with the language's headers and checksums, so that it
 * can judge what they made.
 */

/** The sum of 16-bit words in ones' complement (RFC 1071). */
function sum(bytes: Uint8Array, from: number, to: number, initial = 0): number {
  let total = initial;
  for (let at = from; at < to; at += 2) total += ((bytes[at] ?? 0) << 8) | (at + 1 < to ? (bytes[at + 1] ?? 0) : 0);
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x1_0000);
  return total;
}
const word = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

const TYPE = { ipv4: 0x0800, arp: 0x0806, tag: 0x8100, serviceTag: 0x88a8, ipv6: 0x86dd };
const PROTOCOL = { icmp: 1, ipip: 4, tcp: 6, udp: 17, ipv6: 41, icmpv6: 58 };
const PORT = { gue: 6080, geneve: 6081 };
const EXTENSIONS = [0, 43, 60];
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DEEPEST = 16;

/**
 * The faults of a frame: lengths that do not fit, checksums that are wrong, headers that are cut. Empty for a frame that
 * a receiver would take. What it does not know it takes for payload.
 * @example assert.deepEqual(faultsOf(result.bytes), []);
 */
export function faultsOf(frame: Uint8Array): string[] {
  let at = 14;
  let type = word(frame, 12);
  while (type === TYPE.tag || type === TYPE.serviceTag) {
    if (at + 4 > frame.length) return ["tag: cut"];
    type = word(frame, at + 2);
    at += 4;
  }
  switch (type) {
    case TYPE.ipv4:
      return ipv4Faults(frame, at, frame.length, 0);
    case TYPE.ipv6:
      return ipv6Faults(frame, at, frame.length, 0);
    case TYPE.arp:
      return arpFaults(frame, at);
    default:
      return [];
  }
}

function arpFaults(frame: Uint8Array, at: number): string[] {
  if (at + 28 > frame.length) return ["ARP: cut"];
  const right = word(frame, at) === 1 && word(frame, at + 2) === TYPE.ipv4 && word(frame, at + 4) === 0x0604;
  return right ? [] : ["ARP: other addresses than Ethernet's and IPv4's"];
}

function ipv4Faults(frame: Uint8Array, at: number, end: number, depth: number): string[] {
  if (at + 20 > end) return ["IPv4: cut"];
  const header = ((frame[at] ?? 0) & 15) * 4;
  const length = word(frame, at + 2);
  if ((frame[at] ?? 0) >> 4 !== 4) return ["IPv4: version"];
  if (header < 20 || header > length || at + length > end) return ["IPv4: length"];
  const faults = sum(frame, at, at + header) === 0xffff ? [] : ["IPv4: checksum"];
  if ((word(frame, at + 6) & 0x3fff) !== 0) return faults; // of a fragment nothing more is known
  const pseudo = sum(frame, at + 12, at + 20);
  return [...faults, ...payloadFaults(frame, frame[at + 9] ?? 0, at + header, at + length, pseudo, 4, depth)];
}

function ipv6Faults(frame: Uint8Array, at: number, end: number, depth: number): string[] {
  if (at + 40 > end) return ["IPv6: cut"];
  if ((frame[at] ?? 0) >> 4 !== 6) return ["IPv6: version"];
  const last = at + 40 + word(frame, at + 4);
  if (last > end) return ["IPv6: length"];
  const pseudo = sum(frame, at + 8, at + 40);
  let next = frame[at + 6] ?? 0;
  let offset = at + 40;
  for (let i = 0; i < DEEPEST; i++) {
    if (next === FRAGMENT) return []; // of a fragment nothing more is known
    const size = EXTENSIONS.includes(next)
      ? 8 + 8 * (frame[offset + 1] ?? 0)
      : next === AUTHENTICATION
        ? 8 + 4 * (frame[offset + 1] ?? 0)
        : 0;
    if (size === 0) return payloadFaults(frame, next, offset, last, pseudo, 6, depth);
    if (offset + size > last) return ["IPv6: extension header cut"];
    next = frame[offset] ?? 0;
    offset += size;
  }
  return [];
}

function payloadFaults(
  frame: Uint8Array,
  protocol: number,
  at: number,
  end: number,
  addresses: number,
  version: 4 | 6,
  depth: number,
): string[] {
  const length = end - at;
  const right = (): boolean => sum(frame, at, end, addresses + protocol + length) === 0xffff;
  switch (protocol) {
    case PROTOCOL.tcp: {
      const header = ((frame[at + 12] ?? 0) >> 4) * 4;
      if (length < 20 || header < 20 || header > length) return ["TCP: length"];
      return right() ? [] : ["TCP: checksum"];
    }
    case PROTOCOL.udp: {
      if (length < 8 || word(frame, at + 4) !== length) return ["UDP: length"];
      const inside = tunnelFaults(frame, at, end, depth);
      if (word(frame, at + 6) === 0) return version === 4 || inside ? (inside ?? []) : ["UDP: no checksum over IPv6"];
      return right() ? (inside ?? []) : ["UDP: checksum"];
    }
    case PROTOCOL.icmp:
      if (version !== 4) return [];
      if (length < 8) return ["ICMP: cut"];
      return sum(frame, at, end) === 0xffff ? [] : ["ICMP: checksum"];
    case PROTOCOL.icmpv6:
      if (version !== 6) return [];
      if (length < 8) return ["ICMPv6: cut"];
      return right() ? [] : ["ICMPv6: checksum"];
    case PROTOCOL.ipip:
      return depth < 2 ? ipv4Faults(frame, at, end, depth + 1) : [];
    case PROTOCOL.ipv6:
      return depth < 2 ? ipv6Faults(frame, at, end, depth + 1) : [];
    default:
      return [];
  }
}

/** Faults of what is inside a datagram to a tunnel's port, which may go without a checksum (RFC 6935 section 5); undefined for any other. */
function tunnelFaults(frame: Uint8Array, udp: number, end: number, depth: number): string[] | undefined {
  const at = udp + 8;
  const [first = 0, second = 0] = frame.subarray(at, end);
  if (depth > 1) return undefined;
  switch (word(frame, udp + 2)) {
    case PORT.gue:
      return first >> 6 === 0 ? inner(frame, second, at + 4 + (first & 31) * 4, end, depth) : undefined;
    case PORT.geneve:
      return inner(frame, word(frame, at + 2), at + 8 + (first & 63) * 4, end, depth);
    default:
      return undefined;
  }
}
function inner(frame: Uint8Array, type: number, at: number, end: number, depth: number): string[] | undefined {
  if (type === PROTOCOL.ipip || type === TYPE.ipv4) return ipv4Faults(frame, at, end, depth + 1);
  return type === PROTOCOL.ipv6 || type === TYPE.ipv6 ? ipv6Faults(frame, at, end, depth + 1) : undefined;
}

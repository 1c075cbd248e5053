/** Two ways to read a frame: as libpcap does, byte by byte from fixed offsets, and as this package does. */
import type { Carrier, Family, Side } from "./condition.js";
import type { Reading } from "./evaluate.js";
import type { ProtocolWord } from "./expression.js";

const Ethernet = 14;
const Ipv6Length = 40;
const isTag = (type: number | undefined): boolean => type === 0x8100 || type === 0x88a8;

class Bytes {
  readonly frame: Uint8Array;
  constructor(frame: Uint8Array) {
    this.frame = frame;
  }
  number(offset: number, size: number): number | undefined {
    return offset + size > this.frame.length ? undefined : Number(this.wide(offset, size));
  }
  wide(offset: number, size: number): bigint | undefined {
    if (offset + size > this.frame.length) return undefined;
    let value = 0n;
    for (let i = 0; i < size; i++) value = (value << 8n) | BigInt(this.frame[offset + i] ?? 0);
    return value;
  }
  /** Compares word by word, first word first. */
  addressIs(at: number, carrier: Carrier, side: Side, value: bigint, mask: bigint): boolean | undefined {
    const words = carrier === "ip6" ? 4 : 1;
    const start = at + addressOffset(carrier, side);
    for (let i = 0; i < words; i++) {
      const shift = BigInt(32 * (words - 1 - i));
      const part = (mask >> shift) & 0xffff_ffffn;
      const word = this.wide(start + i * 4, 4);
      if (word === undefined) return undefined;
      if ((word & part) !== ((value >> shift) & part)) return false;
    }
    return true;
  }
}

function addressOffset(carrier: Carrier, side: Side): number {
  const source = side === "source";
  switch (carrier) {
    case "ip":
      return source ? 12 : 16;
    case "ip6":
      return source ? 8 : 24;
    case "arp":
    case "rarp":
      return source ? 14 : 24;
  }
}

/** libpcap's: a tag hides what is behind it; of IPv6's extension headers only a fragment header is looked behind. */
export function readLikeLibpcap(frame: Uint8Array, wireLength: number): Reading {
  const bytes = new Bytes(frame);
  const transport = (family: Family): number | undefined => {
    if (family === 6) return Ethernet + Ipv6Length;
    const first = bytes.number(Ethernet, 1);
    return first === undefined ? undefined : Ethernet + (first & 15) * 4;
  };
  const laterFragment = (): boolean | undefined => {
    const word = bytes.number(Ethernet + 6, 2);
    return word === undefined ? undefined : (word & 0x1fff) !== 0;
  };
  return {
    length: wireLength,
    mark: 0,
    established: false,
    etherType: () => bytes.number(12, 2),
    vlan() {
      const type = bytes.number(12, 2);
      const control = bytes.number(14, 2);
      return (isTag(type) || type === 0x9100) && control !== undefined ? control & 0xfff : undefined;
    },
    protocolIs(family, value) {
      if (family === 4) {
        const found = bytes.number(Ethernet + 9, 1);
        return found === undefined ? undefined : found === value;
      }
      const found = bytes.number(Ethernet + 6, 1);
      if (found !== 44 || value === 44) return found === undefined ? undefined : found === value;
      const inner = bytes.number(Ethernet + Ipv6Length, 1);
      return inner === undefined ? undefined : inner === value;
    },
    hasTransport(family) {
      if (family === 6) return bytes.number(Ethernet + 6, 1) !== 44;
      const later = laterFragment();
      return later === undefined ? undefined : !later;
    },
    port(family, side) {
      const at = transport(family);
      return at === undefined ? undefined : bytes.number(at + (side === "source" ? 0 : 2), 2);
    },
    addressIs: (carrier, side, value, mask) => bytes.addressIs(Ethernet, carrier, side, value, mask),
    station: side => bytes.wide(side === "source" ? 6 : 0, 6),
    base(word) {
      return baseOf(word, Ethernet, () => transport(word === "icmp6" ? 6 : 4));
    },
    read: (offset, size) => bytes.number(offset, size),
    dscp: () => undefined,
    fragment: () => undefined,
  };
}

function baseOf(word: ProtocolWord, network: number, transport: () => number | undefined): number | undefined {
  switch (word) {
    case "ether":
      return 0;
    case "ip":
    case "ip6":
    case "arp":
    case "rarp":
      return network;
    default:
      return transport();
  }
}

/** What this package's layers tell of a frame. The frame is as it is in memory: tags in place. */
interface Walk {
  /** without the outermost tag: offsets count in here */
  readonly frame: Uint8Array;
  readonly vlan: number | undefined;
  readonly etherType: number;
  readonly network: number;
  /** 0: not IP, or not to be parsed */
  readonly family: 4 | 6 | 0;
  readonly protocol: number;
  readonly transport: number;
  readonly fragment: "none" | "first" | "later";
}

const extensionHeaders: ReadonlySet<number> = new Set([0, 43, 44, 51, 60]);
const deepest = 6;

function walk(whole: Uint8Array): Walk {
  const outer = new Bytes(whole).number(12, 2);
  const tagged = isTag(outer) && whole.length >= 18;
  const frame = tagged ? Uint8Array.from([...whole.subarray(0, 12), ...whole.subarray(16)]) : whole;
  const bytes = new Bytes(frame);
  const vlan = tagged ? (new Bytes(whole).number(14, 2) ?? 0) & 0xfff : undefined;
  let network = Ethernet;
  let etherType = bytes.number(12, 2) ?? 0;
  if (isTag(etherType) && frame.length >= 18) {
    etherType = bytes.number(16, 2) ?? 0;
    network = 18;
  }
  const other: Walk = { frame, vlan, etherType, network, family: 0, protocol: 0, transport: 0, fragment: "none" };
  if (etherType === 0x0800) return walk4(other, bytes);
  if (etherType === 0x86dd) return walk6(other, bytes);
  return other;
}

function walk4(so: Walk, bytes: Bytes): Walk {
  const { network } = so;
  const first = bytes.number(network, 1);
  if (first === undefined || first >> 4 !== 4 || (first & 15) < 5 || bytes.frame.length < network + 20) return so;
  const total = bytes.number(network + 2, 2) ?? 0;
  if (total < (first & 15) * 4 || network + total > bytes.frame.length) return so;
  const word = bytes.number(network + 6, 2) ?? 0;
  const fragment = (word & 0x1fff) !== 0 ? "later" : (word & 0x2000) !== 0 ? "first" : "none";
  return { ...so, family: 4, protocol: bytes.number(network + 9, 1) ?? 0, transport: network + (first & 15) * 4, fragment };
}

function walk6(so: Walk, bytes: Bytes): Walk {
  const { network } = so;
  const first = bytes.number(network, 1);
  if (first === undefined || first >> 4 !== 6 || bytes.frame.length < network + Ipv6Length) return so;
  if (network + Ipv6Length + (bytes.number(network + 4, 2) ?? 0) > bytes.frame.length) return so;
  let protocol = bytes.number(network + 6, 1) ?? 0;
  let transport = network + Ipv6Length;
  let fragment: Walk["fragment"] = "none";
  for (let i = 0; i < deepest && extensionHeaders.has(protocol) && fragment !== "later"; i++) {
    const next = bytes.number(transport, 1);
    const length = bytes.number(transport + 1, 1);
    if (next === undefined || length === undefined) return so;
    if (protocol === 44) {
      const word = bytes.number(transport + 2, 2);
      if (word === undefined) return so;
      if ((word & 0xfff8) !== 0) fragment = "later";
      else if ((word & 1) !== 0) fragment = "first";
      transport += 8;
    } else {
      transport += protocol === 51 ? (length + 2) * 4 : (length + 1) * 8;
    }
    protocol = next;
  }
  return { ...so, family: 6, protocol, transport, fragment };
}

/** This package's: tags and extension headers are seen through, IP headers are checked. */
export function readThroughTags(whole: Uint8Array, mark = 0): Reading {
  const so = walk(whole);
  const bytes = new Bytes(so.frame);
  const ifFamily = <T>(family: Family, value: T): T | undefined => (so.family === family ? value : undefined);
  return {
    length: so.frame.length,
    mark,
    established: false,
    etherType: () => so.etherType,
    vlan: () => so.vlan,
    protocolIs: (family, value) => ifFamily(family, so.protocol === value),
    hasTransport: family => ifFamily(family, so.fragment !== "later"),
    port: (_family, side) =>
      bytes.number(so.transport, 4) === undefined ? undefined : bytes.number(so.transport + (side === "source" ? 0 : 2), 2),
    addressIs(carrier, side, value, mask) {
      if (so.family === 0 && (carrier === "ip" || carrier === "ip6")) return undefined;
      return bytes.addressIs(so.network, carrier, side, value, mask);
    },
    station: side => bytes.wide(side === "source" ? 6 : 0, 6),
    base: word => baseOf(word, so.network, () => so.transport),
    read: (offset, size) => bytes.number(offset, size),
    dscp() {
      if (so.family === 4) return (bytes.number(so.network + 1, 1) ?? 0) >> 2;
      return so.family === 6 ? ((bytes.number(so.network, 2) ?? 0) >> 6) & 63 : -1;
    },
    fragment: () => so.family !== 0 && so.fragment !== "none",
  };
}

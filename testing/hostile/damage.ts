/** What is done to frames to make them hostile. Places are guessed from the first headers, as an attacker would. */
import type { Random } from "./random.js";

interface Places {
  /** of the IP header, or of what is in its place */
  readonly network: number;
  readonly transport: number;
  readonly version: number;
  readonly protocol: number;
}

function placesOf(bytes: Uint8Array): Places {
  let network = 14;
  while (network + 4 <= bytes.length && [0x8100, 0x88a8].includes(word(bytes, network - 2))) network += 4;
  const version = (bytes[network] ?? 0) >> 4;
  const protocol = bytes[network + (version === 4 ? 9 : 6)] ?? 0;
  return { network, transport: network + (version === 4 ? ((bytes[network] ?? 0) & 15) * 4 : 40), version, protocol };
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
function put(bytes: Uint8Array, at: number, value: number): void {
  if (at >= 14 && at + 1 < bytes.length) bytes.set([(value >> 8) & 0xff, value & 0xff], at);
}
function putByte(bytes: Uint8Array, at: number, value: number): void {
  if (at >= 14 && at < bytes.length) bytes[at] = value & 0xff;
}

type Damage = (bytes: Uint8Array, random: Random) => Uint8Array;

/** Changes the bytes it is given, which are the caller's own. */
const damages: { readonly [what: string]: Damage } = {
  "cut short": (bytes, random) => bytes.subarray(0, random.between(14, Math.max(14, bytes.length - 1))),
  padded: (bytes, random) => Uint8Array.from([...bytes, ...random.bytes(random.between(1, 40))]),
  "a network length that lies": (bytes, random) => {
    const { network, version } = placesOf(bytes);
    const at = network + (version === 4 ? 2 : 4);
    put(bytes, at, random.pick([0, 1, 19, 20, 21, 39, word(bytes, at) - 1, word(bytes, at) + 1, word(bytes, at) + 8, 0x7fff, 0xffff]));
    return bytes;
  },
  "a header length that lies": (bytes, random) => {
    const { network, version } = placesOf(bytes);
    putByte(bytes, network, (version << 4) | random.below(16));
    return bytes;
  },
  "another version": (bytes, random) => {
    const { network } = placesOf(bytes);
    putByte(bytes, network, (random.below(16) << 4) | 5);
    return bytes;
  },
  "a transport length that lies": (bytes, random) => {
    const { transport, protocol } = placesOf(bytes);
    if (protocol === 6) putByte(bytes, transport + 12, random.below(16) << 4);
    else put(bytes, transport + 4, random.pick([0, 7, 8, 9, 0x8000, 0xffff]));
    return bytes;
  },
  "options that loop": (bytes, random) => {
    const { network, transport, version, protocol } = placesOf(bytes);
    const at = random.chance(0.5) && version === 4 ? network + 20 : transport + (protocol === 6 ? 20 : 8);
    for (let i = 0; i < random.between(1, 4); i++) {
      putByte(bytes, at + 2 * i, random.pick([2, 3, 5, 8, 34, 68, 131, 254]));
      putByte(bytes, at + 2 * i + 1, random.pick([0, 0, 1, 2, 255]));
    }
    return bytes;
  },
  "extension headers that do not end": (bytes, random) => {
    const { network, transport, version } = placesOf(bytes);
    if (version !== 6) return bytes;
    putByte(bytes, network + 6, random.pick([0, 43, 44, 51, 60]));
    putByte(bytes, transport, random.pick([0, 43, 44, 51, 60, 6]));
    putByte(bytes, transport + 1, random.pick([0, 1, 2, 31, 255]));
    return bytes;
  },
  "another protocol": (bytes, random) => {
    const { network, version } = placesOf(bytes);
    putByte(bytes, network + (version === 4 ? 9 : 6), random.pick([0, 1, 2, 4, 6, 17, 41, 44, 47, 50, 58, 59, 132, 255]));
    return bytes;
  },
  "a fragment": (bytes, random) => {
    const { network, version } = placesOf(bytes);
    if (version === 4) put(bytes, network + 6, random.pick([0x2000, 0x2001, 0x0001, 0x0002, 0x3fff, 0x1fff, 0x8000, 0xffff]));
    return bytes;
  },
  "a wrong network checksum": (bytes, random) => {
    const { network } = placesOf(bytes);
    put(bytes, network + 10, random.pick([0, 0xffff, random.below(0x1_0000)]));
    return bytes;
  },
  "a wrong transport checksum": (bytes, random) => {
    const { transport, protocol } = placesOf(bytes);
    put(bytes, transport + (protocol === 6 ? 16 : protocol === 17 ? 6 : 2), random.pick([0, 0xffff, random.below(0x1_0000)]));
    return bytes;
  },
  "addresses that are the same": bytes => {
    const { network, version } = placesOf(bytes);
    const [at, size] = version === 4 ? [network + 12, 4] : [network + 8, 16];
    if (at + 2 * size <= bytes.length) bytes.copyWithin(at + size, at, at + size);
    return bytes;
  },
  "another tag": (bytes, random) => {
    const tag = [
      ...random.pick([
        [0x81, 0],
        [0x88, 0xa8],
        [0x91, 0],
      ]),
      random.below(256),
      random.below(256),
    ];
    return Uint8Array.from([...bytes.subarray(0, 12), ...tag, ...bytes.subarray(12)]);
  },
  "another type": (bytes, random) => {
    bytes.set(
      random.pick([
        [8, 0],
        [0x86, 0xdd],
        [8, 6],
        [0x81, 0],
        [0, 46],
      ]),
      12,
    );
    return bytes;
  },
  "bytes that fell": (bytes, random) => {
    for (let i = random.between(1, 8); i > 0; i--) putByte(bytes, random.between(14, bytes.length - 1), random.below(256));
    return bytes;
  },
  "an early byte that fell": (bytes, random) => {
    putByte(bytes, 14 + random.below(Math.min(40, bytes.length - 14) || 1), random.below(256));
    return bytes;
  },
};
const names = Object.keys(damages);

/** The names of all that is done to frames. */
export const kindsOfDamage: readonly string[] = names;

/** The frame damaged, and how; sometimes twice. */
export function damaged(frame: Uint8Array, random: Random): { readonly what: string; readonly bytes: Uint8Array } {
  let bytes = frame.slice();
  const done: string[] = [];
  for (let times = random.chance(0.25) ? 2 : 1; times > 0; times--) {
    const what = random.pick(names);
    const made = damages[what]?.(bytes, random);
    if (made) bytes = made.slice();
    done.push(what);
  }
  return { what: done.join(", "), bytes };
}

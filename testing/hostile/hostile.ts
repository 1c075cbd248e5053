/** Packets as nobody should send them, and sound ones between them, so that there are flows to harm. */
import { damaged } from "./damage.js";
import { Random } from "./random.js";
import { type Stations, soundFrame } from "./sound.js";

export interface HostilePacket {
  /** what was done to it; "sound" for nothing */
  readonly what: string;
  readonly bytes: Uint8Array;
}

export interface HostileOptions {
  /** the same seed gives the same packets */
  readonly seed: number;
  readonly count: number;
  /** whom packets come from and go to: what the pipeline under test knows should be among them */
  readonly stations?: Partial<Stations>;
}

const everyone: Stations = {
  macs: [0x0200_0000_0001, 0x0200_0000_0002, 0x0200_0000_0003],
  ipv4: [0x0a00_0001, 0x0a00_0002, 0xc000_0201, 0xc633_6401],
  ipv6: [
    0x2001_0db8_0000_0000_0000_0000_0000_0001n,
    0x2001_0db8_0000_0000_0000_0000_0000_0002n,
    0xfe80_0000_0000_0000_0000_0000_0000_0001n,
  ],
  ports: [80, 443, 53, 12_345, 12_346],
};

/** Half of the frames are sound. */
const SOUND = 0.45;
/** Of a frame that is cut, every length comes in a row this often. */
const EVERY_CUT = 0.002;

/**
 * Frames with lengths that lie, options that loop, headers cut at each byte, wrong checksums, overlapping fragments,
 * chains of extension headers, tags, quoted packets cut anywhere; and sound frames of the same flows.
 * @example
 * for (const { what, bytes } of hostilePackets({ seed: 1, count: 10_000 })) simulate(edge, "ingress", bytes);
 */
export function* hostilePackets({ seed, count, stations }: HostileOptions): Generator<HostilePacket, void, undefined> {
  const random = new Random(seed);
  const known = { ...everyone, ...stations };
  let left = count;
  while (left > 0) {
    const frame = soundFrame(random, known);
    if (random.chance(EVERY_CUT)) {
      for (let length = 14; length < frame.length && left > 0; length++, left--) {
        yield { what: `cut to ${length} bytes`, bytes: frame.slice(0, length) };
      }
      continue;
    }
    left -= 1;
    yield random.chance(SOUND) ? { what: "sound", bytes: frame } : damaged(frame, random);
  }
}

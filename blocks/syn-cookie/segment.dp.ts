/** The options of a SYN (RFC 9293 section 3.2, RFC 7323), and the words that answer them: datapath code. */
import { type Packet, u8, u16, u32 } from "datapath";

const Kind = { End: 0, Nop: 1, SegmentSize: 2, WindowScale: 3, SackPermitted: 4, Timestamps: 8 } as const;

/** What no option said. */
const NO_SCALE = 15;

/** As many options as are looked at: systems in use send up to eight, their padding included. */
const MOST = 10;

export interface SynOptions {
  /** 0 where there is none */
  readonly mss: u16;
  /** 15 where there is none */
  readonly windowScale: u8;
  readonly sack: boolean;
  readonly timestamps: boolean;
  readonly timestamp: u32;
}

/** @param end where the TCP header ends */
export function synOptions(pkt: Packet, start: u16, end: u16, whole: boolean): SynOptions {
  let mss = 0;
  let windowScale = NO_SCALE;
  let sack = false;
  let timestamps = false;
  let timestamp = 0;
  let at: number = start;
  for (let i = 0; i < MOST; i++) {
    if (at >= end) break;
    const kind = pkt.read(at, u8);
    if (kind === undefined || kind === Kind.End) break;
    if (kind === Kind.Nop) {
      at += 1;
      continue;
    }
    const length = pkt.read(at + 1, u8);
    if (length === undefined || length < 2 || at + length > end) break;
    if (kind === Kind.SegmentSize && length === 4) mss = pkt.read(at + 2, u16) ?? 0;
    if (whole && kind === Kind.WindowScale && length === 3) windowScale = Math.min(pkt.read(at + 2, u8) ?? NO_SCALE, 14);
    if (whole && kind === Kind.SackPermitted && length === 2) sack = true;
    if (whole && kind === Kind.Timestamps && length === 10) {
      timestamps = true;
      timestamp = pkt.read(at + 2, u32) ?? 0;
    }
    at += length;
  }
  return { mss, windowScale, sack, timestamps, timestamp };
}

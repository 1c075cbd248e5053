/** The prefixes that an access control is asked about, and what becomes of their packets. */
import { ipv4 } from "datapath";

export interface Listed {
  readonly prefix: number;
  readonly length: number;
  /** 1 let through, 2 refused */
  readonly action: 1 | 2;
}

/** 1,000 from a fixed seed; 200 lie where the bench's packets come from. */
export function prefixesOf(count: number): readonly Listed[] {
  let state = 0x1234_5679;
  const next = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  return Array.from({ length: count }, (_, i): Listed => {
    const near = i % 5 === 0;
    const length = (near ? [24, 28, 32] : [16, 20, 24, 28, 32])[next(near ? 3 : 5)] ?? 32;
    const address = near ? ipv4("10.0.0.0") + next(65_536) : next(2 ** 32);
    return { prefix: (address & (0xffff_ffff << (32 - length))) >>> 0, length, action: next(2) === 0 ? 1 : 2 };
  });
}

import type { u16 } from "../core/integers.js";

/** The source ports, or echo identifiers, that a translated flow may have where its own is another flow's. */
export interface PortChoice {
  readonly first: u16;
  /** how many there are from the first on */
  readonly count: number;
  /** how many of them are tried, from a random one on */
  readonly tries: number;
}

/** What became of a translation. */
export const Translating = {
  /** the tuple of its replies is reserved */
  Done: 0,
  /** the replies to all that were tried are other flows' */
  NoPort: 1,
  /** the table has no room */
  Full: 2,
} as const;

import type { u16 } from "../core/integers.js";

/** The source ports, or echo identifiers, that a translated flow may have where its own is another flow's. */
export interface PortChoice {
  readonly first: u16;
  /** how many there are from the first on */
  readonly count: number;
  /** how many of them are tried, from a random one on */
  readonly tries: number;
}

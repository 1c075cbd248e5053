/** Where Conntrack and nf_conntrack differ by design, and why. The README of the block says the same in words. */

export interface Difference {
  readonly reason: string;
  /** by sequence, for each packet that differs: its number, what the block says, what nf_conntrack says */
  readonly sequences: Readonly<Record<string, readonly string[]>>;
}

export const byDesign: readonly Difference[] = [];

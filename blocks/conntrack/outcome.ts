/** What a packet is to the flow that it was found in. */
export const Outcome = {
  /** one of its packets, which keeps it alive */
  Accepted: 0,
  /** one of its packets, which does not: a retransmitted SYN, what answers one that the flow did not see */
  Ignored: 1,
  /** the flow is over, and this packet begins another one */
  Begins: 2,
  /** what follows: none of its packets */
  BadFlags: 3,
  BadState: 4,
  BadWindow: 5,
  Cut: 6,
} as const;

/**
 * Where a packet takes a TCP connection, by who sent it and what it is: RFC 9293 section 3.3.2 as seen by a station in the
 * middle, which knows what passed it and not what arrived. Written as text, one letter a state, packed into one word a row.
 */
import { FlowState } from "./states.js";

/** What a transition can be beside a state. */
export const INVALID = 15;
export const IGNORED = 14;

/** The columns: no state yet, then as FlowState numbers them. */
const letters: { readonly [letter: string]: number } = {
  S: FlowState.SynSent,
  R: FlowState.SynReceived,
  E: FlowState.Established,
  F: FlowState.FinWait,
  W: FlowState.CloseWait,
  L: FlowState.LastAck,
  T: FlowState.TimeWait,
  C: FlowState.Closed,
  "2": FlowState.SynSentTwice,
  P: FlowState.PickedUp,
  Q: FlowState.SynReceivedTwice,
  ".": IGNORED,
  x: INVALID,
};

/** One word: four bits a state, the next one. */
function row(text: string): bigint {
  const states = text.replaceAll(" ", "");
  if (states.length !== 12) throw new RangeError(`a row of transitions has 12 states, not "${text}"`);
  return [...states].reduce((word, letter, at) => word | (BigInt(letters[letter] ?? fail(letter)) << BigInt(4 * at)), 0n);
}
function fail(letter: string): never {
  throw new RangeError(`no state is written ${letter}`);
}

/** What the side that sent the first packet sends. */
export const original = {
  //       none SynSent SynRcvd Established FinWait CloseWait LastAck TimeWait Closed Twice PickedUp RcvdTwice
  syn: row("   S  S       .       .           .       .         .       S        S      2     .        ."),
  synAck: row("x  x       R       x           x       x         x       x        x      Q     x        Q"),
  fin: row("   x  x       F       F           L       L         L       T        C      x     F        F"),
  ack: row("   P  x       E       E           W       W         T       T        C      x     P        E"),
  reset: row(" x  C       C       C           C       C         C       C        C      C     C        C"),
};

/** What the other side sends. */
export const reply = {
  syn: row("   x  2       x       x           x       x         x       S        x      2     x        x"),
  synAck: row("x  R       .       .           .       .         .       .        .      Q     .        ."),
  fin: row("   x  x       F       F           L       L         L       T        C      x     F        F"),
  ack: row("   x  .       R       E           W       W         T       T        C      .     E        E"),
  reset: row(" x  C       C       C           C       C         C       C        C      C     C        C"),
};

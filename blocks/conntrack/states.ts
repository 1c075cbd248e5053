/** What a flow may be in: one numbering for all protocols, so that a state says its name and its time. */
import type { FlowState as Described } from "datapath";

/** The number in an entry's `state`. TCP's are those of RFC 9293 section 3.3.2, as a station in the middle can know them. */
export const FlowState = {
  /** nobody tracked it */
  None: 0,
  SynSent: 1,
  SynReceived: 2,
  Established: 3,
  FinWait: 4,
  CloseWait: 5,
  LastAck: 6,
  TimeWait: 7,
  Closed: 8,
  /** both sent a SYN (simultaneous open) */
  SynSentTwice: 9,
  /** TCP whose beginning was not seen, and nothing yet of the other side */
  PickedUp: 10,
  /** both sent a SYN, and one of them has answered the other's */
  SynReceivedTwice: 11,
  /** UDP, one way so far */
  Datagram: 12,
  /** UDP, both ways */
  DatagramReplied: 13,
  /** ICMP and ICMPv6 queries */
  Query: 14,
  /** any other protocol, one way so far */
  Other: 15,
  OtherReplied: 16,
  /** SCTP (RFC 9260 section 4): INIT, INIT ACK, COOKIE ECHO, association, SHUTDOWN from either side, SHUTDOWN ACK, closed */
  CookieWait: 17,
  CookieEchoed: 18,
  Associated: 19,
  ShutdownSent: 20,
  ShutdownReceived: 21,
  ShutdownAckSent: 22,
  SctpClosed: 23,
  /** SCTP heard of first by a heartbeat (RFC 9260 section 8.3), as of another path of an association */
  Heartbeat: 24,
} as const;

/** Whether a flow has come to stay: what a flow table does not give up for a new one. */
export function isLasting(state: number): boolean {
  return (
    state === FlowState.Established ||
    state === FlowState.DatagramReplied ||
    state === FlowState.OtherReplied ||
    state === FlowState.Associated
  );
}

/** Names of states as people and `dp conntrack` write them, each with its time in seconds where no option says otherwise. */
const defaults = {
  synSent: 60,
  synReceived: 60,
  established: 21_600,
  finWait: 30,
  closeWait: 30,
  lastAck: 30,
  timeWait: 30,
  closed: 10,
  synSentTwice: 60,
  pickedUp: 300,
  synReceivedTwice: 60,
  datagram: 30,
  datagramReplied: 180,
  query: 30,
  other: 600,
  otherReplied: 600,
  cookieWait: 3,
  cookieEchoed: 3,
  associated: 3600,
  shutdownSent: 3,
  shutdownReceived: 3,
  shutdownAckSent: 3,
  sctpClosed: 10,
  heartbeat: 30,
} as const;

export type StateName = keyof typeof defaults;
/** How long a flow may idle in each state, in whole seconds, 1 to 24 days. */
export type Timeouts = { readonly [N in StateName]?: number };

/** The states by their number: name and time. */
export function statesWith(timeouts: Timeouts): readonly Described[] {
  const given = new Map(Object.entries(timeouts));
  return [
    { name: "none", timeout: 600 },
    ...Object.entries(defaults).map(([name, seconds]) => ({ name, timeout: given.get(name) ?? seconds })),
  ];
}

/** @throws RangeError that names the option, its value and what is allowed */
export function checkTimeouts(timeouts: Timeouts): void {
  for (const [name, seconds] of Object.entries(timeouts)) {
    if (!(name in defaults))
      throw new RangeError(`Conntrack: the option timeouts has no ${name}; there are ${Object.keys(defaults).join(", ")}`);
    if (seconds !== undefined && (!Number.isInteger(seconds) || seconds < 1 || seconds > 24 * 86_400))
      throw new RangeError(
        `Conntrack: the option timeouts.${name} is ${seconds}; allowed is a whole number of seconds from 1 to ${24 * 86_400}`,
      );
  }
}

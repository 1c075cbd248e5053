/** Where Conntrack and nf_conntrack differ by design, and why. The README of the block says the same in words. */

export interface Difference {
  readonly reason: string;
  /** by sequence, for each packet that differs: its number, what the block says | what nf_conntrack says */
  readonly sequences: Readonly<Record<string, readonly string[]>>;
}

const closed = "established reply: close, replied | established reply: no flow";

export const byDesign: readonly Difference[] = [
  {
    reason:
      "Checksums of TCP, UDP, ICMP and SCTP are not verified: whoever receives the packet does it anyway, and hardware has done it before. nf_conntrack does on the way in (nf_conntrack_checksum).",
    sequences: {
      "flags/a wrong checksum in the SYN": ["1: new original: synSent | invalid: no flow"],
      "flags/a wrong checksum in a connection": ["4: established original: established, replied | invalid: established, replied"],
      "datagrams/UDP: a wrong checksum": ["1: new original: flow | invalid: no flow"],
      "datagrams/UDP: the error has a wrong checksum": ["2: related reply: flow | invalid: flow"],
      "datagrams/echo: a wrong checksum": ["1: new original: flow | invalid: no flow"],
      "sctp/a wrong checksum": ["1: new original: closed | invalid: no flow"],
    },
  },
  {
    reason:
      "A reset before any answer closes the connection like any other reset, and its entry goes ten seconds later. nf_conntrack forgets the flow at once, which a packet's program would pay for with a deletion. A new SYN begins a new flow in both.",
    sequences: {
      "reset/the server refuses": [`2: ${closed}`],
      "reset/the server refuses, the client tries again": [`2: ${closed}`],
      "reset/the server refuses without ACK": [`2: ${closed}`],
      "reset/the client gives up its SYN": ["2: new original: close | new original: no flow"],
      "picked up/reset by the server at once": [`2: ${closed}`],
      "picked up/reset by the server of an ACK it does not know": [`2: ${closed}`],
    },
  },
  {
    reason:
      "UDP that was answered may idle for its longer time at once. nf_conntrack grants that only to what goes on for more than two seconds after the answer.",
    sequences: { "datagrams/UDP: replied, silent for a minute": ["4: established original: flow, replied | new original: flow"] },
  },
  {
    reason:
      "Echoes of both directions under one identifier are one flow: its key has the addresses and the identifier, not who asked. nf_conntrack keeps a flow for each side that asks.",
    sequences: {
      "datagrams/echo: request of the server under the same identifier": ["2: established reply: flow, replied | new original: flow"],
    },
  },
  {
    reason:
      "SCTP's verification tags are not kept, so that a wrong one is not noticed; the end systems discard the packet (RFC 9260 section 8.5).",
    sequences: {
      "sctp/a wrong verification tag": ["5: established original: established, replied | invalid: established, replied"],
      "sctp/abort with a wrong tag": [
        "5: established original: closed, replied | invalid: established, replied",
        "6: established original: closed, replied | established original: established, replied",
      ],
    },
  },
];

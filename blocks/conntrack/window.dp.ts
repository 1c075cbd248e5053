/**
 * The window check (RFC 9293 section 3.10.7.4, as a station in the middle can make it): what a side sends must lie in what
 * the other one offered, and acknowledge what the other one sent. Sequence numbers are compared modulo 2^32.
 */
import { array, Block, type FlowEntry4, type FlowEntry6, type Flows, type IpLayers, type Packet, struct, u8, u16, u32 } from "datapath";
import { type Tcp, TcpOption } from "datapath/headers";
import { Outcome } from "./outcome.js";
import { FlowState } from "./states.js";

/** What is known of one side. */
export class Side extends struct({
  /** behind the last byte that it sent */
  end: u32,
  /** behind the last byte that it may send: what the other side has acknowledged, and its window */
  limit: u32,
  /** the largest window that it offered; 0 where it has sent nothing yet */
  window: u32,
  /** the highest number that it acknowledged */
  acknowledged: u32,
  /** by how many bits its windows are shifted (RFC 7323) */
  scale: u8,
  hasAcknowledged: u8,
  /** its SYN offered to scale windows */
  scales: u8,
  /** its beginning was not seen: what is out of its window is let by */
  lenient: u8,
}) {}

/** What the last packet of a connection was. */
const Last = { None: 0, Syn: 1, SynAck: 2, Fin: 3, Ack: 4, Reset: 5, Challenge: 6 } as const;

/** An acknowledgement may lag behind by a window, or by this where the window is smaller. */
const LEAST_LAG = 66_000;
const HALF = 0x8000_0000;
/** Everyone's SYN has the window scale among its first options. */
const MOST_OPTIONS = 6;
/** RFC 7323 section 2.3 */
const MOST_SCALE = 14;

function isBefore(a: u32, b: u32): boolean {
  return u32(a - b) >= HALF;
}
function isAfter(a: u32, b: u32): boolean {
  return isBefore(b, a);
}

/** A segment's numbers. */
export interface Segment {
  readonly sequence: u32;
  /** behind its last byte, SYN and FIN counted */
  readonly end: u32;
  /** of its SYN; no offer to scale is 255 */
  readonly scale: u8;
}

export class TcpWindow extends Block<{ readonly flows: Flows }> {
  readonly part = this.options.flows.part("window", {
    sides: array(Side, 2),
    lastEnd: u32,
    lastWindow: u16,
    last: u8,
    lastReply: u8,
    lastScale: u8,
    zero: u8,
    zeros: u16,
  });

  /** The numbers of this segment. */
  segmentOf(pkt: Packet, layers: IpLayers, tcp: Tcp): Segment {
    const headers = layers.transportOffset + tcp.dataOffset * 4;
    const end = layers.family === 4 ? layers.networkOffset + layers.ip.totalLength : layers.networkOffset + 40 + layers.ip.payloadLength;
    const length = end > headers ? end - headers : 0;
    const { sequence, flags } = tcp;
    const numbered = length + (flags.syn ? 1 : 0) + (flags.fin ? 1 : 0);
    return { sequence, end: u32(sequence + numbered), scale: flags.syn ? this.scaleOf(pkt, layers, tcp) : 255 };
  }

  /** What is known after the packet that begins a flow. */
  begin(tcp: Tcp, segment: Segment, entry: FlowEntry4 | FlowEntry6): void {
    const part = this.part.in(entry);
    const sender = part.sides[0];
    const receiver = part.sides[1];
    const window = Math.max(tcp.window, 1);
    sender.end = segment.end;
    sender.window = window;
    part.last = Last.Syn;
    if (tcp.flags.syn) {
      sender.limit = segment.end;
      sender.scale = segment.scale === 255 ? 0 : segment.scale;
      sender.scales = segment.scale === 255 ? 0 : 1;
    } else {
      sender.limit = u32(segment.end + window);
      sender.lenient = 1;
      receiver.lenient = 1;
      part.last = Last.Ack;
    }
    part.lastEnd = segment.end;
  }

  /**
   * Whether a reset may end its connection (RFC 5961 section 3.2): exactly the number that the other side waits for does. One
   * within the window is let by, to be answered with a challenge, and ends nothing.
   */
  judgeReset(tcp: Tcp, segment: Segment, entry: FlowEntry4 | FlowEntry6, isReply: boolean): u8 {
    const part = this.part.in(entry);
    const from = isReply ? 1 : 0;
    const receiver = part.sides[1 - from];
    const { last } = part;
    const { sequence } = segment;
    // The server knows another connection and said so (RFC 5961 section 4.2): this makes it forget that one.
    if (entry.state === FlowState.SynSent && !isReply && last === Last.Challenge && sequence === part.lastEnd) return Reset.Answers;
    if (receiver.hasAcknowledged === 1 && last !== Last.Syn) {
      const { acknowledged } = receiver;
      if (isBefore(sequence, acknowledged)) return Reset.Invalid;
      const follows = last === Last.Ack && part.lastReply === from && sequence === part.lastEnd;
      if (entry.state === FlowState.Established && sequence !== acknowledged && !follows) return Reset.Kept;
    }
    // An answer to a SYN or an ACK that was let by although it belonged to no state here
    const answers = last === Last.Syn ? entry.replied : last === Last.Ack && entry.state !== FlowState.Established;
    return answers && tcp.acknowledgement === part.lastEnd ? Reset.Answers : Reset.Ends;
  }

  /** Notes a packet that changed nothing: a reset that answers it is known by this. */
  note(tcp: Tcp, segment: Segment, entry: FlowEntry4 | FlowEntry6, isReply: boolean): void {
    const part = this.part.in(entry);
    const kind = kindOf(tcp);
    const challenges = entry.state === FlowState.SynSent && isReply && kind === Last.Ack;
    part.last = challenges ? Last.Challenge : kind;
    part.lastReply = isReply ? 1 : 0;
    part.lastEnd = challenges ? tcp.acknowledgement : segment.end;
    part.lastWindow = tcp.window;
    part.lastScale = segment.scale;
  }

  /**
   * Whether a SYN ACK answers the SYN that was let by just before: then both sides have begun anew, and the connection that is
   * known here is none of theirs. Begins anew with them.
   */
  resumes(tcp: Tcp, segment: Segment, entry: FlowEntry4 | FlowEntry6, isReply: boolean): boolean {
    const part = this.part.in(entry);
    const from = isReply ? 1 : 0;
    const { flags } = tcp;
    if (!flags.syn || !flags.ack || part.last !== Last.Syn || part.lastReply === from || tcp.acknowledgement !== part.lastEnd) return false;
    const sender = part.sides[from];
    const receiver = part.sides[1 - from];
    const scales = part.lastScale !== 255;
    receiver.end = part.lastEnd;
    receiver.limit = part.lastEnd;
    receiver.window = Math.max(part.lastWindow, 1);
    receiver.hasAcknowledged = 0;
    receiver.scales = scales ? 1 : 0;
    receiver.scale = scales ? part.lastScale : 0;
    receiver.lenient = 0;
    sender.window = 0;
    sender.hasAcknowledged = 0;
    sender.lenient = 0;
    return this.check(tcp, segment, entry, isReply) === Outcome.Accepted;
  }

  /** Whether a segment lies in the window; notes what it tells. */
  check(tcp: Tcp, segment: Segment, entry: FlowEntry4 | FlowEntry6, isReply: boolean): u8 {
    const part = this.part.in(entry);
    const from = isReply ? 1 : 0;
    const sender = part.sides[from];
    const receiver = part.sides[1 - from];
    const { flags } = tcp;
    const { state } = entry;
    let { sequence, end } = segment;
    let acknowledgement = tcp.acknowledgement;
    const opening = state === FlowState.SynSent || state === FlowState.SynReceived;

    if (sender.window === 0) {
      if (flags.syn) {
        this.introduce(sender, receiver, tcp, segment, isReply);
        if (!flags.ack) return Outcome.Accepted;
      } else this.meet(sender, receiver, tcp, segment);
    } else if (flags.syn && opening && isAfter(end, sender.end)) {
      // RFC 9293 section 3.8.1: whoever begins anew uses higher numbers.
      this.introduce(sender, receiver, tcp, segment, isReply);
      if (isReply && !flags.ack) return Outcome.Accepted;
    }

    const receiverEnd = receiver.end;
    if (!flags.ack || (flags.rst && acknowledgement === 0)) acknowledgement = receiverEnd;
    if (flags.rst && sequence === 0 && state === FlowState.SynSent) {
      sequence = sender.end;
      end = sequence;
    }

    const senderEnd = sender.end;
    const senderWindow = sender.window;
    const receiverWindow = receiver.window;
    const { limit } = sender;
    const withinReceiver = receiverWindow === 0 || isAfter(end, u32(senderEnd - receiverWindow - 1));
    const lag = Math.max(senderWindow, LEAST_LAG);
    const inTime = isAfter(acknowledgement, u32(receiverEnd - lag - 1));
    const ofSent = isBefore(acknowledgement, u32(receiverEnd + 1));
    if (!isBefore(sequence, u32(limit + 1))) {
      // More than was offered, by less than a window: let by without a trace, but that its acknowledgement is not refused.
      const little = receiverWindow !== 0 && withinReceiver && inTime && ofSent && u32(end - limit + 1) <= receiverWindow;
      if (little) sender.end = end;
      if (sender.lenient === 1) return Outcome.Accepted;
      return little ? Outcome.Ignored : Outcome.BadWindow;
    }
    if (!ofSent) return sender.lenient === 1 ? Outcome.Accepted : Outcome.BadWindow;
    // What comes late harms nobody: the receiver knows it already (RFC 9293 section 3.10.7.4).
    if (!withinReceiver || !inTime) return sender.lenient === 1 ? Outcome.Accepted : Outcome.Ignored;

    const offered = flags.syn ? tcp.window : tcp.window * this.shifted(sender.scale);
    if (senderWindow < offered) sender.window = offered;
    if (isAfter(end, senderEnd)) sender.end = end;
    if (flags.ack && (sender.hasAcknowledged === 0 || isAfter(acknowledgement, sender.acknowledged))) {
      sender.acknowledged = acknowledgement;
      sender.hasAcknowledged = 1;
    }
    if (receiverWindow !== 0 && isAfter(end, limit)) receiver.window = u32(receiverWindow + (end - limit));
    const reach = u32(acknowledgement + offered);
    if (isAfter(reach, u32(receiver.limit - 1))) receiver.limit = offered === 0 ? u32(reach + 1) : reach;
    this.note(tcp, segment, entry, isReply);
    return Outcome.Accepted;
  }

  /** A side's first SYN. */
  private introduce(sender: Side, receiver: Side, tcp: Tcp, segment: Segment, isReply: boolean): void {
    sender.end = segment.end;
    sender.limit = segment.end;
    sender.window = Math.max(tcp.window, 1);
    const scales = segment.scale !== 255;
    sender.scales = scales ? 1 : 0;
    sender.scale = scales ? segment.scale : 0;
    // RFC 7323 section 2.2: windows are scaled where both sides offered it.
    if (isReply && !(scales && receiver.scales === 1)) {
      sender.scale = 0;
      receiver.scale = 0;
    }
  }

  /** A side whose SYN was not seen. */
  private meet(sender: Side, receiver: Side, tcp: Tcp, segment: Segment): void {
    const window = Math.max(tcp.window * this.shifted(sender.scale), 1);
    sender.end = segment.end;
    sender.window = window;
    sender.limit = u32(segment.end + window);
    const { end } = receiver;
    if (receiver.window === 0) {
      receiver.end = tcp.acknowledgement;
      receiver.limit = tcp.acknowledgement;
    } else if (tcp.acknowledgement === u32(end + 1)) receiver.end = u32(end + 1);
  }

  private shifted(scale: u8): u32 {
    return (1 << Math.min(scale, MOST_SCALE)) >>> 0;
  }

  /** The window scale of a SYN; 255 where it offers none. */
  private scaleOf(pkt: Packet, layers: IpLayers, tcp: Tcp): u8 {
    let at: u16 = layers.transportOffset + 20;
    const end = layers.transportOffset + tcp.dataOffset * 4;
    for (let i = 0; i < MOST_OPTIONS; i++) {
      if (at >= end) return 255;
      const kind = pkt.read(at, u8);
      if (kind === undefined || kind === TcpOption.End) return 255;
      if (kind === TcpOption.NoOperation) {
        at += 1;
        continue;
      }
      const length = pkt.read(at + 1, u8);
      if (length === undefined || length < 2 || at + length > end) return 255;
      if (kind === TcpOption.WindowScale) {
        const scale = pkt.read(at + 2, u8);
        return scale === undefined || length !== 3 ? 255 : Math.min(scale, MOST_SCALE);
      }
      at += length;
    }
    return 255;
  }
}

/** What `judgeReset` says. */
export const Reset = { Ends: 0, Kept: 1, Answers: 2, Invalid: 3 } as const;

function kindOf(tcp: Tcp): u8 {
  const { flags } = tcp;
  if (flags.rst) return Last.Reset;
  if (flags.syn) return flags.ack ? Last.SynAck : Last.Syn;
  return flags.fin ? Last.Fin : Last.Ack;
}

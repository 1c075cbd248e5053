/** TCP's part of tracking (RFC 9293): from a state and a packet to the next state. */
import type { StoredFlow4, StoredFlow6, u8, u64 } from "datapath";
import { type Tcp, TcpFlag } from "datapath/headers";
import { Outcome } from "./outcome.js";
import { FlowState, isLasting } from "./states.js";
import { IGNORED, INVALID, original, reply } from "./transitions.js";
import { Reset, type Segment, type TcpWindow } from "./window.dp.js";

/** Which flags may stand together, ECE, CWR and PSH left out: one bit for each value of the other five (RFC 9293 section 3.10). */
const VALID_FLAGS: u64 = [
  TcpFlag.Syn,
  TcpFlag.Syn | TcpFlag.Urg,
  TcpFlag.Syn | TcpFlag.Ack,
  TcpFlag.Rst,
  TcpFlag.Rst | TcpFlag.Ack,
  TcpFlag.Fin | TcpFlag.Ack,
  TcpFlag.Fin | TcpFlag.Ack | TcpFlag.Urg,
  TcpFlag.Ack,
  TcpFlag.Ack | TcpFlag.Urg,
].reduce((bits, flags) => bits | (1n << BigInt(flags)), 0n);
const CONTROL = TcpFlag.Syn | TcpFlag.Fin | TcpFlag.Rst;

/** Whether a segment is neither first nor last of a connection: ACK, and none of SYN, FIN, RST. */
export function isPlain(tcp: Tcp): boolean {
  return (tcp.flags.value & (CONTROL | TcpFlag.Ack)) === TcpFlag.Ack;
}

/** Whether such flags can stand together. */
export function hasValidFlags(tcp: Tcp): boolean {
  return ((VALID_FLAGS >> BigInt(tcp.flags.value & 0x37)) & 1n) !== 0n;
}

/** Where a segment takes a connection, by its flags; IGNORED, or INVALID. */
export function nextState(tcp: Tcp, state: u8, isReply: boolean): u8 {
  const at = BigInt((state & 15) * 4);
  return Number((rowOf(tcp, isReply) >> at) & 15n);
}

function rowOf(tcp: Tcp, isReply: boolean): u64 {
  const { flags } = tcp;
  if (flags.rst) return isReply ? reply.reset : original.reset;
  if (flags.syn) {
    if (flags.ack) return isReply ? reply.synAck : original.synAck;
    return isReply ? reply.syn : original.syn;
  }
  if (flags.fin) return isReply ? reply.fin : original.fin;
  return isReply ? reply.ack : original.ack;
}

/** Takes a flow to its next state; a flow table keeps those that are established where others give way. */
export function takeTo(flow: StoredFlow4 | StoredFlow6, state: u8, isReply: boolean): void {
  flow.become(state, isReply || flow.replied, isLasting(state));
}

/** Takes a connection on by one segment. */
export function step(tcp: Tcp, flow: StoredFlow4 | StoredFlow6, isReply: boolean): u8 {
  if (tcp.dataOffset < 5 || !hasValidFlags(tcp)) return Outcome.BadFlags;
  const { state } = flow;
  const next = nextState(tcp, state, isReply);
  if (next === INVALID) return Outcome.BadState;
  if (next === FlowState.SynSent) return state === FlowState.SynSent ? Outcome.Ignored : Outcome.Begins;
  takeTo(flow, next === IGNORED ? state : next, isReply);
  return next === IGNORED ? Outcome.Ignored : Outcome.Accepted;
}

/** The same with the window check: what is out of it changes nothing. */
export function stepInWindow(tcp: Tcp, segment: Segment, flow: StoredFlow4 | StoredFlow6, isReply: boolean, window: TcpWindow): u8 {
  if (tcp.dataOffset < 5 || !hasValidFlags(tcp)) return Outcome.BadFlags;
  const { state } = flow;
  let next = nextState(tcp, state, isReply);
  if (next === INVALID) return Outcome.BadState;
  if (next === FlowState.SynSent && state !== FlowState.SynSent) return Outcome.Begins;
  if (next === IGNORED) {
    if (window.resumes(tcp, segment, flow.entry, isReply)) {
      takeTo(flow, FlowState.SynReceived, isReply);
      return Outcome.Accepted;
    }
    window.note(tcp, segment, flow.entry, isReply);
    takeTo(flow, state, isReply);
    return Outcome.Ignored;
  }
  let checked = true;
  if (tcp.flags.rst) {
    const reset = window.judgeReset(tcp, segment, flow.entry, isReply);
    if (reset === Reset.Invalid) return Outcome.BadWindow;
    if (reset === Reset.Kept) next = state;
    checked = reset !== Reset.Answers;
  }
  if (checked) {
    const outcome = window.check(tcp, segment, flow.entry, isReply);
    if (outcome !== Outcome.Accepted) return outcome;
  }
  takeTo(flow, next, isReply);
  return next === FlowState.SynSent ? Outcome.Ignored : Outcome.Accepted;
}

/** The state that a connection begins in with this segment; INVALID where it cannot. */
export function firstState(tcp: Tcp, pickUp: boolean): u8 {
  if (tcp.dataOffset < 5 || !hasValidFlags(tcp)) return INVALID;
  const next = nextState(tcp, FlowState.None, false);
  return next === FlowState.PickedUp && !pickUp ? INVALID : next;
}

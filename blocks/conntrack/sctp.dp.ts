/** SCTP's part of tracking (RFC 9260 sections 4 and 9), by the first chunk of a packet. */
import type { u8 } from "datapath";
import { SctpChunkType } from "datapath/headers";
import { FlowState } from "./states.js";

/** The state that an association begins in with this chunk; None where it cannot (what is out of the blue, section 8.4). */
export function firstSctpState(chunk: u8): u8 {
  if (chunk === SctpChunkType.Init) return FlowState.SctpClosed;
  if (chunk === SctpChunkType.Heartbeat) return FlowState.Heartbeat;
  if (chunk === SctpChunkType.ShutdownAck) return FlowState.ShutdownAckSent;
  return FlowState.None;
}

/** Where a chunk takes an association. */
export function nextSctpState(chunk: u8, state: u8, isReply: boolean): u8 {
  switch (chunk) {
    case SctpChunkType.Init:
      if (state === FlowState.ShutdownSent || state === FlowState.ShutdownReceived) return FlowState.SctpClosed;
      if (!isReply && state === FlowState.Heartbeat) return FlowState.CookieWait;
      return state;
    case SctpChunkType.InitAck:
      return isReply && state === FlowState.SctpClosed ? FlowState.CookieWait : state;
    case SctpChunkType.Abort:
      return FlowState.SctpClosed;
    case SctpChunkType.CookieEcho:
      return state === FlowState.CookieWait ? FlowState.CookieEchoed : state;
    case SctpChunkType.CookieAck:
      return state === FlowState.CookieEchoed ? FlowState.Associated : state;
    case SctpChunkType.Shutdown:
      if (state !== FlowState.Associated) return state;
      return isReply ? FlowState.ShutdownReceived : FlowState.ShutdownSent;
    case SctpChunkType.ShutdownAck:
      return state === FlowState.ShutdownSent || state === FlowState.ShutdownReceived ? FlowState.ShutdownAckSent : state;
    case SctpChunkType.ShutdownComplete:
      return state === FlowState.ShutdownAckSent ? FlowState.SctpClosed : state;
    case SctpChunkType.HeartbeatAck:
      return isReply && state === FlowState.Heartbeat ? FlowState.Associated : state;
    default:
      return state;
  }
}

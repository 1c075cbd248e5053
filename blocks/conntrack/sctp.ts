/** SCTP's part of tracking (RFC 9260 sections 4 and 9), by the first chunk of a packet: rows as those of TCP, one a kind of chunk. */
import { SctpChunkType } from "datapath/headers";
import { FlowState } from "./states.js";

/** The first of SCTP's states: the rows count from there, in FlowState's order. */
export const FIRST_SCTP_STATE = FlowState.CookieWait;
const columns = [
  FlowState.CookieWait,
  FlowState.CookieEchoed,
  FlowState.Associated,
  FlowState.ShutdownSent,
  FlowState.ShutdownReceived,
  FlowState.ShutdownAckSent,
  FlowState.SctpClosed,
  FlowState.Heartbeat,
];
const letters = "wesarkch";

interface Row {
  readonly original: string;
  readonly reply: string;
}
// w COOKIE WAIT, e COOKIE ECHOED, s established (associated), a SHUTDOWN sent, r SHUTDOWN received, k SHUTDOWN ACK sent, c closed, h heartbeat
const SAME = "wesarkch";
const rows: { readonly [chunk: number]: Row | undefined } = {
  [SctpChunkType.Init]: { original: "wescckcw", reply: "wescckch" },
  [SctpChunkType.InitAck]: { original: SAME, reply: "wesarkwh" },
  [SctpChunkType.Abort]: { original: "cccccccc", reply: "cccccccc" },
  [SctpChunkType.CookieEcho]: { original: "eesarkch", reply: "eesarkch" },
  [SctpChunkType.CookieAck]: { original: "wssarkch", reply: "wssarkch" },
  [SctpChunkType.Shutdown]: { original: "weaarkch", reply: "werarkch" },
  [SctpChunkType.ShutdownAck]: { original: "weskkkch", reply: "weskkkch" },
  [SctpChunkType.ShutdownComplete]: { original: "wesarcch", reply: "wesarcch" },
  [SctpChunkType.HeartbeatAck]: { original: SAME, reply: "wesarkcs" },
};

function packed(row: string): number {
  return [...row].reduce((word, letter, at) => word + letters.indexOf(letter) * 16 ** at, 0);
}

/** Where a chunk takes an association: by `type * 2`, one more for the side that did not begin; four bits a state. */
export const sctpRows: readonly number[] = Array.from({ length: 32 }, (_, index) => {
  const row = rows[index >> 1];
  return packed(row ? (index % 2 === 1 ? row.reply : row.original) : SAME);
});
if (columns.some((state, at) => state !== FIRST_SCTP_STATE + at)) throw new RangeError("SCTP's states do not stand together");

/** The state that an association begins in with this chunk; None where it cannot (what is out of the blue, section 8.4). */
export const sctpBeginnings: { readonly [chunk: number]: number | undefined } = {
  [SctpChunkType.Init]: FlowState.SctpClosed,
  [SctpChunkType.Heartbeat]: FlowState.Heartbeat,
  [SctpChunkType.ShutdownAck]: FlowState.ShutdownAckSent,
};

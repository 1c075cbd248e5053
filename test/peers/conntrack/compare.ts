/** Runs every sequence through the block and through nf_conntrack, and puts the answers side by side. */
import { statesWith } from "../../../blocks/conntrack/states.js";
import { type Family, framesOf } from "./frames.js";
import { ask, type PeerAnswer, sctpStates, tcpStates } from "./nf-conntrack.js";
import { parse } from "./script.js";
import { topics } from "./sequences/index.js";
import { type Answer, TwoWays } from "./tracker.js";

export interface Compared {
  /** topic and sequence: `reset/reset twice` */
  readonly name: string;
  readonly family: Family;
  /** for each packet what the block says and what the peer says: class, direction, state */
  readonly packets: readonly { readonly line: string; readonly ours: string; readonly theirs: string }[];
}

const FIRST_PORT = 10_000;

/** nf_conntrack's timeouts as the block has them. */
function sysctls(pickUp: boolean): Record<string, number> {
  const seconds = Object.fromEntries(statesWith({}).map(({ name, timeout }) => [name, timeout]));
  const of = (name: string): number => seconds[name] ?? 0;
  return {
    nf_conntrack_tcp_loose: pickUp ? 1 : 0,
    nf_conntrack_tcp_timeout_syn_sent: of("synSent"),
    nf_conntrack_tcp_timeout_syn_recv: of("synReceived"),
    nf_conntrack_tcp_timeout_established: of("established"),
    nf_conntrack_tcp_timeout_fin_wait: of("finWait"),
    nf_conntrack_tcp_timeout_close_wait: of("closeWait"),
    nf_conntrack_tcp_timeout_last_ack: of("lastAck"),
    nf_conntrack_tcp_timeout_time_wait: of("timeWait"),
    nf_conntrack_tcp_timeout_close: of("closed"),
    nf_conntrack_tcp_timeout_unacknowledged: pickUp ? of("pickedUp") : of("established"),
    nf_conntrack_tcp_timeout_max_retrans: of("established"),
    nf_conntrack_udp_timeout: of("datagram"),
    nf_conntrack_udp_timeout_stream: of("datagramReplied"),
    nf_conntrack_icmp_timeout: of("query"),
    nf_conntrack_icmpv6_timeout: of("query"),
    nf_conntrack_generic_timeout: of("other"),
    nf_conntrack_sctp_timeout_closed: of("sctpClosed"),
    nf_conntrack_sctp_timeout_cookie_wait: of("cookieWait"),
    nf_conntrack_sctp_timeout_cookie_echoed: of("cookieEchoed"),
    nf_conntrack_sctp_timeout_established: of("associated"),
    nf_conntrack_sctp_timeout_shutdown_sent: of("shutdownSent"),
    nf_conntrack_sctp_timeout_shutdown_recd: of("shutdownReceived"),
    nf_conntrack_sctp_timeout_shutdown_ack_sent: of("shutdownAckSent"),
    nf_conntrack_sctp_timeout_heartbeat_sent: of("heartbeat"),
  };
}

/** The block's states by nf_conntrack's names; those that it does not tell apart are one. */
const peerNames: Readonly<Record<string, string>> = {
  closed: "close",
  synSentTwice: "synSent2",
  synReceivedTwice: "synReceived",
  pickedUp: "established",
  sctpClosed: "closed",
  associated: "established",
  heartbeat: "heartbeatSent",
};
/** Protocols without states: only whether there is a flow, and whether it went both ways. */
const stateless: ReadonlySet<string> = new Set(["datagram", "datagramReplied", "query", "other", "otherReplied"]);
const SEEN_REPLY = 2;

function show(packetClass: string, reply: boolean, state: string | undefined, replied: boolean): string {
  const direction = packetClass === "invalid" || packetClass === "untracked" ? "" : reply ? " reply" : " original";
  const flow = state === undefined ? "no flow" : `${state}${replied ? ", replied" : ""}`;
  return `${packetClass}${direction}: ${flow}`;
}

function ours({ class: packetClass, reply, state, replied }: Answer): string {
  const name = state === undefined || !stateless.has(state) ? state && (peerNames[state] ?? state) : "flow";
  return show(packetClass, reply, name, replied);
}

function theirs({ class: packetClass, reply, entry }: PeerAnswer, protocol: number): string {
  const names = protocol === 6 ? tcpStates : protocol === 132 ? sctpStates : undefined;
  const state = entry ? (names ? names[entry.state] : "flow") : undefined;
  return show(packetClass, reply, state, entry !== null && (entry.status & SEEN_REPLY) !== 0);
}

/** @param pickUp the topics that run with it */
export async function compareAll(pickUp: boolean): Promise<Compared[]> {
  const chosen = Object.entries(topics).filter(([, topic]) => topic.pickUp === pickUp);
  const sequences = chosen.flatMap(([topic, { families, sequences: scripts }]) =>
    families.flatMap(family =>
      Object.entries(scripts).map(([what, text]) => ({ name: `${topic}/${what}`, family, text, lines: parse(text) })),
    ),
  );
  const framed = sequences.map(({ lines, family }, index) => framesOf(lines, family, FIRST_PORT + index));
  const asked = ask(framed, sysctls(pickUp));
  const tracker = await TwoWays.make(pickUp);
  try {
    const answers: Answer[][] = [];
    for (const { steps, flow } of framed) answers.push(await tracker.run(steps, flow));
    const peer = await asked;
    return sequences.map(({ name, family, text }, index) => ({
      name,
      family,
      packets: (answers[index] ?? []).map((answer, at) => ({
        line: text.trim().split("\n")[at]?.trim() ?? "",
        ours: ours(answer),
        theirs: theirs(peer[index]?.[at] ?? { class: "lost", reply: false, entry: null }, framed[index]?.flow.protocol ?? 0),
      })),
    }));
  } finally {
    await tracker.close();
  }
}

import {
  arrayMap,
  Block,
  counter,
  type FlowState as DescribedState,
  describeFlowStates,
  Fragment,
  type IpLayers,
  type Ipv4Layers,
  type Ipv6Layers,
  NewFlow4,
  NewFlow6,
  type Packet,
  quotedTuple4,
  quotedTuple6,
  SECOND,
  StoredFlow4,
  StoredFlow6,
  TICKS_PER_SECOND,
  ticks,
  tupleOf4,
  tupleOf6,
  type u8,
  u16,
  u32,
  Verdict,
} from "datapath";
import { EtherType, IcmpType, Icmpv6Type, IpProtocol, SctpChunk, SctpChunkType } from "datapath/headers";
import { type ConntrackOptions, checkConntrackOptions } from "./options.js";
import { Outcome } from "./outcome.js";
import { FIRST_SCTP_STATE, sctpBeginnings, sctpRows } from "./sctp.js";
import { SourceLimit } from "./source-limit.dp.js";
import { FlowState, isLasting, statesWith } from "./states.js";
import { firstState, isPlain, step, stepInWindow, takeTo } from "./tcp.dp.js";
import { type Tracked, tracked } from "./tracked.js";
import { INVALID } from "./transitions.js";
import { type Segment, TcpWindow } from "./window.dp.js";

const sctpTypes = Object.keys(sctpBeginnings).map(Number);
/** Beyond half of what 32 bits hold, one time is before another: a packet on another CPU was later. */
const HALF = 0x8000_0000;

/**
 * Knows the connection of each packet, as a stateful firewall needs it: TCP's states (RFC 9293), UDP and other protocols by
 * who has answered, echoes by their identifier, SCTP's associations (RFC 9260), ICMP errors by the packet that they quote.
 *
 * `track` finds a packet's flow or prepares it and stores nothing; what is to be let through goes to `commit`.
 * @throws RangeError for options that are out of range
 * @example
 * readonly flows = new Flows({ maxEntries: 262_144 });
 * readonly conntrack = new Conntrack({ flows: this.flows });
 * // in a hook
 * const tracked = this.conntrack.track(pkt);
 * if (tracked instanceof Verdict) return tracked;
 * return this.conntrack.commit(tracked) ?? Verdict.Pass;
 */
export class Conntrack extends Block<ConntrackOptions> {
  private readonly states = this.prepare();
  private readonly established = this.states[FlowState.Established]?.timeout ?? 1;
  /** How long a flow may idle, in seconds, by its state. */
  private readonly seconds = arrayMap(
    u32,
    32,
    this.states.map(({ timeout }) => timeout),
  );
  private readonly associations = arrayMap(u32, 32, sctpRows);
  private readonly window = this.options.window ? new TcpWindow({ flows: this.options.flows }) : undefined;
  /** What sources began, with the option `perSource`. */
  readonly limit = this.options.perSource ? new SourceLimit(this.options.perSource) : undefined;
  /** Packets that were passed although they belong to no flow (`invalid: "pass"`) or could not be read (`malformed: "pass"`). */
  readonly passed = counter();

  /** The packet's flow, found or prepared; nothing is stored. What is not IP comes back as `Verdict.Pass`, and so does neighbour discovery. */
  track(pkt: Packet): Tracked | Verdict {
    const layers = pkt.layers(this.options.flows.layers);
    if (layers.family === 4) return this.track4(pkt, layers);
    if (layers.family === 6) return this.track6(pkt, layers);
    const etherType = pkt.read(layers.networkOffset - 2, u16);
    if (etherType !== EtherType.Ipv4 && etherType !== EtherType.Ipv6) return Verdict.Pass;
    if (this.options.malformed === "drop") return Verdict.drop("malformed");
    this.passed.add(pkt);
    return Verdict.Pass;
  }

  /** Stores a new flow; a verdict where the table has no room for it. */
  commit(packet: { readonly tracked: Tracked }): Verdict | undefined {
    const { flow, layers } = packet.tracked;
    if (flow instanceof NewFlow4 || flow instanceof NewFlow6) {
      if (!this.options.flows.store(flow)) return Verdict.drop("flow table full");
      this.limit?.count(layers);
    }
    return undefined;
  }

  private track4(pkt: Packet, layers: Ipv4Layers): Tracked | Verdict {
    const { flows } = this.options;
    const { source, destination, tcp } = layers;
    // TCP has a way of its own through the program: it is most of the traffic, and needs none of what the others are asked.
    let fromLow = false;
    if (tcp) {
      const { srcPort: sourcePort, dstPort: destinationPort } = tcp;
      fromLow = flows.seek4({ source, destination, sourcePort, destinationPort, protocol: IpProtocol.Tcp });
      const known = this.known4(pkt, layers, fromLow, this.window?.segmentOf(pkt, layers, tcp));
      if (known) return known;
    } else {
      const quoted = layers.quoted(flows.layers);
      if (quoted) {
        // It goes to whoever sent the packet that it quotes.
        const about = quoted.source === layers.destination ? flows.find4(quotedTuple4(quoted)) : undefined;
        if (!about || this.idled(about.seen, u32(ticks()), about.state)) return this.refuse(pkt, "ICMP error about no flow");
        return tracked(new StoredFlow4(about.entry, !about.fromLow), layers, true, true);
      }
      fromLow = flows.seek4(tupleOf4(layers));
      const known = this.known4(pkt, layers, fromLow, undefined);
      if (known) return known;
    }
    return this.fresh4(pkt, layers, fromLow);
  }

  /** Of a packet whose flow is in the table; undefined where it may begin one. */
  private known4(pkt: Packet, layers: Ipv4Layers, fromLow: boolean, segment: Segment | undefined): Tracked | Verdict | undefined {
    const { flows } = this.options;
    const found = flows.sought4(fromLow);
    if (!found) return undefined;
    const { entry, reply } = found;
    const established = reply || entry.replied;
    const outcome = flows.isTranslated
      ? this.judgeTranslated4(pkt, layers, found, reply, segment)
      : this.judge(pkt, layers, found, reply, segment);
    if (outcome > Outcome.Begins) return this.refuseFor(pkt, outcome);
    return outcome === Outcome.Begins ? undefined : tracked(found, layers, established, false);
  }

  private fresh4(pkt: Packet, layers: Ipv4Layers, fromLow: boolean): Tracked | Verdict {
    const { flows } = this.options;
    const state = this.firstStateOf(pkt, layers);
    if (state === FlowState.None) return this.refuse(pkt, "begins no flow");
    // Refused before a block chooses a translation, and counted when the flow is stored: a refused packet makes no state.
    if (this.limit?.isSpent(layers) === true) return Verdict.drop("too many flows of one source");
    const flow = flows.beginSought4(fromLow);
    flow.entry.state = state;
    if (this.window && layers.tcp) this.window.begin(layers.tcp, this.window.segmentOf(pkt, layers, layers.tcp), flow.entry);
    flows.countFirst(pkt, flow);
    return tracked(flow, layers, false, false);
  }

  private track6(pkt: Packet, layers: Ipv6Layers): Tracked | Verdict {
    const { flows } = this.options;
    const { source, destination, tcp } = layers;
    // TCP has a way of its own through the program: it is most of the traffic, and needs none of what the others are asked.
    let fromLow = false;
    if (tcp) {
      const { srcPort: sourcePort, dstPort: destinationPort } = tcp;
      fromLow = flows.seek6({ source, destination, sourcePort, destinationPort, protocol: IpProtocol.Tcp });
      const known = this.known6(pkt, layers, fromLow, this.window?.segmentOf(pkt, layers, tcp));
      if (known) return known;
    } else {
      if (layers.icmpv6) {
        const { type } = layers.icmpv6;
        // Neighbour discovery and multicast listeners (RFC 4861, RFC 2710, RFC 3810) are between stations of one link, and no flow.
        if ((type >= Icmpv6Type.MulticastListenerQuery && type <= Icmpv6Type.Redirect) || type === 143) return Verdict.Pass;
      }
      const quoted = layers.quoted(flows.layers);
      if (quoted) {
        // It goes to whoever sent the packet that it quotes.
        const about = quoted.source === layers.destination ? flows.find6(quotedTuple6(quoted)) : undefined;
        if (!about || this.idled(about.seen, u32(ticks()), about.state)) return this.refuse(pkt, "ICMP error about no flow");
        return tracked(new StoredFlow6(about.entry, !about.fromLow), layers, true, true);
      }
      fromLow = flows.seek6(tupleOf6(layers));
      const known = this.known6(pkt, layers, fromLow, undefined);
      if (known) return known;
    }
    return this.fresh6(pkt, layers, fromLow);
  }

  /** Of a packet whose flow is in the table; undefined where it may begin one. */
  private known6(pkt: Packet, layers: Ipv6Layers, fromLow: boolean, segment: Segment | undefined): Tracked | Verdict | undefined {
    const { flows } = this.options;
    const found = flows.sought6(fromLow);
    if (!found) return undefined;
    const { entry, reply } = found;
    const established = reply || entry.replied;
    const outcome = flows.isTranslated
      ? this.judgeTranslated6(pkt, layers, found, reply, segment)
      : this.judge(pkt, layers, found, reply, segment);
    if (outcome > Outcome.Begins) return this.refuseFor(pkt, outcome);
    return outcome === Outcome.Begins ? undefined : tracked(found, layers, established, false);
  }

  private fresh6(pkt: Packet, layers: Ipv6Layers, fromLow: boolean): Tracked | Verdict {
    const { flows } = this.options;
    const state = this.firstStateOf(pkt, layers);
    if (state === FlowState.None) return this.refuse(pkt, "begins no flow");
    // Refused before a block chooses a translation, and counted when the flow is stored: a refused packet makes no state.
    if (this.limit?.isSpent(layers) === true) return Verdict.drop("too many flows of one source");
    const flow = flows.beginSought6(fromLow);
    flow.entry.state = state;
    if (this.window && layers.tcp) this.window.begin(layers.tcp, this.window.segmentOf(pkt, layers, layers.tcp), flow.entry);
    flows.countFirst(pkt, flow);
    return tracked(flow, layers, false, false);
  }

  /** Where a reply found the companion of a translated flow, only what can change the flow's state needs the flow itself. */
  private judgeTranslated4(pkt: Packet, layers: Ipv4Layers, found: StoredFlow4, reply: boolean, segment: Segment | undefined): u8 {
    const { flows } = this.options;
    const { companion } = found.entry;
    if (companion && !segment && layers.tcp && found.state === FlowState.Established && isPlain(layers.tcp)) {
      const now = u32(ticks());
      const { seen } = found;
      if (seen !== now) {
        if (this.idled(seen, now, FlowState.Established)) return this.over(found);
        found.touch(now);
        if (isNextSecond(seen, now)) flows.mainOf4(found, layers.protocol)?.touch(now);
      }
      flows.count(pkt, found.entry, true);
      return Outcome.Accepted;
    }
    // A flow table gives copies, and one that may be either of two takes the stack of both.
    if (flows.isTable && !companion) return this.judge(pkt, layers, found, reply, segment);
    const main = flows.isTable || companion ? flows.mainOf4(found, layers.protocol) : found;
    if (!main) return this.over(found);
    const outcome = this.judge(pkt, layers, main, companion || reply, segment);
    if (companion) {
      if (outcome === Outcome.Begins) return this.over(found);
      found.touch(u32(ticks()));
      takeTo(found, main.state, true);
    }
    return outcome;
  }
  private judgeTranslated6(pkt: Packet, layers: Ipv6Layers, found: StoredFlow6, reply: boolean, segment: Segment | undefined): u8 {
    const { flows } = this.options;
    const { companion } = found.entry;
    if (companion && !segment && layers.tcp && found.state === FlowState.Established && isPlain(layers.tcp)) {
      const now = u32(ticks());
      const { seen } = found;
      if (seen !== now) {
        if (this.idled(seen, now, FlowState.Established)) return this.over(found);
        found.touch(now);
        if (isNextSecond(seen, now)) flows.mainOf6(found, layers.protocol)?.touch(now);
      }
      flows.count(pkt, found.entry, true);
      return Outcome.Accepted;
    }
    // A flow table gives copies, and one that may be either of two takes the stack of both.
    if (flows.isTable && !companion) return this.judge(pkt, layers, found, reply, segment);
    const main = flows.isTable || companion ? flows.mainOf6(found, layers.protocol) : found;
    if (!main) return this.over(found);
    const outcome = this.judge(pkt, layers, main, companion || reply, segment);
    if (companion) {
      if (outcome === Outcome.Begins) return this.over(found);
      found.touch(u32(ticks()));
      takeTo(found, main.state, true);
    }
    return outcome;
  }

  /** What a packet is to the flow that it was found in; takes the flow on. */
  private judge(pkt: Packet, layers: IpLayers, flow: StoredFlow4 | StoredFlow6, reply: boolean, segment: Segment | undefined): u8 {
    const now = u32(ticks());
    const { seen, state } = flow;
    if (seen !== now && this.idled(seen, now, state)) return this.over(flow);
    let outcome: u8 = Outcome.Accepted;
    // Most packets are of established connections: they change nothing but the time.
    if (segment || !(layers.tcp && state === FlowState.Established && isPlain(layers.tcp))) {
      outcome = this.advance(pkt, layers, flow, reply, segment);
      if (outcome === Outcome.Begins) return this.over(flow);
      if (outcome > Outcome.Ignored) return outcome;
    }
    if (seen !== now && outcome === Outcome.Accepted) flow.touch(now);
    this.options.flows.count(pkt, flow.entry, reply);
    return outcome;
  }

  private over(flow: StoredFlow4 | StoredFlow6): u8 {
    flow.forget();
    return Outcome.Begins;
  }

  /** Takes a flow on by one packet that is not of the most common kind. */
  private advance(pkt: Packet, layers: IpLayers, flow: StoredFlow4 | StoredFlow6, reply: boolean, segment: Segment | undefined): u8 {
    if (layers.tcp) {
      if (this.window && segment) return stepInWindow(layers.tcp, segment, flow, reply, this.window);
      return step(layers.tcp, flow, reply);
    }
    let { state } = flow;
    if (layers.fragment === Fragment.Later) return Outcome.Accepted;
    if (layers.protocol === IpProtocol.Tcp) return Outcome.Cut;
    if (layers.protocol === IpProtocol.Udp) {
      if (!layers.udp) return Outcome.Cut;
      if (reply) state = FlowState.DatagramReplied;
    } else if (layers.icmp || layers.icmpv6) {
      const isAnswer = layers.icmp ? layers.icmp.type === IcmpType.EchoReply : layers.icmpv6?.type === Icmpv6Type.EchoReply;
      if (isAnswer && !reply) return Outcome.BadState;
    } else if (layers.protocol === IpProtocol.Sctp) {
      const chunk = this.chunkOf(pkt, layers);
      if (chunk === undefined) return Outcome.Cut;
      state = this.nextSctpState(chunk, state, reply);
    } else if (reply) state = FlowState.OtherReplied;
    takeTo(flow, state, reply);
    return Outcome.Accepted;
  }

  /** The type of an SCTP packet's first chunk; undefined where it is cut. INIT is in a packet of its own, without a tag (RFC 9260 sections 6.10 and 8.5.1). */
  private chunkOf(pkt: Packet, layers: IpLayers): u8 | undefined {
    const { sctp } = layers;
    if (!sctp) return undefined;
    const chunk = pkt.at(layers.transportOffset + 12, SctpChunk);
    if (!chunk || chunk.length < 4) return undefined;
    if ((chunk.type === SctpChunkType.Init) !== (sctp.verificationTag === 0)) return undefined;
    return chunk.type;
  }

  private firstSctpState(chunk: u8): u8 {
    for (const type of sctpTypes) if (chunk === type) return sctpBeginnings[type] ?? FlowState.None;
    return FlowState.None;
  }
  private nextSctpState(chunk: u8, state: u8, isReply: boolean): u8 {
    const row = chunk < 16 ? this.associations.at(chunk * 2 + (isReply ? 1 : 0)) : this.associations.at(0);
    const column = Math.max(state - FIRST_SCTP_STATE, 0) & 7;
    return chunk < 16 ? FIRST_SCTP_STATE + ((row >>> (column * 4)) & 15) : state;
  }

  /** The state that a flow begins in with this packet; None where it cannot begin one. */
  private firstStateOf(pkt: Packet, layers: IpLayers): u8 {
    if (layers.tcp) {
      const state = firstState(layers.tcp, this.options.pickUp !== false);
      return state === INVALID ? FlowState.None : state;
    }
    if (layers.fragment === Fragment.Later) return FlowState.None;
    if (layers.udp) return FlowState.Datagram;
    if (layers.icmp) {
      const { type } = layers.icmp;
      return type === IcmpType.EchoRequest ? FlowState.Query : FlowState.None;
    }
    if (layers.icmpv6) return layers.icmpv6.type === Icmpv6Type.EchoRequest ? FlowState.Query : FlowState.None;
    const { protocol } = layers;
    if (layers.sctp) {
      const chunk = this.chunkOf(pkt, layers);
      return this.firstSctpState(chunk ?? 255);
    }
    if (protocol === IpProtocol.Tcp || protocol === IpProtocol.Udp || protocol === IpProtocol.Sctp) return FlowState.None;
    if (protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6) return FlowState.None;
    return FlowState.Other;
  }

  /** Whether a flow that was last seen then is gone now. */
  private idled(seen: u32, now: u32, state: u8): boolean {
    const idle = u32(now - seen);
    return idle < HALF && idle >= this.secondsOf(state) * TICKS_PER_SECOND.value;
  }
  private secondsOf(state: u8): u32 {
    return state === FlowState.Established ? this.established : (this.seconds.get(state) ?? 1);
  }

  private refuseFor(pkt: Packet, outcome: u8): Verdict {
    if (outcome === Outcome.BadFlags) return this.refuse(pkt, "invalid TCP flags");
    if (outcome === Outcome.BadState) return this.refuse(pkt, "out of state");
    if (outcome === Outcome.BadWindow) return this.refuse(pkt, "TCP out of window");
    return this.refuse(pkt, "cut transport header");
  }
  private refuse(pkt: Packet, reason: string): Verdict {
    if (this.options.invalid !== "pass") return Verdict.drop(reason);
    this.passed.add(pkt);
    return Verdict.Pass;
  }

  private prepare(): readonly DescribedState[] {
    checkConntrackOptions(this.options);
    const states = statesWith(this.options.timeouts ?? {});
    describeFlowStates(this.options.flows.flows4, states);
    describeFlowStates(this.options.flows.flows6, states);
    const longest = (lasting: boolean): bigint =>
      BigInt(Math.max(...states.filter((_, state) => isLasting(state) === lasting).map(({ timeout }) => timeout))) * SECOND;
    this.options.flows.ages(longest(false), longest(true));
    return states;
  }
}

/** Whether two times, in ticks, are in different seconds. */
function isNextSecond(seen: u32, now: u32): boolean {
  return Math.trunc(seen / TICKS_PER_SECOND.value) !== Math.trunc(now / TICKS_PER_SECOND.value);
}

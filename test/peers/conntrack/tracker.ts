/** The block, in Node and in the kernel, given the packets of a sequence. */
import { type Flow, Flows, ipv4, ipv6, Pipeline, type TcPacket, Verdict } from "datapath";
import { Conntrack } from "datapath/blocks";
import { IpProtocol } from "datapath/headers";
import { statesWith } from "../../../blocks/conntrack/states.js";
import { compileLive } from "../../../codegen/compile.js";
import { differences } from "../../../testing/compare.js";
import { simulate } from "../../../testing/index.js";
import { Session } from "../../../testing/session.js";
import type { FlowTuple, Step } from "./frames.js";

/** What a tracker made of a packet. */
export interface Answer {
  readonly class: "invalid" | "new" | "established" | "related" | "untracked";
  /** against the direction of the packet that began the flow */
  readonly reply: boolean;
  /** of the flow afterwards; undefined where it is not known, or over */
  readonly state: string | undefined;
  readonly replied: boolean;
}

export class Tracker extends Pipeline {
  readonly flows = new Flows({ maxEntries: 8192, vlan: false, fragments: false, extensions: false });
  readonly conntrack: Conntrack;

  constructor(pickUp: boolean) {
    super();
    this.conntrack = new Conntrack({ flows: this.flows, pickUp, window: true, malformed: "drop" });
  }
  override ingress(pkt: TcPacket): Verdict {
    const tracked = this.conntrack.track(pkt);
    if (tracked instanceof Verdict) return tracked;
    pkt.mark = (tracked.related ? Mark.Related : tracked.established ? Mark.Established : Mark.New) + (tracked.reply ? Mark.Reply : 0);
    return this.conntrack.commit(tracked) ?? Verdict.Pass;
  }
}
const Mark = { New: 2, Established: 4, Related: 8, Reply: 1 } as const;

const states = statesWith({});
/** one step of the clock: a packet comes a tick after the one before */
const TICK = 4_000_000n;
const TICKS_PER_SECOND = 250;
const BEGIN = 3_600_000_000_000n;

/** Node and kernel must agree on each packet, bytes and maps too. */
export class TwoWays {
  readonly #open: () => Session;
  readonly #pickUp: boolean;
  #session: Session;
  #pipeline: Tracker;
  #sequences = 0;
  #clock = BEGIN;

  private constructor(open: () => Session, pickUp: boolean) {
    this.#open = open;
    this.#session = open();
    this.#pickUp = pickUp;
    this.#pipeline = new Tracker(pickUp);
  }

  static async make(pickUp: boolean): Promise<TwoWays> {
    const { bundle, diagnostics } = await compileLive(new Tracker(pickUp), { testing: true });
    if (!bundle) throw new Error(diagnostics.map(one => `${one.code}: ${one.message}`).join("\n"));
    return new TwoWays(() => new Session(bundle.manifest, bundle.object, "ingress"), pickUp);
  }

  /** @throws where Node and the kernel differ */
  async run(steps: readonly Step[], flow: FlowTuple): Promise<Answer[]> {
    if (++this.#sequences % 150 === 0) await this.#begin();
    const answers: Answer[] = [];
    for (const { frame, after } of steps) {
      this.#clock += TICK + BigInt(after) * 1_000_000_000n;
      const world = { clock: this.#clock };
      const node = simulate(this.#pipeline, "ingress", frame, world);
      const found = differences(node, await this.#session.run(frame, world));
      if (found.length > 0) throw new Error(`packet ${answers.length + 1}: Node and the kernel differ:\n${found.join("\n")}`);
      answers.push({ ...classOf(node.verdict, node.mark), ...this.#stateOf(flow) });
    }
    return answers;
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  /** Comparing whole maps takes the longer the more is in them. */
  async #begin(): Promise<void> {
    await this.#session.close();
    this.#session = this.#open();
    this.#pipeline = new Tracker(this.#pickUp);
  }

  #stateOf(flow: FlowTuple): Pick<Answer, "state" | "replied"> {
    const entry = entryOf(this.#pipeline.flows, flow);
    const state = entry && states[entry.state];
    const now = Number(BigInt.asUintN(32, this.#clock / TICK));
    if (!entry || !state || ((now - entry.seen) | 0) >= state.timeout * TICKS_PER_SECOND) return { state: undefined, replied: false };
    return { state: state.name, replied: entry.replied };
  }
}

function classOf(verdict: Verdict, mark: number): Pick<Answer, "class" | "reply"> {
  const reply = (mark & Mark.Reply) !== 0;
  switch (mark & ~Mark.Reply) {
    case Mark.New:
      return { class: "new", reply };
    case Mark.Established:
      return { class: "established", reply };
    case Mark.Related:
      return { class: "related", reply };
    default:
      return { class: verdict === Verdict.Pass ? "untracked" : "invalid", reply: false };
  }
}

function entryOf(flows: Flows, flow: FlowTuple): Flow["entry"] | undefined {
  const { source, destination, protocol, sourcePort } = flow;
  // An echo's identifier stands for both ports.
  const isEcho = protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6;
  const ports = { sourcePort, destinationPort: isEcho ? sourcePort : flow.destinationPort, protocol };
  return source.includes(":")
    ? flows.find6({ ...ports, source: ipv6(source), destination: ipv6(destination) })?.entry
    : flows.find4({ ...ports, source: ipv4(source), destination: ipv4(destination) })?.entry;
}

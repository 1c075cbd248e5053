/** What shows that blocks were asked in the right order: objects that only the block before can make. */
import type { Flow, IpLayers } from "datapath";

/** Makes a {@link Tracked}; Conntrack's own. */
export let tracked: (flow: Flow, layers: IpLayers, established: boolean, related: boolean) => Tracked;
/** Makes an {@link Allowed}; for blocks that let packets through. */
export let allowed: (tracked: Tracked) => Allowed;

/** A packet whose flow is known: only Conntrack makes one. */
export class Tracked {
  protected readonly made = true;
  /** of an ICMP error the flow of the packet that it quotes */
  readonly flow: Flow;
  readonly layers: IpLayers;
  /** whether it is of a flow that went both ways, this packet counted */
  readonly established: boolean;
  /** whether it is an ICMP error about `flow` */
  readonly related: boolean;

  private constructor(flow: Flow, layers: IpLayers, established: boolean, related: boolean) {
    this.flow = flow;
    this.layers = layers;
    this.established = established;
    this.related = related;
  }
  /** whether this packet goes against the direction that began the flow */
  get reply(): boolean {
    return this.flow.reply;
  }
  /** itself: what is tracked and what was allowed look alike to blocks that take both */
  get tracked(): Tracked {
    return this;
  }
  static {
    tracked = (flow, layers, established, related) => new Tracked(flow, layers, established, related);
  }
}

/** A tracked packet that a rule, or its flow's earlier verdict, let through. */
export class Allowed {
  protected readonly made = true;
  readonly tracked: Tracked;

  private constructor(tracked: Tracked) {
    this.tracked = tracked;
  }
  static {
    allowed = tracked => new Allowed(tracked);
  }
}

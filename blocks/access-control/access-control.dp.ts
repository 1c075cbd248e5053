import {
  Block,
  type Events,
  events,
  Fragment,
  type IpLayers,
  type Ipv4Layers,
  type Ipv6Layers,
  type LayersOptions,
  type LpmTrie,
  lpmTrie,
  NewFlow4,
  NewFlow6,
  type OtherLayers,
  type Packet,
  type PrefixTable,
  perCpuArrayMap,
  prefixTable,
  random,
  struct,
  type TcPacket,
  Traffic,
  u8,
  u16,
  u32,
  u64,
  u128,
  Verdict,
} from "datapath";
import { EtherType } from "datapath/headers";
import { type Allowed, allowed, type Tracked } from "../conntrack/tracked.js";
import { MessageStart, Ports } from "./headers.js";
import { type AccessControlOptions, checkOptions, layersOf, PrefixAction } from "./options.js";
import { type Ending, type Plan, type Plans, plansOf } from "./plan.js";
import { Judgement, RuntimeRules } from "./runtime/runtime-rules.dp.js";
import type { Compare, Decision } from "./tree/decision.js";
import { CUT_PORT, CUT_TYPE, NO_ADDRESS, NO_PORT, NO_TYPE } from "./tree/field.js";
import { type Addresses, type Facts, valueFor } from "./values.dp.js";

/** A packet that a `log` rule met: the rule's place in the list, and the packet's length in bytes. */
export class Logged extends struct({ rule: u16, length: u32 }) {}

/** Added to a rule's place where the rule refuses. */
const DENIED = 0x1_0000;

/**
 * Lets packets through or refuses them by rules in pcap-filter syntax, first match first. The rules become a decision:
 * a packet meets compares of one field at a time, as many as it takes to tell the fields' values apart, however many
 * rules there are.
 *
 * Terms see through VLAN tags and IPv6 extension headers. ARP is not IP: where the default is to deny, a rule allows it.
 * @throws {FilterError} for a rule that cannot be read, with carets under the characters; RangeError for other options
 * @example
 * readonly acl = new AccessControl({ default: "deny", rules: ["allow tcp dst port 80 or 443", "allow icmp", "allow arp"] });
 * // in a hook
 * const refused = this.acl.check(pkt);
 * if (refused) return refused;
 */
export class AccessControl extends Block<AccessControlOptions> {
  protected readonly plans: Plans = this.plan();
  /** Packets and bytes by rule, in the rules' order, those of the default last: with `counters`, `audit` and for `audit` rules. */
  readonly hits = perCpuArrayMap(Traffic, this.plans.rules.length + 1);
  /** Sources that are let through (1) or refused (2) before any rule is asked; used with the option `prefixes`. */
  readonly prefixes4: LpmTrie<u32, u8> | PrefixTable<u8> = prefixes4(this.options);
  /** The same for IPv6. */
  readonly prefixes6 = lpmTrie(u128, u8, { maxEntries: this.options.prefixes?.maxEntries ?? 1 });
  /** Rules that change while the program runs; with the option `runtime`. */
  readonly runtime: RuntimeRules | undefined = this.options.runtime && new RuntimeRules(this.options.runtime);
  /** What `log` rules met. */
  readonly logged: Events<Logged> = events(Logged);
  private readonly layers: LayersOptions = layersOf(this.options);
  private readonly counted = this.options.counters === true || this.options.audit === true;
  private readonly logBelow = Math.ceil(2 ** 32 / (this.options.logEvery ?? 1));

  /** A verdict where the packet is refused; undefined lets it go on to the next block. */
  check(pkt: Packet): Verdict | undefined;
  /** With Conntrack: a packet of a known flow passes at once, one of a new flow is asked of the rules. A refused packet makes no state. */
  check(pkt: Packet, tracked: Tracked): Allowed | Verdict;
  check(pkt: Packet, tracked?: Tracked): Allowed | Verdict | undefined {
    if (tracked) return this.admit(pkt, tracked, 0);
    return this.decide(pkt, 0);
  }

  /**
   * User space: the text of the rule that an event of `logged` names, or an element of `hits`; the default's place is behind the last.
   * @example for await (const { rule, length } of deployment.events(p => p.acl.logged)) console.log(new Edge().acl.textOf(rule), length);
   */
  textOf(rule: number): string {
    return this.options.rules[rule] ?? `default ${this.options.default}`;
  }

  protected plan(): Plans {
    checkOptions(this.options);
    return plansOf(this.options, { mark: false });
  }

  /** @param mark the packet's mark where there is one, else 0 */
  protected admit(pkt: Packet, tracked: Tracked, mark: u32): Allowed | Verdict {
    const { flow, layers } = tracked;
    const isNew = flow instanceof NewFlow4 || flow instanceof NewFlow6;
    // it is in the table since a rule let it through
    if (this.options.known !== "match" && !isNew) return allowed(tracked);
    const established = tracked.established ? 1 : 0;
    const refused = layers.family === 4 ? this.decide4(pkt, layers, mark, established) : this.decide6(pkt, layers, mark, established);
    return refused ?? allowed(tracked);
  }

  /** @param mark the packet's mark where there is one, else 0 */
  protected decide(pkt: Packet, mark: u32): Verdict | undefined {
    const layers = pkt.layers(this.layers);
    if (layers.family === 4) return this.decide4(pkt, layers, mark, 0);
    if (layers.family === 6) return this.decide6(pkt, layers, mark, 0);
    return this.decideOther(pkt, layers, mark);
  }

  private decide4(pkt: Packet, layers: Ipv4Layers, mark: u32, established: u8): Verdict | undefined {
    if (this.options.prefixes) {
      const action = this.prefixes4.get(layers.source);
      if (action === PrefixAction.Allow) return undefined;
      if (action === PrefixAction.Deny) return this.refuse("source prefix");
    }
    const plan = this.plans.ipv4;
    const source0 = plan.reads.source0 ? layers.source : 0;
    const destination0 = plan.reads.destination0 ? layers.destination : 0;
    const addresses = { source0, source1: 0, source2: 0, source3: 0, destination0, destination1: 0, destination2: 0, destination3: 0 };
    const facts = this.ipFacts(plan, pkt, layers, addresses, plan.reads.dscp ? u8(layers.ip.dscp) : 0, mark, established);
    if (this.runtime) {
      const found = this.runtime.judge4(pkt, layers, facts);
      if (found === Judgement.Allow) return undefined;
      if (found === Judgement.Deny) return this.refuse("run-time rule");
    }
    return this.ask(plan, pkt, facts);
  }

  private decide6(pkt: Packet, layers: Ipv6Layers, mark: u32, established: u8): Verdict | undefined {
    if (this.options.prefixes) {
      const action = this.prefixes6.get(layers.source);
      if (action === PrefixAction.Allow) return undefined;
      if (action === PrefixAction.Deny) return this.refuse("source prefix");
    }
    const plan = this.plans.ipv6;
    const { reads } = plan;
    // By words: comparing one with a constant is one instruction, comparing a half of an address is three.
    const addresses = {
      source0: reads.source0 ? u32(layers.source >> 96n) : 0,
      source1: reads.source1 ? u32(layers.source >> 64n) : 0,
      source2: reads.source2 ? u32(layers.source >> 32n) : 0,
      source3: reads.source3 ? u32(layers.source) : 0,
      destination0: reads.destination0 ? u32(layers.destination >> 96n) : 0,
      destination1: reads.destination1 ? u32(layers.destination >> 64n) : 0,
      destination2: reads.destination2 ? u32(layers.destination >> 32n) : 0,
      destination3: reads.destination3 ? u32(layers.destination) : 0,
    };
    const facts = this.ipFacts(plan, pkt, layers, addresses, reads.dscp ? u8(layers.ip.trafficClass >> 2) : 0, mark, established);
    if (this.runtime) {
      const found = this.runtime.judge6(pkt, layers, facts);
      if (found === Judgement.Allow) return undefined;
      if (found === Judgement.Deny) return this.refuse("run-time rule");
    }
    return this.ask(plan, pkt, facts);
  }

  private ipFacts(plan: Plan, pkt: Packet, layers: IpLayers, addresses: Addresses, dscp: u8, mark: u32, established: u8): Facts {
    const { reads } = plan;
    // Read whatever the protocol: a decision has told it before it tests a port.
    let sourcePort = NO_PORT;
    let destinationPort = NO_PORT;
    if ((reads.sourcePort || reads.destinationPort) && layers.fragment !== Fragment.Later) {
      const ports = pkt.at(layers.transportOffset, Ports);
      sourcePort = ports && reads.sourcePort ? ports.source : CUT_PORT;
      destinationPort = ports && reads.destinationPort ? ports.destination : CUT_PORT;
    }
    let icmpType = NO_TYPE;
    let icmpCode = NO_TYPE;
    if ((reads.icmpType || reads.icmpCode) && layers.fragment !== Fragment.Later) {
      const message = pkt.at(layers.transportOffset, MessageStart);
      icmpType = message && reads.icmpType ? message.type : CUT_TYPE;
      icmpCode = message && reads.icmpCode ? message.code : CUT_TYPE;
    }
    return {
      ethernet: layers.ethernet,
      network: layers.networkOffset,
      transport: layers.transportOffset,
      etherType: 0,
      protocol: reads.protocol ? layers.protocol : 0,
      fragment: reads.fragment ? layers.fragment : 0,
      dscp,
      mark,
      established,
      addresses,
      sourcePort,
      destinationPort,
      icmpType,
      icmpCode,
    };
  }

  /** What is not IP, IP whose header is wrong or cut, and what options leave out. */
  private decideOther(pkt: Packet, layers: OtherLayers, mark: u32): Verdict | undefined {
    const plan = this.plans.other;
    const { reads } = plan;
    const network = layers.networkOffset;
    const judged = this.options.malformed === "drop" || this.options.malformed === "pass";
    const etherType = reads.etherType || judged ? (pkt.read(network - 2, u16) ?? 0) : 0;
    if (judged) {
      const leftOut = this.layers.vlan === false && pkt.vlan !== undefined;
      if (leftOut || etherType === EtherType.Ipv4 || etherType === EtherType.Ipv6)
        return this.options.malformed === "drop" ? this.refuse("malformed") : undefined;
    }
    // ARP and RARP (RFC 826, RFC 903): the sender's and the target's protocol address
    const source0 = reads.source0 ? (pkt.read(network + 14, u32) ?? NO_ADDRESS) : 0;
    const destination0 = reads.destination0 ? (pkt.read(network + 24, u32) ?? NO_ADDRESS) : 0;
    return this.ask(plan, pkt, {
      ethernet: layers.ethernet,
      network,
      transport: network,
      etherType,
      protocol: 0,
      fragment: 0,
      dscp: 0,
      mark,
      established: 0,
      addresses: { source0, source1: 0, source2: 0, source3: 0, destination0, destination1: 0, destination2: 0, destination3: 0 },
      sourcePort: 0,
      destinationPort: 0,
      icmpType: 0,
      icmpCode: 0,
    });
  }

  private ask(plan: Plan, pkt: Packet, facts: Facts): Verdict | undefined {
    if (!this.counted || this.options.reasons === "rule") return this.walk(plan.decision, pkt, facts);
    const found = this.find(plan.decision, pkt, facts);
    if (found < DENIED) {
      this.count(found, pkt);
      return undefined;
    }
    this.count(found - DENIED, pkt);
    return this.refuse("denied");
  }

  /** Follows a decision to its verdict. The recursion is over build-time nodes: each becomes one compare and two jumps. */
  private walk(node: Decision<Ending>, pkt: Packet, facts: Facts): Verdict | undefined {
    if (node.kind === "leaf") {
      if (node.result.rule >= 0) this.count(node.result.rule, pkt);
      return node.result.verb === "allow" ? undefined : this.refuse(node.result.reason);
    }
    if (node.kind === "note") {
      this.note(node.result, pkt);
      return this.walk(node.then, pkt, facts);
    }
    if (this.turns(node, pkt, facts)) return this.walk(node.then, pkt, facts);
    return this.walk(node.otherwise, pkt, facts);
  }

  /** Follows a decision to the place of the rule that decides, so that counting it stands in one place. */
  private find(node: Decision<Ending>, pkt: Packet, facts: Facts): u32 {
    if (node.kind === "leaf") return node.result.verb === "allow" ? node.result.rule : DENIED + node.result.rule;
    if (node.kind === "note") {
      this.note(node.result, pkt);
      return this.find(node.then, pkt, facts);
    }
    if (this.turns(node, pkt, facts)) return this.find(node.then, pkt, facts);
    return this.find(node.otherwise, pkt, facts);
  }

  private turns(node: Compare<Ending>, pkt: Packet, facts: Facts): boolean {
    const value = valueFor(node.field, pkt, facts);
    return node.kind === "below" ? value < node.cut : value === node.value;
  }

  private refuse(reason: string): Verdict | undefined {
    return this.options.audit === true ? undefined : Verdict.drop(reason);
  }

  private note(ending: Ending, pkt: Packet): void {
    if (ending.verb === "audit") this.count(ending.rule, pkt);
    else if (this.options.logEvery === undefined || random() < this.logBelow) this.logged.emit({ rule: ending.rule, length: pkt.length });
  }

  private count(place: number, pkt: Packet): void {
    const hit = this.hits.at(place);
    hit.packets = u64(hit.packets + 1n);
    hit.bytes = u64(hit.bytes + BigInt(pkt.length));
  }
}

function prefixes4({ prefixes = { maxEntries: 1 } }: AccessControlOptions): LpmTrie<u32, u8> | PrefixTable<u8> {
  const { maxEntries, table } = prefixes;
  return table === "prefixTable" ? prefixTable(u8, { maxEntries }) : lpmTrie(u32, u8, { maxEntries });
}

/**
 * AccessControl for tc hooks, where rules may test `mark N` and `identity N` (the identity that the mark carries).
 * @example new TcAccessControl({ default: "deny", rules: ["allow identity 7 and tcp dst port 5432"] })
 */
export class TcAccessControl extends AccessControl {
  override check(pkt: TcPacket): Verdict | undefined;
  override check(pkt: TcPacket, tracked: Tracked): Allowed | Verdict;
  override check(pkt: TcPacket, tracked?: Tracked): Allowed | Verdict | undefined {
    if (tracked) return this.admit(pkt, tracked, pkt.mark);
    return this.decide(pkt, pkt.mark);
  }
  protected override plan(): Plans {
    checkOptions(this.options);
    return plansOf(this.options, { mark: true });
  }
}

import { Block, hashMap, isMulticast, type Packet, u32, u48, u64, Verdict } from "datapath";
import { Arp, ArpOperation, Ethernet, EtherType, Vlan } from "datapath/headers";
import { type Answered, type ArpResponderOptions, answeredBy } from "./options.js";

/** Hardware Ethernet, protocol IPv4, lengths 6 and 4, operation request: the first eight bytes of what is answered (RFC 826). */
const REQUEST = 0x0001_0800_0604_0001n;

/** 224.0.0.0 and above are no hosts (RFC 1112 section 4, RFC 6890). */
const NO_HOST = 0xe000_0000;

/**
 * Answers ARP requests (RFC 826) for one address, for a table of them, or for every address of a prefix, and leaves
 * every other packet alone. The tags of a request are its answer's.
 * @throws RangeError for options that contradict each other or are out of range
 * @example
 * readonly arp = new ArpResponder({ address: ipv4("10.0.0.1"), mac: mac("02:00:00:00:00:01") });
 * // in a hook
 * const answered = this.arp.handle(pkt);
 * if (answered) return answered;
 */
export class ArpResponder extends Block<ArpResponderOptions> {
  private readonly answers: Answered = answeredBy(this.options);
  /** Address to MAC address: what is answered with the option `table`. */
  readonly stations = hashMap(u32, u48, { maxEntries: this.answers.maxEntries });

  /** `Verdict.Reflect` with the packet made into its answer; undefined for all that is not answered. */
  handle(pkt: Packet): Verdict | undefined {
    const ethernet = pkt.at(0, Ethernet);
    if (!ethernet) return undefined;
    let { etherType } = ethernet;
    let offset = 14;
    if (etherType === EtherType.Vlan || etherType === EtherType.ServiceVlan) {
      const inner = pkt.at(14, Vlan);
      if (!inner) return undefined;
      etherType = inner.etherType;
      offset = 18;
    }
    if (etherType !== EtherType.Arp) return undefined;
    const arp = pkt.at(offset, Arp);
    if (!arp || pkt.read(offset, u64) !== REQUEST) return undefined;
    const { senderMac, senderIp, targetIp } = arp;
    const mac = this.stationOf(targetIp, senderIp);
    if (mac === undefined) return undefined;
    // An announcement (RFC 5227 section 3) asks nothing.
    if (senderIp === targetIp) return undefined;
    // Nobody can be answered at a group's address, nor at none.
    if (senderIp >= NO_HOST || senderMac === 0 || isMulticast(senderMac) || isMulticast(ethernet.src)) return undefined;
    // A request to another station's own address is that station's to answer.
    if (!isMulticast(ethernet.dst) && ethernet.dst !== mac) return undefined;

    arp.operation = ArpOperation.Reply;
    arp.targetMac = senderMac;
    arp.targetIp = senderIp;
    arp.senderMac = mac;
    arp.senderIp = targetIp;
    ethernet.dst = senderMac;
    ethernet.src = mac;
    return Verdict.Reflect;
  }

  /** Whose address `target` is, where this block answers for it. */
  private stationOf(target: u32, sender: u32): u48 | undefined {
    const { address, prefix, mac } = this.answers;
    if (address !== undefined) return target === address ? mac : undefined;
    if (!prefix) return this.stations.get(target);
    if (target < prefix.first || target > prefix.last) return undefined;
    // A probe (RFC 5227 section 2.1.1) asks whether the address is free: a proxy does not own it and must not take it.
    if (sender === 0) return undefined;
    return prefix.except.includes(target) ? undefined : mac;
  }
}

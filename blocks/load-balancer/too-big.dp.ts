/** Answers to packets that do not fit into the underlay: path MTU discovery for the client (RFC 1191, RFC 8201). */
import {
  Block,
  Encap,
  Fragment,
  fold16,
  type IpLayers,
  type Ipv4Layers,
  type Ipv6Layers,
  isMulticast,
  type Packet,
  perCpuArrayMap,
  struct,
  TICKS_PER_SECOND,
  ticks,
  u32,
  type u128,
  Verdict,
} from "datapath";
import { Ethernet, Icmp, IcmpType, Icmpv6, Icmpv6Type, IpProtocol, Ipv4, Ipv6 } from "datapath/headers";

export interface TooBigOptions {
  /** answers a second, on each CPU */
  readonly perSecond: number;
  /** the longest packet that fits, from its IP header on */
  readonly longest: number;
}

/** A second, and the answers that were sent in it. */
class Answers extends struct({ since: u32, sent: u32 }) {}

/** RFC 1812 section 4.3.2.3: as much as fits into 576 bytes. */
const QUOTE4 = 576 - 28;
/** RFC 4443 section 3.2: as much as fits into the smallest MTU. */
const QUOTE6 = 1280 - 48;

const FRAGMENTATION_NEEDED = 4;

/** 224.0.0.0: from here on no address is one host's, broadcast's included (RFC 1112 section 4, RFC 6890). */
const FIRST_GROUP = 0xe000_0000;
/** ff00::/8, by its first 32 bits (RFC 4291 section 2.7) */
const FIRST_GROUP6 = 0xff00_0000;

export class TooBig extends Block<TooBigOptions> {
  readonly answers = perCpuArrayMap(Answers, 1);

  /** Tells the sender how long a packet may be. */
  answer(pkt: Packet, layers: IpLayers): Verdict {
    if (this.options.perSecond === 0 || (layers.family === 4 && !layers.ip.dontFragment)) return Verdict.drop("too long for the underlay");
    if (!this.mayBeTold(layers)) return Verdict.drop("too long, and nobody is told");
    if (!this.mayAnswer()) return Verdict.drop("too long, and told too often");
    return layers.family === 4 ? this.answer4(pkt, layers) : this.answer6(pkt, layers);
  }

  /**
   * No error is about an error, nor goes to what is no one station (RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e)). Over IPv6
   * a later fragment is answered as any packet: whoever sends fragments must learn how long they may be.
   */
  private mayBeTold(layers: IpLayers): boolean {
    if (isMulticast(layers.ethernet.dst)) return false;
    if (layers.family === 4) {
      if (layers.protocol === IpProtocol.Icmp || layers.fragment === Fragment.Later) return false;
      const { source, destination } = layers;
      const network = source >>> 24;
      return network !== 0 && network !== 127 && network < 224 && destination < FIRST_GROUP;
    }
    if (layers.protocol === IpProtocol.Icmpv6) return false;
    const { source, destination } = layers;
    return source !== 0n && !isGroup(source) && !isGroup(destination);
  }

  private mayAnswer(): boolean {
    const answers = this.answers.at(0);
    const now = u32(ticks());
    if (u32(now - answers.since) >= TICKS_PER_SECOND.value) {
      answers.since = now;
      answers.sent = 0;
    }
    if (answers.sent >= this.options.perSecond) return false;
    answers.sent = u32(answers.sent + 1);
    return true;
  }

  private answer4(pkt: Packet, layers: Ipv4Layers): Verdict {
    const { source, destination, networkOffset: at } = layers;
    if (!pkt.trim(at + QUOTE4) || !pkt.insert(at, 28, Encap.None)) return Verdict.drop("too long, and cannot be told");
    const ip = pkt.at(at, Ipv4);
    const icmp = pkt.at(at + 20, Icmp);
    if (!ip || !icmp || !this.turn(pkt)) return Verdict.drop("too long, and cannot be told");
    ip.version = 4;
    ip.ihl = 5;
    ip.dscp = 0;
    ip.ecn = 0;
    ip.totalLength = QUOTE4 + 28;
    ip.identification = 0;
    ip.reserved = false;
    ip.dontFragment = false;
    ip.moreFragments = false;
    ip.fragmentOffset = 0;
    ip.ttl = 64;
    ip.protocol = IpProtocol.Icmp;
    ip.checksum = 0;
    ip.src = destination;
    ip.dst = source;
    ip.checksum = pkt.checksum(at, 20, { max: 20 });
    icmp.type = IcmpType.DestinationUnreachable;
    icmp.code = FRAGMENTATION_NEEDED;
    icmp.checksum = 0;
    icmp.rest = this.options.longest;
    icmp.checksum = pkt.checksum(at + 20, QUOTE4 + 8, { max: QUOTE4 + 8 });
    return Verdict.Reflect;
  }

  private answer6(pkt: Packet, layers: Ipv6Layers): Verdict {
    const { source, destination, networkOffset: at } = layers;
    if (!pkt.trim(at + QUOTE6) || !pkt.insert(at, 48, Encap.None)) return Verdict.drop("too long, and cannot be told");
    const ip = pkt.at(at, Ipv6);
    const icmp = pkt.at(at + 40, Icmpv6);
    if (!ip || !icmp || !this.turn(pkt)) return Verdict.drop("too long, and cannot be told");
    ip.version = 6;
    ip.trafficClass = 0;
    ip.flowLabel = 0;
    ip.payloadLength = QUOTE6 + 8;
    ip.nextHeader = IpProtocol.Icmpv6;
    ip.hopLimit = 64;
    ip.src = destination;
    ip.dst = source;
    icmp.type = Icmpv6Type.PacketTooBig;
    icmp.code = 0;
    icmp.checksum = 0;
    icmp.rest = this.options.longest;
    const pseudo = fold16(sumOf(source) + sumOf(destination) + QUOTE6 + 8 + IpProtocol.Icmpv6);
    icmp.checksum = pkt.checksum(at + 40, QUOTE6 + 8, { max: QUOTE6 + 8, initial: pseudo });
    return Verdict.Reflect;
  }

  private turn(pkt: Packet): boolean {
    const ethernet = pkt.at(0, Ethernet);
    if (!ethernet) return false;
    const own = ethernet.dst;
    ethernet.dst = ethernet.src;
    ethernet.src = own;
    return true;
  }
}

function isGroup(address: u128): boolean {
  return u32(address >> 96n) >= FIRST_GROUP6;
}

/** The sum of an address's words, as the pseudo-header counts it. */
function sumOf(address: u128): number {
  return u32(address >> 96n) + u32(address >> 64n) + u32(address >> 32n) + u32(address);
}

import {
  arrayMap,
  Block,
  bool,
  Fragment,
  type IpLayers,
  isMulticast,
  isSynCookie4,
  isSynCookie6,
  lruHashMap,
  MILLISECOND,
  net,
  now,
  type Packet,
  struct,
  synCookie4,
  synCookie6,
  TICKS_PER_SECOND,
  ticks,
  u16,
  u32,
  u128,
  Verdict,
} from "datapath";
import type { Tcp } from "datapath/headers";
import { type Plan, planOf, type SynCookieOptions } from "./options.js";
import { type SynOptions, synOptions } from "./segment.dp.js";

/** A client's end and the server's. */
export class Connection4 extends struct({ source: net(u32), destination: net(u32), sourcePort: net(u16), destinationPort: net(u16) }) {}
export class Connection6 extends struct({ source: net(u128), destination: net(u128), sourcePort: net(u16), destinationPort: net(u16) }) {}

/** When a SYN was last let through to a port's listener. */
export class Listener extends struct({ seen: u32, known: bool }) {}

/**
 * The stack takes the ACK of a cookie only for two minutes after it made one itself (TCP_SYNCOOKIE_VALID): a SYN so often
 * is left to it, in seconds.
 */
const PRIME = 30;

/** The segment sizes that hosts may take for granted: RFC 9293 section 3.7.1, RFC 8200 section 8.3. */
const DEFAULT_MSS4 = 536;
const DEFAULT_MSS6 = 1220;

/** The low bits of a cookie's timestamp: window scale (4), SACK (1), ECN (1), as the kernel reads them from the ACK. */
const TIMESTAMP_BITS = 64;
const SACK_BIT = 16;

const NOPS = 0x0101_0101;

/**
 * Answers SYNs to servers behind it, so that a flood of them costs neither state nor a walk through the stack: the
 * answer's sequence number is the kernel's own SYN cookie (RFC 4987). Who acknowledges it is let through, and the stack
 * opens the connection; other segments of no connection are dropped. For `xdp` and `ingress` of where the servers are; their
 * network namespace needs `net.ipv4.tcp_syncookies=2`. Linux 6.0.
 * @throws RangeError that names the option, its value and what is allowed
 * @example
 * readonly cookies = new SynCookie({ ports: [80, 443] });
 * // in a hook
 * const answered = this.cookies.check(pkt);
 * if (answered) return answered;
 */
export class SynCookie extends Block<SynCookieOptions> {
  private readonly plan: Plan = planOf(this.options);
  /** Connections whose client acknowledged a cookie, by when (`ticks()`). */
  readonly connections4 = lruHashMap(Connection4, u32, { maxEntries: this.plan.maxEntries });
  readonly connections6 = lruHashMap(Connection6, u32, { maxEntries: this.plan.maxEntries });
  private readonly listeners = arrayMap(Listener, this.plan.ports.length);

  /** A verdict for what is answered or refused; undefined for all that goes on. */
  check(pkt: Packet): Verdict | undefined {
    const layers = pkt.layers(this.plan.walk);
    if (layers.family === 0) return undefined;
    const tcp = layers.tcp;
    if (!tcp || layers.fragment !== Fragment.None || !this.isServer(layers)) return undefined;
    const flags = tcp.flags;
    if (!flags.syn) return this.checkSegment(layers, tcp);
    if (flags.ack) return this.checkSegment(layers, tcp);
    if (flags.rst || flags.fin) return Verdict.drop("flags that contradict each other");
    return this.checkSyn(pkt, layers, tcp);
  }

  private isServer(layers: IpLayers): boolean {
    if (!this.plan.ports.includes(layers.destinationPort)) return false;
    if (layers.family === 4) return this.plan.addresses.length === 0 || this.plan.addresses.includes(layers.destination);
    return this.plan.addresses6.length === 0 || this.plan.addresses6.includes(layers.destination);
  }

  /** A segment of a connection, or one that says so. */
  private checkSegment(layers: IpLayers, tcp: Tcp): Verdict | undefined {
    const { sourcePort, destinationPort } = layers;
    const seen = u32(Number(ticks() & 0xffff_ffffn));
    const acknowledges = tcp.flags.ack && !tcp.flags.syn && !tcp.flags.rst;
    if (layers.family === 4) {
      const key = { source: layers.source, destination: layers.destination, sourcePort, destinationPort };
      if (this.connections4.has(key)) return undefined;
      if (acknowledges && isSynCookie4(layers.source, layers.destination, sourcePort, destinationPort, tcp.sequence, tcp.acknowledgement)) {
        this.connections4.set(key, seen);
        return undefined;
      }
    } else {
      const key = { source: layers.source, destination: layers.destination, sourcePort, destinationPort };
      if (this.connections6.has(key)) return undefined;
      if (acknowledges && isSynCookie6(layers.source, layers.destination, sourcePort, destinationPort, tcp.sequence, tcp.acknowledgement)) {
        this.connections6.set(key, seen);
        return undefined;
      }
    }
    return this.plan.drop ? Verdict.drop("no connection, and no valid cookie") : undefined;
  }

  private checkSyn(pkt: Packet, layers: IpLayers, tcp: Tcp): Verdict | undefined {
    const { networkOffset, transportOffset } = layers;
    const header = tcp.dataOffset * 4;
    const end = transportOffset + header;
    const last = layers.family === 4 ? networkOffset + layers.ip.totalLength : networkOffset + 40 + layers.ip.payloadLength;
    if (header < 20 || end > last) return Verdict.drop("a header that is cut");
    if (end < last) return Verdict.drop("a SYN with data");
    if (transportOffset !== networkOffset + (layers.family === 4 ? 20 : 40)) return Verdict.drop("a SYN with options of IP");
    if (!this.isAnswerable(layers)) return Verdict.drop("nobody to answer");
    if (this.isDue(layers.destinationPort)) return undefined;
    const said = synOptions(pkt, transportOffset + 20, end, this.plan.timestamps);
    return this.answer(layers, tcp, said, header);
  }

  /** A group, a loop, or no address at all cannot be answered (RFC 1122 section 3.2.1.3). */
  private isAnswerable(layers: IpLayers): boolean {
    if (isMulticast(layers.ethernet.src) || isMulticast(layers.ethernet.dst)) return false;
    if (layers.family === 4) {
      const { source } = layers;
      return source >= 0x0100_0000 && source < 0xe000_0000 && source >>> 24 !== 127 && source !== layers.destination;
    }
    const { source } = layers;
    return source >> 120n !== 0xffn && source >> 8n !== 0n && source !== layers.destination;
  }

  /** Whether the stack is to see this SYN: the first to a port, and one each half minute. */
  private isDue(port: u16): boolean {
    for (const [i, each] of this.plan.ports.entries()) {
      if (port !== each) continue;
      const listener = this.listeners.at(i);
      const time = u32(Number(ticks() & 0xffff_ffffn));
      const since = u32(time - listener.seen);
      if (listener.known && since < TICKS_PER_SECOND.value * PRIME) return false;
      listener.known = true;
      listener.seen = time;
      return true;
    }
    return false;
  }

  /** Makes the SYN into its answer, in place and as long as it was, so that nothing moves. */
  private answer(layers: IpLayers, tcp: Tcp, said: SynOptions, header: u16): Verdict {
    const { transportOffset: at, ethernet } = layers;
    const { sequence } = tcp;
    const { srcPort, dstPort } = tcp;
    const size = this.mssOf(layers, said.mss);
    let cookie: u32 = 0;
    if (layers.family === 4) {
      const { source, destination } = layers;
      cookie = synCookie4(source, destination, srcPort, dstPort, sequence, size);
      // Turned round, addresses and ports add up to what they did.
      layers.ip.src = destination;
      layers.ip.dst = source;
      layers.rewrite({ ttl: 64 });
    } else {
      const { source, destination } = layers;
      cookie = synCookie6(source, destination, srcPort, dstPort, sequence, size);
      layers.ip.src = destination;
      layers.ip.dst = source;
      layers.rewrite({ ttl: 64 });
    }
    tcp.srcPort = dstPort;
    tcp.dstPort = srcPort;
    let sum = layers.store(at + 4, u32, cookie);
    sum += layers.store(at + 8, u32, u32(sequence + 1));
    // SYN and ACK: who asked for ECN (RFC 3168) does not get it.
    sum += layers.store(at + 12, u32, (header * 0x0400_0000 + 0x0012_0000 + this.plan.window) >>> 0);
    sum += layers.store(at + 18, u16, 0);
    layers.settle(sum + this.answerOptions(layers, at + 20, header - 20, said));
    const station = ethernet.src;
    ethernet.src = ethernet.dst;
    ethernet.dst = station;
    return Verdict.Reflect;
  }

  /** What the cookie keeps of the client's segment size. */
  private mssOf(layers: IpLayers, mss: u16): u16 {
    if (mss !== 0) return mss;
    return layers.family === 4 ? DEFAULT_MSS4 : DEFAULT_MSS6;
  }

  /** Fills the room that the SYN's own options had: ours, then padding. Gives by what the segment's sum changes. */
  private answerOptions(layers: IpLayers, at: u16, room: number, said: SynOptions): number {
    let sum = 0;
    const mss = 0x0204_0000 + (layers.family === 4 ? this.plan.mss4 : this.plan.mss6);
    let first = 1;
    if (this.plan.timestamps && said.timestamps && room >= 16) {
      first = 5;
      const scale = room >= 20 ? said.windowScale : 15;
      const bits = scale + (said.sack ? SACK_BIT : 0);
      const time = Number((now() / MILLISECOND) & 0xffff_ffffn);
      // Not later than now: a time that comes back from the future is not believed.
      const stamp = u32(time - (time % TIMESTAMP_BITS) + bits - (bits > time % TIMESTAMP_BITS ? TIMESTAMP_BITS : 0));
      sum += layers.store(at + 4, u32, said.sack ? 0x0402_080a : 0x0101_080a);
      sum += layers.store(at + 8, u32, stamp);
      sum += layers.store(at + 12, u32, said.timestamp);
      if (room >= 20) sum += layers.store(at + 16, u32, scale === 15 ? NOPS : 0x0103_0300 + this.plan.windowScale);
    }
    for (let i = 0; i < 10; i++) {
      if (room >= i * 4 + 4 && (i === 0 || i >= first)) sum += layers.store(at + i * 4, u32, i === 0 ? mss : NOPS);
    }
    return sum;
  }
}

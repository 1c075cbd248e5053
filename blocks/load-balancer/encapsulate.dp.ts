/** The outer headers of each mode: datapath code. */
import { fold16, type IpLayers, type Packet, u8, u16, type u32, type u128, Verdict } from "datapath";
import { Ethernet, EtherType, Geneve, GeneveOption, IpProtocol, Ipv4, Ipv6, Udp } from "datapath/headers";
import { constantSum, type Delivery } from "./delivery.js";
import { type Ends, spreadOf } from "./ends.dp.js";
import { GeneveService4, GeneveService6, GueHeader } from "./headers.js";
import type { Backend } from "./records.js";

/** What outer headers take from the packet and its backend, read before the packet moves. */
interface Inner {
  readonly family: 4 | 6;
  /** bytes from the inner IP header on */
  readonly length: number;
  readonly trafficClass: u8;
  readonly spread: u16;
  readonly backend4: u32;
  readonly backend6: u128;
  /** the service's address and port, for a Geneve option */
  readonly service4: u32;
  readonly service6: u128;
  readonly port: u16;
}

/** Puts a packet into the headers that take it to its backend. */
export function encapsulate(by: Delivery, pkt: Packet, layers: IpLayers, ends: Ends, backend: Backend): Verdict {
  const inner: Inner = {
    family: layers.family,
    length: layers.family === 4 ? layers.ip.totalLength : layers.ip.payloadLength + 40,
    trafficClass: !by.copyClass ? 0 : layers.family === 4 ? u8(layers.ip.dscp * 4 + layers.ip.ecn) : u8(layers.ip.trafficClass),
    spread: by.spread || by.port !== 0 ? spreadOf(ends) : 0,
    backend4: by.family === 4 ? backend.address : 0,
    backend6: by.family === 6 ? backend.address6 : 0n,
    service4: by.kind === "geneve" && ends.family === 4 ? ends.destination : 0,
    service6: by.kind === "geneve" && ends.family === 6 ? ends.destination : 0n,
    port: by.kind === "geneve" ? ends.destinationPort : 0,
  };
  if (by.kind === "geneve") toBackend(layers, backend);
  // An offset that is known makes the move a few loads and stores.
  if (layers.networkOffset === 14) return wrap(by, pkt, 14, inner);
  return wrap(by, pkt, 18, inner);
}

/** With Geneve a packet is the backend's own inside: its option says what it was sent to. */
function toBackend(layers: IpLayers, backend: Backend): void {
  const port = backend.port;
  if (layers.family === 4) {
    if (port !== 0) layers.rewrite({ destination: backend.address, destinationPort: port });
    else layers.rewrite({ destination: backend.address });
  } else if (port !== 0) layers.rewrite({ destination: backend.address6, destinationPort: port });
  else layers.rewrite({ destination: backend.address6 });
}

function wrap(by: Delivery, pkt: Packet, at: 14 | 18, inner: Inner): Verdict {
  const own = pkt.at(0, Ethernet)?.dst;
  const length = inner.length + by.overhead;
  if (own === undefined || length > 65_535) return Verdict.drop("too long for an outer header");
  if (!pkt.insert(at, by.overhead, by.encap)) return Verdict.drop("no room for an outer header");
  const written = by.family === 4 ? outer4(by, pkt, at, inner, length) : outer6(by, pkt, at, inner, length - 40);
  if (!written) return Verdict.drop("cut by encapsulation");
  const ethernet = pkt.at(0, Ethernet);
  if (!ethernet) return Verdict.drop("cut by encapsulation");
  if (by.nextHop !== 0) {
    ethernet.dst = by.nextHop;
    ethernet.src = own;
  }
  const type = by.family === 4 ? EtherType.Ipv4 : EtherType.Ipv6;
  if (at === 14) ethernet.etherType = type;
  else if (inner.family !== by.family && !pkt.write(at - 2, u16, type)) return Verdict.drop("cut by encapsulation");
  return by.nextHop !== 0 ? Verdict.Reflect : Verdict.route();
}

function protocolOf(by: Delivery, inner: Inner): u8 {
  return by.port !== 0 ? IpProtocol.Udp : inner.family === 4 ? IpProtocol.Ipip : IpProtocol.Ipv6;
}

function outer4(by: Delivery, pkt: Packet, at: number, inner: Inner, length: u16): boolean {
  const ip = pkt.at(at, Ipv4);
  if (!ip) return false;
  const { trafficClass, backend4, spread } = inner;
  const protocol = protocolOf(by, inner);
  const varied = by.spread ? spread : 0;
  ip.version = 4;
  ip.ihl = 5;
  ip.dscp = trafficClass >>> 2;
  ip.ecn = trafficClass & 3;
  ip.totalLength = length;
  ip.identification = 0;
  ip.reserved = false;
  ip.dontFragment = true;
  ip.moreFragments = false;
  ip.fragmentOffset = 0;
  ip.ttl = by.ttl;
  ip.protocol = protocol;
  ip.checksum = 0xffff - fold16(constantSum(by) + protocol + trafficClass + varied + length + (backend4 >>> 16) + (backend4 & 0xffff));
  ip.src = by.source4 + varied;
  ip.dst = backend4;
  return by.port === 0 || datagram(by, pkt, at + 20, inner, length - 20);
}

function outer6(by: Delivery, pkt: Packet, at: number, inner: Inner, length: u16): boolean {
  const ip = pkt.at(at, Ipv6);
  if (!ip) return false;
  ip.version = 6;
  ip.trafficClass = inner.trafficClass;
  // RFC 6438: routers that balance over several paths tell flows apart by it.
  ip.flowLabel = inner.spread;
  ip.payloadLength = length;
  ip.nextHeader = protocolOf(by, inner);
  ip.hopLimit = by.ttl;
  ip.src = by.source6;
  ip.dst = inner.backend6;
  return by.port === 0 || datagram(by, pkt, at + 40, inner, length);
}

function datagram(by: Delivery, pkt: Packet, at: number, inner: Inner, length: u16): boolean {
  const udp = pkt.at(at, Udp);
  if (!udp) return false;
  udp.srcPort = 0x8000 | (inner.spread & 0x7fff);
  udp.dstPort = by.port;
  udp.length = length;
  // Zero is allowed to tunnels over IPv6 as well (RFC 6935 section 5, RFC 6936).
  udp.checksum = 0;
  if (by.kind === "geneve") return geneve(by, pkt, at + 8, inner);
  if (by.gueHeader === 0) return true;
  const gue = pkt.at(at + 8, GueHeader);
  if (!gue) return false;
  gue.version = 0;
  gue.control = false;
  gue.headerLength = 0;
  gue.protocol = inner.family === 4 ? IpProtocol.Ipip : IpProtocol.Ipv6;
  gue.flags = 0;
  return true;
}

function geneve(by: Delivery, pkt: Packet, at: number, inner: Inner): boolean {
  const header = pkt.at(at, Geneve);
  const option = pkt.at(at + 8, GeneveOption);
  if (!header || !option) return false;
  const units = inner.family === 4 ? 2 : 5;
  header.version = 0;
  header.optionsLength = units + 1;
  header.control = false;
  header.critical = false;
  header.reserved = 0;
  header.protocol = inner.family === 4 ? EtherType.Ipv4 : EtherType.Ipv6;
  header.networkIdentifier = by.networkIdentifier;
  header.reservedEnd = 0;
  option.optionClass = by.optionClass;
  option.critical = false;
  option.type = by.optionType;
  option.reserved = 0;
  option.units = units;
  if (inner.family === 4) {
    const service = pkt.at(at + 12, GeneveService4);
    if (!service) return false;
    service.port = inner.port;
    service.zero = 0;
    service.address = inner.service4;
  } else {
    const service = pkt.at(at + 12, GeneveService6);
    if (!service) return false;
    service.port = inner.port;
    service.zero = 0;
    service.address = inner.service6;
  }
  return true;
}

// test: timeout 200
/** What an ICMP error quotes: rewritten, the error is the one that would have been sent about the packet as it becomes. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Ethernet,
  FragmentHeader,
  HopByHop,
  Icmp,
  IcmpEcho,
  Icmpv6,
  Icmpv6Echo,
  Ipv4,
  Ipv6,
  Sctp,
  Tcp,
  Udp,
} from "../../dsl/headers/index.js";
import { ipv6, type Layer, type Packet, Pipeline, type TcPacket, Verdict, type XdpPacket } from "../../dsl/index.js";
import { hex } from "../../testing/hex.js";
import { packet } from "../../testing/packet.js";
import { simulate } from "../../testing/simulate.js";
import { agree, type Case } from "./agree.js";

const source = 0xc633_6401;
const destination = 0xffff_0000;
const source6 = ipv6("2001:db8::1:1");
const destination6 = ipv6("2001:db8:ffff::2");

/** Turns what every error quotes into something else, and hands on how much of it there was. */
class Rewriter extends Pipeline {
  private change(pkt: Packet): Verdict {
    const layers = pkt.layers();
    if (layers.family === 4) {
      const quoted = layers.quoted();
      if (!quoted) return Verdict.Pass;
      quoted.rewrite({ source, destination, sourcePort: 4000, destinationPort: 65_535, identifier: 77 });
      return quoted.fragment === 2 ? Verdict.drop("later") : Verdict.Reflect;
    }
    if (layers.family === 6) {
      const quoted = layers.quoted();
      if (!quoted) return Verdict.Pass;
      quoted.rewrite({ source: source6, destination: destination6, sourcePort: 4000, destinationPort: 65_535, identifier: 77 });
      return quoted.fragment === 2 ? Verdict.drop("later") : Verdict.Reflect;
    }
    return Verdict.Pass;
  }
  override xdp(pkt: XdpPacket): Verdict {
    return this.change(pkt);
  }
  override ingress(pkt: TcPacket): Verdict {
    return this.change(pkt);
  }
}

type Parts = readonly (Layer | string)[];
const unreachable = (quote: Uint8Array, type = 3): Uint8Array =>
  packet(Ethernet.of(), Ipv4.of({ src: 1, dst: 2 }), Icmp.of({ type, code: 4, rest: 1400 }), quote);
const tooBig = (quote: Uint8Array, type = 2): Uint8Array =>
  packet(Ethernet.of(), Ipv6.of({ src: 1n, dst: 2n }), Icmpv6.of({ type, rest: 1280 }), quote);

const before = { src: 0x0a00_0001, dst: 0x0a00_0002, identification: 9, ttl: 1 };
const after = { ...before, src: source, dst: destination };
const before6 = { src: ipv6("fd00::1"), dst: ipv6("fd00::2"), hopLimit: 1 };
const after6 = { ...before6, src: source6, dst: destination6 };
const ports = { srcPort: 1000, dstPort: 80 };
const newPorts = { srcPort: 4000, dstPort: 65_535 };

interface Quote {
  readonly what: string;
  readonly error: (quote: Uint8Array) => Uint8Array;
  readonly is: Parts;
  readonly becomes: Parts;
  /** bytes of the quote that came with the error */
  readonly cut?: number;
}
const four = (what: string, is: Parts, becomes: Parts, cut?: number): Quote => ({
  what: `IPv4, ${what}`,
  error: unreachable,
  is: [Ipv4.of(before), ...is],
  becomes: [Ipv4.of(after), ...becomes],
  ...(cut !== undefined && { cut }),
});
const six = (what: string, is: Parts, becomes: Parts, cut?: number): Quote => ({
  what: `IPv6, ${what}`,
  error: tooBig,
  is: [Ipv6.of(before6), ...is],
  becomes: [Ipv6.of(after6), ...becomes],
  ...(cut !== undefined && { cut }),
});
const [tcp, newTcp] = [Tcp.of({ ...ports, sequence: 7 }), Tcp.of({ ...newPorts, sequence: 7 })];
const [udp, newUdp] = [Udp.of(ports), Udp.of(newPorts)];
const [silent, newSilent] = [Udp.of({ ...ports, checksum: 0 }), Udp.of({ ...newPorts, checksum: 0 })];

const quotes: readonly Quote[] = [
  four("TCP whole", [tcp, "data"], [newTcp, "data"]),
  four("TCP to its checksum", [tcp, "data"], [newTcp, "data"], 20 + 18),
  four("TCP up to its checksum", [tcp, "data"], [newTcp, "data"], 20 + 16),
  four("TCP's first 8 bytes", [tcp, "data"], [newTcp, "data"], 20 + 8),
  four("UDP", [udp, "odd"], [newUdp, "odd"]),
  four("UDP's header", [udp, "odd"], [newUdp, "odd"], 28),
  four("UDP without a checksum", [silent, "odd"], [newSilent, "odd"]),
  four(
    "an echo",
    [IcmpEcho.of({ type: 8, identifier: 5, sequence: 2 }), "ping"],
    [IcmpEcho.of({ type: 8, identifier: 77, sequence: 2 }), "ping"],
  ),
  six("TCP whole", [tcp, "data"], [newTcp, "data"]),
  six("TCP's first 8 bytes", [tcp, "data"], [newTcp, "data"], 48),
  six("UDP", [udp, "odd"], [newUdp, "odd"]),
  six("UDP's header", [udp, "odd"], [newUdp, "odd"], 48),
  six("an echo", [Icmpv6Echo.of({ identifier: 5, sequence: 2 }), "ping"], [Icmpv6Echo.of({ identifier: 77, sequence: 2 }), "ping"]),
  six("an extension header in front", [HopByHop.of(), udp, "odd"], [HopByHop.of(), newUdp, "odd"]),
];

function run(bytes: Uint8Array): { readonly verdict: Verdict; readonly bytes: Uint8Array } {
  return simulate(new Rewriter(), "xdp", bytes);
}
function make(quote: Quote, parts: Parts): Uint8Array {
  return quote.error(packet(...parts).subarray(0, quote.cut));
}

for (const quote of quotes) {
  test(quote.what, () => {
    const result = run(make(quote, quote.is));
    assert.is(result.verdict, Verdict.Reflect);
    assert.is(hex(result.bytes), hex(make(quote, quote.becomes)));
  });
}

test("a later fragment has no ports; its addresses change", () => {
  const later = (ip: object): Uint8Array => unreachable(packet(Ipv4.of({ ...ip, fragmentOffset: 5, protocol: 17 }), "01234567"));
  const { verdict, bytes } = run(later(before));
  assert.is(String(verdict), String(Verdict.drop("later")));
  assert.is(hex(bytes), hex(later(after)));
  const later6 = (ip: object): Uint8Array =>
    tooBig(packet(Ipv6.of(ip), FragmentHeader.of({ fragmentOffset: 5, nextHeader: 17 }), "01234567"));
  assert.is(hex(run(later6(before6)).bytes), hex(later6(after6)));
});

test("SCTP's ports change", () => {
  const sctp = (ip: object, given: object): Uint8Array => unreachable(packet(Ipv4.of(ip), Sctp.of({ ...given, checksum: 5 })));
  assert.is(hex(run(sctp(before, ports)).bytes), hex(sctp(after, newPorts)));
});

const whole = make(four("", [udp, "odd"], []), [Ipv4.of(before), udp, "odd"]);
const untouched: readonly (readonly [string, Uint8Array])[] = [
  ["an echo request quotes nothing", unreachable(packet(Ipv4.of(before), udp), 8)],
  ["an ICMPv6 echo request neither", tooBig(packet(Ipv6.of(before6), udp), 128)],
  ["a quote of less than 8 bytes behind the header", unreachable(packet(Ipv4.of(before), udp).subarray(0, 27))],
  ["a quote of an IP header alone", unreachable(packet(Ipv4.of(before)))],
  ["IPv6 quoted by ICMP", unreachable(packet(Ipv6.of(before6), udp))],
  ["IPv4 quoted by ICMPv6", tooBig(packet(Ipv4.of(before), udp, "a payload that is long enough"))],
  ["a header length below 5", unreachable(packet(Ipv4.of({ ...before, ihl: 4 }), udp))],
  ["what stands behind the error's own end", padded(unreachable(packet(Ipv4.of(before))), 8)],
];
for (const [what, bytes] of untouched) {
  test(`left alone: ${what}`, () => {
    const result = run(bytes);
    assert.is(result.verdict, Verdict.Pass);
    assert.is(hex(result.bytes), hex(bytes));
  });
}
/** Bytes behind the IP packet, as Ethernet pads. */
function padded(bytes: Uint8Array, count: number): Uint8Array {
  const longer = new Uint8Array(bytes.length + count);
  longer.set(bytes);
  return longer;
}

test("the kernel gives the same bytes, wherever an error is cut", async () => {
  const cases: Case[] = [];
  for (const quote of quotes) {
    const bytes = make(quote, quote.is);
    for (let length = 42; length <= bytes.length; length += length < bytes.length - 12 ? 11 : 1)
      cases.push({ what: `${quote.what}, ${length} bytes`, bytes: shortened(bytes, length) });
  }
  for (const [what, bytes] of untouched) cases.push({ what, bytes });
  cases.push({ what: "whole", bytes: whole });
  await agree(() => new Rewriter(), ["xdp", "ingress"], cases);
});
/** The frame cut to `length`, its IP header saying so. */
function shortened(bytes: Uint8Array, length: number): Uint8Array {
  const cut = bytes.slice(0, length);
  const view = new DataView(cut.buffer);
  if (cut[12] === 8) view.setUint16(16, length - 14);
  else view.setUint16(18, Math.max(0, length - 54));
  return cut;
}

test.run();

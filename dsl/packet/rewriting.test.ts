/** Rewriting: whatever changes, the packet is the one that a sender would have made. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { hex } from "../../testing/hex.js";
import { packet } from "../../testing/packet.js";
import { Ethernet, FragmentHeader, Icmp, IcmpEcho, Icmpv6, Icmpv6Echo, Ipv4, Ipv6, Sctp, Tcp, Udp, Vlan } from "../headers/index.js";
import { ipv6, type Layer, u8, u16, u32 } from "../index.js";
import type { Ipv4Rewrite, Ipv6Rewrite } from "./layers.js";
import { NodePacket } from "./packet.js";

const open = (bytes: Uint8Array): NodePacket => new NodePacket(bytes, { kind: "tc", device: 1 });
type Parts = readonly (Layer | string)[];
const payloads = ["", "x", "an odd number of bytes!"];
function four(before: Parts, after: Parts, to: Ipv4Rewrite): void {
  const pkt = open(packet(...before));
  const l = pkt.layers();
  if (l.family !== 4) throw new Error("not IPv4");
  l.rewrite(to);
  assert.is(hex(pkt.toBytes()), hex(packet(...after)));
}
function six(before: Parts, after: Parts, to: Ipv6Rewrite): void {
  const pkt = open(packet(...before));
  const l = pkt.layers();
  if (l.family !== 6) throw new Error("not IPv6");
  l.rewrite(to);
  assert.is(hex(pkt.toBytes()), hex(packet(...after)));
}

const [a, b, c] = [0xc000_0201, 0xffff_ffff, 0x0000_0001];
const [p, q, r] = [ipv6("2001:db8::1"), ipv6("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), ipv6("64:ff9b::1")];

for (const data of payloads) {
  test(`full NAT over IPv4, ${data.length} bytes of payload`, () => {
    const change = { source: c, destination: a, sourcePort: 65_535, destinationPort: 1, ttl: 1, dscp: 46 };
    const ip = { src: a, dst: b, identification: 7 };
    const next = { src: c, dst: a, identification: 7, ttl: 1, dscp: 46 };
    four(
      [Ethernet.of(), Ipv4.of(ip), Tcp.of({ srcPort: 9, dstPort: 80, sequence: 5 }), data],
      [Ethernet.of(), Ipv4.of(next), Tcp.of({ srcPort: 65_535, dstPort: 1, sequence: 5 }), data],
      change,
    );
    four(
      [Ethernet.of(), Ipv4.of(ip), Udp.of({ srcPort: 9, dstPort: 80 }), data],
      [Ethernet.of(), Ipv4.of(next), Udp.of({ srcPort: 65_535, dstPort: 1 }), data],
      change,
    );
    four(
      [Ethernet.of(), Ipv4.of(ip), Icmp.of({ type: 8, rest: 9 }), data],
      [Ethernet.of(), Ipv4.of(next), Icmp.of({ type: 8, rest: 9 }), data],
      change,
    );
  });

  test(`full NAT over IPv6, ${data.length} bytes of payload`, () => {
    const change = { source: q, destination: r, sourcePort: 65_535, destinationPort: 1, ttl: 255, dscp: 63 };
    const ip = { src: p, dst: r, trafficClass: 3, flowLabel: 0xfffff };
    const next = { src: q, dst: r, trafficClass: 0xff, flowLabel: 0xfffff, hopLimit: 255 };
    six(
      [Ethernet.of(), Ipv6.of(ip), Tcp.of({ srcPort: 9, dstPort: 80 }), data],
      [Ethernet.of(), Ipv6.of(next), Tcp.of({ srcPort: 65_535, dstPort: 1 }), data],
      change,
    );
    six(
      [Ethernet.of(), Ipv6.of(ip), Udp.of({ srcPort: 9, dstPort: 80 }), data],
      [Ethernet.of(), Ipv6.of(next), Udp.of({ srcPort: 65_535, dstPort: 1 }), data],
      change,
    );
    six(
      [Ethernet.of(), Ipv6.of(ip), Icmpv6.of({ type: 128 }), data],
      [Ethernet.of(), Ipv6.of(next), Icmpv6.of({ type: 128 }), data],
      change,
    );
  });
}

test("each part alone", () => {
  const udp = [Udp.of({ srcPort: 1, dstPort: 2 })];
  const before = [Ethernet.of(), Ipv4.of({ src: a, dst: b }), ...udp];
  four(before, [Ethernet.of(), Ipv4.of({ src: c, dst: b }), ...udp], { source: c });
  four(before, [Ethernet.of(), Ipv4.of({ src: a, dst: c }), ...udp], { destination: c });
  four(before, [Ethernet.of(), Ipv4.of({ src: a, dst: b, ttl: 63 }), ...udp], { ttl: 63 });
  four(before, [Ethernet.of(), Ipv4.of({ src: a, dst: b, dscp: 1 }), ...udp], { dscp: 1 });
  four(before, [Ethernet.of(), Ipv4.of({ src: a, dst: b }), Udp.of({ srcPort: 1, dstPort: 3 })], { destinationPort: 3 });
  four(before, before, {});
});

test("an echo's identifier, and nothing else's", () => {
  const [from, to] = [Ipv4.of({ src: a, dst: b }), Ipv4.of({ src: c, dst: b })];
  const echo = (type: number, identifier: number): Layer => IcmpEcho.of({ type, identifier, sequence: 3 });
  for (const type of [0, 8]) {
    four([Ethernet.of(), from, echo(type, 5), "x"], [Ethernet.of(), to, echo(type, 77), "x"], { source: c, identifier: 77 });
    four([Ethernet.of(), from, echo(type, 5), "x"], [Ethernet.of(), from, echo(type, 77), "x"], { identifier: 77 });
  }
  four([Ethernet.of(), from, echo(13, 5)], [Ethernet.of(), to, echo(13, 5)], { source: c, identifier: 77 });
  four([Ethernet.of(), from, Udp.of({ srcPort: 5 })], [Ethernet.of(), from, Udp.of({ srcPort: 5 })], { identifier: 77 });
  const echo6 = (type: number, identifier: number): Layer => Icmpv6Echo.of({ type, identifier, sequence: 3 });
  six([Ethernet.of(), Ipv6.of({ src: p, dst: q }), echo6(128, 5)], [Ethernet.of(), Ipv6.of({ src: r, dst: q }), echo6(128, 77)], {
    source: r,
    identifier: 77,
  });
  six([Ethernet.of(), Ipv6.of({ src: p, dst: q }), echo6(135, 5)], [Ethernet.of(), Ipv6.of({ src: p, dst: q }), echo6(135, 5)], {
    identifier: 77,
  });
});

test("random rewrites stay right", () => {
  const random = (limit: number): number => Math.floor(Math.random() * limit);
  for (let i = 0; i < 500; i++) {
    const [source, destination, sourcePort, destinationPort] = [random(2 ** 32), random(2 ** 32), random(65_536), random(65_536)];
    const data = "y".repeat(random(5));
    four(
      [
        Ethernet.of(),
        Ipv4.of({ src: random(2 ** 32), dst: random(2 ** 32) }),
        Udp.of({ srcPort: random(65_536), dstPort: random(65_536) }),
        data,
      ],
      [Ethernet.of(), Ipv4.of({ src: source, dst: destination }), Udp.of({ srcPort: sourcePort, dstPort: destinationPort }), data],
      { source, destination, sourcePort, destinationPort },
    );
  }
});

test("a UDP checksum of zero stays zero, one that becomes zero is 0xffff", () => {
  four(
    [Ethernet.of(), Ipv4.of({ src: a, dst: b }), Udp.of({ checksum: 0 })],
    [Ethernet.of(), Ipv4.of({ src: c, dst: b }), Udp.of({ checksum: 0 })],
    { source: c },
  );
  const whole = new Uint8Array(2);
  const sum = hex(packet(Ipv4.of(), Udp.of({ dstPort: 5 }), Buffer.from(whole).toString("latin1"))).slice(52, 56);
  const port = Number.parseInt(sum, 16);
  const pkt = open(packet(Ethernet.of(), Ipv4.of(), Udp.of({ dstPort: 5 }), "\0\0"));
  const l = pkt.layers();
  if (l.family === 0) throw new Error("not IP");
  l.rewrite({ sourcePort: port });
  assert.is(l.udp?.checksum, 0xffff);
});

test("of later fragments the IP header alone changes; a first fragment's checksum is that of the whole", () => {
  const later = (ip: object): Parts => [Ethernet.of(), Ipv4.of({ ...ip, fragmentOffset: 2, protocol: 17 }), "0123456789"];
  four(later({ src: a, dst: b }), later({ src: c, dst: b }), { source: c, sourcePort: 7 });
  const fragment = FragmentHeader.of({ fragmentOffset: 2, nextHeader: 17 });
  six([Ethernet.of(), Ipv6.of({ src: p }), fragment, "0123456789"], [Ethernet.of(), Ipv6.of({ src: q }), fragment, "0123456789"], {
    source: q,
  });
  const first = (ip: object, checksum: number): Parts => [Ethernet.of(), Ipv4.of({ ...ip, moreFragments: true }), Udp.of({ checksum })];
  // ~(~0x1234 + ~a + c), the whole datagram's sum not being here.
  four(first({ src: a }, 0x1234), first({ src: c }, 0xd434), { source: c });
});

test("SCTP's ports stay: its CRC covers the whole packet, and no address", () => {
  const sctp = Sctp.of({ srcPort: 1, dstPort: 2 });
  four([Ethernet.of(), Ipv4.of({ src: a }), sctp], [Ethernet.of(), Ipv4.of({ src: c }), sctp], { source: c, sourcePort: 9 });
});

test("behind tags, and views stay good", () => {
  const pkt = open(packet(Ethernet.of(), Vlan.of({ id: 1 }), Vlan.of({ id: 2 }), Ipv4.of({ src: a }), Udp.of({ dstPort: 5 })));
  const l = pkt.layers();
  if (l.family !== 4) throw new Error("not IPv4");
  const { udp, ip } = l;
  l.rewrite({ source: c, destinationPort: 6 });
  assert.equal([udp?.dstPort, ip.src, l.source, l.destinationPort], [6, c, c, 6]);
  assert.is(
    hex(pkt.toBytes()),
    hex(packet(Ethernet.of(), Vlan.of({ id: 1 }), Vlan.of({ id: 2 }), Ipv4.of({ src: c }), Udp.of({ dstPort: 6 }))),
  );
});

for (const at of [0, 1, 2, 3, 4, 5]) {
  for (const schema of [u8, u16, u32]) {
    test(`write keeps the checksum right: ${schema.size} bytes at ${at} of the payload`, () => {
      const value = Number(schema(0xa1b2_c3d4));
      const text = "0123456789";
      const changed = Buffer.from(text, "latin1");
      changed.writeUIntBE(value, at, schema.size);
      for (const transport of [Tcp.of({ dstPort: 1 }), Udp.of({ dstPort: 1 }), Icmp.of({ type: 8 })]) {
        const pkt = open(packet(Ethernet.of(), Ipv4.of({ src: a }), transport, text));
        const l = pkt.layers();
        l.write(l.payloadOffset + at, schema, value);
        assert.is(hex(pkt.toBytes()), hex(packet(Ethernet.of(), Ipv4.of({ src: a }), transport, changed)));
      }
    });
  }
}

test("many stores are settled at once, what is outside of the packet counts for nothing", () => {
  for (const transport of [Tcp.of({ dstPort: 1 }), Udp.of({ dstPort: 1 }), Icmp.of({ type: 8 })]) {
    const pkt = open(packet(Ethernet.of(), Ipv4.of({ src: a }), transport, "0123456789"));
    const l = pkt.layers();
    const at = l.payloadOffset;
    l.settle(l.store(at, u32, 0x6162_6364) + l.store(at + 5, u32, 0x6566_6768) + l.store(at + 9, u8, 0x69) + l.store(at + 9, u16, 1));
    assert.is(hex(pkt.toBytes()), hex(packet(Ethernet.of(), Ipv4.of({ src: a }), transport, "abcd4efghi")));
  }
});

test("write outside of the packet does nothing", () => {
  const bytes = packet(Ethernet.of(), Ipv4.of(), Udp.of());
  const pkt = open(bytes);
  pkt.layers().write(bytes.length - 1, u16, 5);
  assert.is(hex(pkt.toBytes()), hex(bytes));
});

test.run();

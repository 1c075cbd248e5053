import { test } from "uvu";
import * as assert from "uvu/assert";
import { Arp, Ethernet, FragmentHeader, Icmp, Icmpv6, Ipv4, Ipv6, Tcp, Udp, Vlan } from "../../dsl/headers/index.js";
import { packet } from "../packet.js";
import { kindsOfDamage } from "./damage.js";
import { faultsOf } from "./faults.js";
import { hostilePackets } from "./hostile.js";

const text = (seed: number): string[] => [...hostilePackets({ seed, count: 200 })].map(({ bytes }) => Buffer.from(bytes).toString("hex"));

test("the same seed gives the same packets, another one others", () => {
  assert.equal(text(5), text(5));
  assert.not.equal(text(5), text(6));
});

test("as many packets come as were asked for, none shorter than an Ethernet header", () => {
  const all = [...hostilePackets({ seed: 1, count: 3000 })];
  assert.is(all.length, 3000);
  assert.ok(all.every(({ bytes }) => bytes.length >= 14));
});

test("every damage is done, and some frame is cut at each byte", () => {
  const kinds = new Set([...hostilePackets({ seed: 1, count: 5000 })].map(({ what }) => what));
  for (const kind of kindsOfDamage) assert.ok(kinds.has(kind), kind);
  for (let length = 14; length < 60; length++) assert.ok(kinds.has(`cut to ${length} bytes`), `${length}`);
});

test("what is sound has no faults", () => {
  const sound = [...hostilePackets({ seed: 2, count: 4000 })].filter(({ what }) => what === "sound");
  assert.ok(sound.length > 1000);
  assert.equal(
    sound.flatMap(({ bytes }) => faultsOf(bytes)),
    [],
  );
});

const eth = Ethernet.of();
const bent = (frame: Uint8Array, at: number, value: number): Uint8Array => {
  const bytes = frame.slice();
  bytes[at] = value;
  return bytes;
};
const tcp = packet(eth, Ipv4.of({ src: 1, dst: 2 }), Tcp.of({ dstPort: 80 }), "odd");
const tcp6 = packet(eth, Ipv6.of({ src: 1n, dst: 2n }), Tcp.of({ dstPort: 80 }), "odd");
const udp = packet(eth, Ipv4.of({ src: 1, dst: 2 }), Udp.of({ dstPort: 53 }), "data");
const geneve = Uint8Array.of(0, 0, 8, 0, 0, 0, 0, 0);
const rows: readonly (readonly [what: string, frame: Uint8Array, faults: readonly string[]])[] = [
  ["TCP", tcp, []],
  ["TCP behind a tag", packet(eth, Vlan.of({ id: 5 }), Ipv4.of({ src: 1 }), Tcp.of()), []],
  ["TCP over IPv6", tcp6, []],
  ["padding behind a datagram", Uint8Array.from([...tcp, 1, 2, 3]), []],
  ["a byte of payload changed", bent(tcp, tcp.length - 1, 0), ["TCP: checksum"]],
  ["a byte of an IPv4 header changed", bent(tcp, 22, 9), ["IPv4: checksum"]],
  ["a total length beyond the frame", bent(tcp, 17, 200), ["IPv4: length"]],
  ["another IPv6 address", bent(tcp6, 37, 9), ["TCP: checksum"]],
  ["a UDP length that lies", bent(udp, 39, 30), ["UDP: length"]],
  ["UDP without checksum", packet(eth, Ipv4.of(), Udp.of({ checksum: 0 }), "x"), []],
  ["UDP without checksum over IPv6", packet(eth, Ipv6.of(), Udp.of({ checksum: 0 }), "x"), ["UDP: no checksum over IPv6"]],
  ["ICMP", packet(eth, Ipv4.of(), Icmp.of({ type: 8 }), "ping"), []],
  ["ICMP with a wrong checksum", packet(eth, Ipv4.of(), Icmp.of({ type: 8, checksum: 1 }), "ping"), ["ICMP: checksum"]],
  ["ICMPv6 with a wrong checksum", packet(eth, Ipv6.of(), Icmpv6.of({ type: 128, checksum: 1 }), "ping"), ["ICMPv6: checksum"]],
  ["a fragment's transport", packet(eth, Ipv6.of(), FragmentHeader.of({ fragmentOffset: 3, nextHeader: 6 }), "abcdefgh"), []],
  ["IPv4 in IPv4", packet(eth, Ipv4.of({ protocol: 4 }), bent(tcp, tcp.length - 1, 0).subarray(14)), ["TCP: checksum"]],
  ["a tunnel without checksum over IPv6", packet(eth, Ipv6.of(), Udp.of({ dstPort: 6081, checksum: 0 }), geneve, tcp.subarray(14)), []],
  [
    "what is in a tunnel",
    packet(eth, Ipv6.of(), Udp.of({ dstPort: 6081, checksum: 0 }), geneve, bent(tcp, tcp.length - 1, 0).subarray(14)),
    ["TCP: checksum"],
  ],
  ["ARP", packet(eth, Arp.of()), []],
  ["ARP that is cut", packet(eth, Arp.of()).subarray(0, 40), ["ARP: cut"]],
];
for (const [what, frame, faults] of rows) test(`faults of ${what}`, () => assert.equal(faultsOf(frame), faults));

test.run();

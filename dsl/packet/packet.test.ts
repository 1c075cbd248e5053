/** Reading and writing a packet in place. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { packet } from "../../testing/packet.js";
import { Arp, Ethernet, Gre, HopByHop, Ipv4, Ipv6, Tcp, Udp } from "../headers/index.js";
import { u8, u16, u32, u48 } from "../index.js";
import { NodePacket } from "./packet.js";

const open = (bytes: Uint8Array): NodePacket => new NodePacket(bytes, { kind: "xdp", device: 1 });
const udp = packet(Ethernet.of({ src: 5 }), Ipv4.of({ src: 1, dst: 2 }), Udp.of({ srcPort: 7, dstPort: 53 }), "payload");

test("a view is live, and undefined where the packet ends before the header does", () => {
  const pkt = open(udp);
  const eth = pkt.at(0, Ethernet);
  assert.is(eth?.src, 5);
  if (eth) eth.src = 6;
  assert.is(pkt.at(0, Ethernet)?.src, 6);
  assert.is(pkt.toBytes()[11], 6);
  assert.is(pkt.at(pkt.length - 7, Udp), undefined);
  assert.ok(pkt.at(pkt.length - 8, Udp));
});

test("after goes behind a header's own run-time length, and refuses one below the fixed part", () => {
  const pkt = open(packet(Ethernet.of(), Ipv4.of({ ihl: 6 }), new Uint8Array(4), Udp.of({ dstPort: 9 })));
  const eth = pkt.at(0, Ethernet);
  const ip = eth && pkt.after(eth, Ipv4);
  if (!ip) throw new Error("no IPv4");
  assert.is(pkt.after(ip, Udp)?.dstPort, 9);
  assert.equal([pkt.offsetOf(ip), pkt.endOf(ip)], [14, 38]);
  ip.ihl = 4;
  assert.is(pkt.after(ip, Udp), undefined);
});

test("lengths of headers with optional parts", () => {
  const gre = open(packet(Ethernet.of(), Gre.of({ hasKey: true, hasSequence: true }), new Uint8Array(8)));
  const view = gre.at(14, Gre);
  assert.is(view && gre.endOf(view), 26);
  const options = open(packet(Ethernet.of(), HopByHop.of({ extensionLength: 1 }), new Uint8Array(8)));
  const extension = options.at(14, HopByHop);
  assert.is(extension && options.endOf(extension), 30);
});

test("single integers are read and written in network order", () => {
  const pkt = open(udp);
  assert.is(pkt.read(12, u16), 0x0800);
  assert.is(pkt.read(6, u48), 5);
  assert.is(pkt.read(pkt.length - 1, u16), undefined);
  assert.ok(pkt.write(26, u32, 0x0102_0304));
  assert.is(pkt.at(14, Ipv4)?.src, 0x0102_0304);
  assert.not.ok(pkt.write(pkt.length, u8, 1));
  assert.throws(() => pkt.write(0, u8, 256), /outside 0 … 255/);
});

test("a run of bytes is live; an index outside of it aborts", () => {
  const pkt = open(udp);
  const bytes = pkt.bytes(6, 6);
  assert.is(bytes?.[5], 5);
  if (bytes) bytes[5] = 9;
  assert.is(pkt.at(0, Ethernet)?.src, 9);
  assert.is(pkt.bytes(pkt.length - 3, 4), undefined);
  assert.throws(() => bytes?.[6], /index 6 is outside 0 … 5/);
});

test("copy moves bytes that overlap as if through a buffer, and refuses what is outside or too much", () => {
  const pkt = open(packet(Ethernet.of(), "abcdef"));
  assert.ok(pkt.copy(16, 14, 4, { max: 8 }));
  assert.is(Buffer.from(pkt.toBytes().subarray(14)).toString(), "ababcd");
  assert.not.ok(pkt.copy(18, 14, 4, { max: 8 }));
  assert.not.ok(pkt.copy(14, 15, 4, { max: 3 }));
  for (const max of [512, -1, 1.5, Number.NaN]) assert.throws(() => pkt.copy(14, 15, 1, { max }), /at most 511 bytes at once/);
});

test("checksum is the internet checksum; an odd byte counts as a high one", () => {
  const pkt = open(udp);
  const ip = pkt.at(14, Ipv4);
  assert.is(pkt.checksum(14, 20, { max: 60 }), 0);
  const stored = ip?.checksum;
  if (ip) ip.checksum = 0;
  assert.is(pkt.checksum(14, 20, { max: 60 }), stored);
  const odd = open(packet(Ethernet.of(), Uint8Array.of(0x12, 0x34, 0x56)));
  assert.is(odd.checksum(14, 3, { max: 3, initial: 1 }), 0xffff - (0x1234 + 0x5600 + 1));
  assert.throws(() => odd.checksum(14, 4, { max: 4 }), /at 14 of a packet of 17/);
  assert.throws(() => odd.checksum(14, 3, { max: 2 }), /at most 2/);
  for (const max of [2033, -1]) assert.throws(() => odd.checksum(14, 0, { max }), /at most 2032 bytes at once/);
});

test("views end within the first 65,535 bytes", () => {
  const pkt = open(new Uint8Array(70_000));
  assert.ok(pkt.at(65_535 - 14, Ethernet));
  assert.is(pkt.at(65_535 - 13, Ethernet), undefined);
});

test("offsets that are no natural numbers are refused", () => {
  const pkt = open(udp);
  assert.throws(() => pkt.at(-1, Ethernet), /an offset is -1/);
  assert.throws(() => pkt.read(1.5, u8), /an offset is 1\.5/);
  assert.throws(() => pkt.endOf(new Tcp()), /not a view of a packet/);
});

test("a frame without an Ethernet header is refused: the kernel hands over none", () => {
  assert.throws(() => open(new Uint8Array(13)), /13 bytes: the kernel hands over none below 14/);
});

test("what tc knows beside the bytes is kept and checked", () => {
  const pkt = new NodePacket(udp, { kind: "tc", device: 4, mark: 7 });
  assert.equal([pkt.mark, pkt.priority, pkt.departure, pkt.hash, pkt.device.index], [7, 0, 0n, 0, 4]);
  pkt.mark = 0xffff_ffff;
  assert.throws(() => {
    pkt.mark = -1;
  }, /outside/);
  assert.is(pkt.wireLength, pkt.length);
  assert.ok(pkt.mirror(pkt.device));
  assert.equal(pkt.mirrored[0], { device: 4, bytes: udp });
});

test("header fields of every width", () => {
  const pkt = open(packet(Ethernet.of(), Ipv6.of({ trafficClass: 0xab, flowLabel: 0x12345, src: 1n << 127n, dst: 2n }), Udp.of()));
  const ip = pkt.at(14, Ipv6);
  assert.equal([ip?.version, ip?.trafficClass, ip?.flowLabel, ip?.src, ip?.dst], [6, 0xab, 0x12345, 1n << 127n, 2n]);
  const arp = open(packet(Ethernet.of(), Arp.of({ senderMac: 0xffff_ffff_ffff })));
  assert.is(arp.at(14, Arp)?.senderMac, 0xffff_ffff_ffff);
});

test.run();

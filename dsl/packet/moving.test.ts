/** What moves a packet: growing, shrinking, gaps, the tail, VLAN tags; and that nothing old survives it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { hex } from "../../testing/hex.js";
import { packet } from "../../testing/packet.js";
import { Arp, Ethernet, Ipv4, Ipv6, Udp, Vlan } from "../headers/index.js";
import { Encap, type VlanTag } from "../index.js";
import { NodePacket } from "./packet.js";
import type { HookKind } from "./room.js";

const open = (bytes: Uint8Array, kind: HookKind = "xdp"): NodePacket => new NodePacket(bytes, { kind, device: 1 });
const eth = Ethernet.of({ src: 1, dst: 2 });
const ip = packet(eth, Ipv4.of({ src: 3 }), Udp.of(), "payload of some length, more than any header");
const arp = packet(eth, Arp.of());
const gone = /as it was before it moved/;

test("a gap opens with zeros at its offset and closes again", () => {
  for (const kind of ["xdp", "tc"] as const) {
    const pkt = open(ip, kind);
    assert.ok(pkt.insert(14, 20, Encap.Ip4));
    assert.is(hex(pkt.toBytes()), `${hex(ip.subarray(0, 14))}${"00".repeat(20)}${hex(ip.subarray(14))}`);
    assert.ok(pkt.remove(14, 20));
    assert.is(hex(pkt.toBytes()), hex(ip));
    assert.ok(pkt.grow(8));
    assert.is(pkt.length, ip.length + 8);
    assert.ok(pkt.shrink(8));
    assert.is(hex(pkt.toBytes()), hex(ip));
  }
});

test("a driver has room for 216 bytes, of which 128 are promised; what is given back counts", () => {
  const pkt = open(ip);
  assert.ok(pkt.grow(128));
  assert.not.ok(pkt.grow(89));
  assert.ok(pkt.grow(88));
  assert.ok(pkt.shrink(10));
  assert.ok(pkt.insert(0, 10));
  assert.not.ok(pkt.insert(0, 1));
});

test("an Ethernet header's worth must stay", () => {
  const pkt = open(ip);
  assert.not.ok(pkt.shrink(ip.length - 13));
  assert.ok(pkt.shrink(ip.length - 14));
  assert.is(pkt.length, 14);
});

test("on tc only IP shrinks at the front, and keeps an IP header's worth", () => {
  assert.not.ok(open(arp, "tc").shrink(4));
  assert.ok(open(arp, "xdp").shrink(4));
  assert.not.ok(open(ip, "tc").remove(14, ip.length - 14 - 19));
  assert.ok(open(ip, "tc").remove(14, ip.length - 14 - 20));
  const six = packet(eth, Ipv6.of(), "1234");
  assert.not.ok(open(six, "tc").remove(14, 5));
  assert.ok(open(six, "tc").remove(14, 4));
});

test("a gap outside of the packet can't be opened or closed", () => {
  const pkt = open(ip);
  assert.not.ok(pkt.insert(ip.length + 1, 4));
  assert.not.ok(pkt.remove(ip.length - 3, 4));
  assert.is(hex(pkt.toBytes()), hex(ip));
  assert.throws(() => pkt.insert(-1, 4), /an offset is -1/);
});

test("the tail is cut, never made longer", () => {
  const pkt = open(ip);
  assert.not.ok(pkt.trim(ip.length + 1));
  assert.not.ok(pkt.trim(13));
  assert.ok(pkt.trim(20));
  assert.is(hex(pkt.toBytes()), hex(ip.subarray(0, 20)));
});

test("pull changes nothing, and tells whether the packet is so long", () => {
  const pkt = open(ip, "tc");
  assert.ok(pkt.pull(ip.length));
  assert.not.ok(pkt.pull(ip.length + 1));
  assert.is(hex(pkt.toBytes()), hex(ip));
});

test("each move ends every view and the layers, also one that fails", () => {
  const moves: readonly ((pkt: NodePacket) => unknown)[] = [
    pkt => pkt.grow(4),
    pkt => pkt.grow(10_000),
    pkt => pkt.shrink(4),
    pkt => pkt.insert(14, 4),
    pkt => pkt.remove(14, 4),
    pkt => pkt.remove(14, 10_000),
    pkt => pkt.trim(20),
    pkt => pkt.trim(10_000),
    pkt => pkt.pull(4),
    pkt => {
      pkt.vlan = { id: 1 };
    },
    pkt => {
      pkt.vlan = undefined;
    },
  ];
  for (const move of moves) {
    const pkt = open(ip);
    const view = pkt.at(0, Ethernet);
    const bytes = pkt.bytes(0, 4);
    const layers = pkt.layers();
    move(pkt);
    assert.throws(() => view?.src, gone);
    assert.throws(() => bytes?.[0], gone);
    assert.throws(() => view && pkt.offsetOf(view), gone);
    assert.throws(() => layers.family, gone);
    assert.throws(() => {
      if (view) view.src = 1;
    }, gone);
  }
});

test("a tag is pushed, changed and popped, and never part of offsets", () => {
  const pkt = open(ip, "tc");
  pkt.vlan = { id: 100 };
  assert.is(hex(pkt.toBytes()), `${hex(ip.subarray(0, 12))}81000064${hex(ip.subarray(12))}`);
  assert.equal([pkt.length, pkt.at(0, Ethernet)?.etherType, pkt.vlan?.id, pkt.vlan?.priority], [ip.length, 0x0800, 100, 0]);
  pkt.vlan = { id: 4095, priority: 7 };
  assert.is(hex(pkt.toBytes()).slice(24, 36), "8100efff0800");
  pkt.vlan = undefined;
  assert.is(hex(pkt.toBytes()), hex(ip));
  assert.is(pkt.vlan, undefined);
  assert.throws(() => {
    pkt.vlan = { id: 4096 };
  }, /vlan\.id = 4096: outside 0 … 4095/);
  assert.throws(() => {
    pkt.vlan = { id: 1, priority: 8 };
  }, /vlan\.priority/);
});

test("changing a tag keeps what announces it; popping shows the next one", () => {
  const pkt = open(packet(Ethernet.of({ etherType: 0x88a8 }), Vlan.of({ id: 1, dropEligible: true }), Vlan.of({ id: 2 }), Ipv4.of()));
  pkt.vlan = { id: 5 };
  assert.is(hex(pkt.toBytes()).slice(24, 40), "88a8000581000002");
  assert.equal([pkt.vlan?.id, pkt.vlan?.inner?.id], [5, 2]);
  pkt.vlan = undefined;
  // By a call: TypeScript takes the property for what was assigned.
  const tag = ((): VlanTag | undefined => pkt.vlan)();
  assert.equal([tag?.id, tag?.inner, pkt.at(0, Ethernet)?.etherType], [2, undefined, 0x0800]);
});

test("a tag that the frame's end cuts is no tag", () => {
  const pkt = open(packet(Ethernet.of({ etherType: 0x8100 }), Uint8Array.of(1, 2, 3)));
  assert.equal([pkt.vlan, pkt.length, pkt.at(0, Ethernet)?.etherType], [undefined, 17, 0x8100]);
});

test("an outer header of the other family decides what the kernel takes the packet for", () => {
  const pkt = open(packet(eth, Ipv4.of(), "0123456789"), "tc");
  assert.ok(pkt.insert(14, 40, Encap.Ip6));
  // 70 bytes behind Ethernet; an IPv6 header's worth must stay.
  assert.not.ok(pkt.remove(14, 31));
  assert.ok(pkt.remove(14, 30));
});

test.run();

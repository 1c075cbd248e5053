// test: timeout 400
import { test } from "uvu";
import { Ethernet, Ipv4, Udp, Vlan } from "../../dsl/headers/index.js";
import { arrayMap, Encap, type Packet, Pipeline, struct, type TcPacket, u8, u16, u32, Verdict, type XdpPacket } from "../../dsl/index.js";
import { packet } from "../../testing/packet.js";
import { agree, type Case } from "./agree.js";
import { frames, taggedFrames } from "./frames.js";

class Both extends Pipeline {
  move(_pkt: Packet): Verdict {
    return Verdict.Pass;
  }
  override xdp(pkt: XdpPacket): Verdict {
    return this.move(pkt);
  }
  override ingress(pkt: TcPacket): Verdict {
    return this.move(pkt);
  }
}
class Push extends Both {
  override move(pkt: Packet): Verdict {
    if (pkt.layers().family !== 4) return Verdict.Pass;
    if (!pkt.insert(14, 20, Encap.Ip4)) return Verdict.drop("no room");
    const ip = pkt.at(14, Ipv4);
    if (!ip) return Verdict.drop("cut");
    ip.version = 4;
    ip.ihl = 5;
    ip.ttl = 64;
    return Verdict.Pass;
  }
}
class Pop extends Both {
  override move(pkt: Packet): Verdict {
    return pkt.remove(14, 20) ? Verdict.Pass : Verdict.drop("can't");
  }
}
class Gap extends Both {
  override move(pkt: Packet): Verdict {
    return pkt.insert(18, 8) ? Verdict.Pass : Verdict.drop("no room");
  }
}
class Close extends Both {
  override move(pkt: Packet): Verdict {
    return pkt.remove(18, 8) ? Verdict.Pass : Verdict.drop("can't");
  }
}
class Front extends Both {
  override move(pkt: Packet): Verdict {
    return pkt.grow(12) ? Verdict.Pass : Verdict.drop("no room");
  }
}
class Shrink extends Both {
  override move(pkt: Packet): Verdict {
    return pkt.shrink(6) ? Verdict.Pass : Verdict.drop("can't");
  }
}
class Trim extends Both {
  override move(pkt: Packet): Verdict {
    return pkt.trim(40) ? Verdict.Pass : Verdict.drop("can't");
  }
}
class Pull extends Both {
  override move(pkt: Packet): Verdict {
    if (!pkt.pull(40)) return Verdict.drop("short");
    return pkt.write(36, u32, 0xa1b2_c3d4) ? Verdict.Pass : Verdict.drop("cut");
  }
}
class CopyAndSum extends Both {
  override move(pkt: Packet): Verdict {
    if (!pkt.copy(18, 14, 12, { max: 16 })) return Verdict.drop("short");
    pkt.write(14, u8, pkt.checksum(16, 10, { max: 16, initial: 5 }) % 256);
    return Verdict.Pass;
  }
}
/** As much as is carried at once, and what the first bytes ask for. */
class Most extends Both {
  override move(pkt: Packet): Verdict {
    const count = pkt.read(14, u16);
    const length = pkt.read(16, u16);
    if (count === undefined || length === undefined) return Verdict.Pass;
    if (length <= 2032 && length + 18 <= pkt.length) pkt.write(12, u16, pkt.checksum(18, length, { max: 2032 }));
    return pkt.copy(18, 20, count, { max: 511 }) ? Verdict.Pass : Verdict.drop("too many");
  }
}
test("the most that is copied and summed at once", async () => {
  const cases: Case[] = [];
  for (const count of [0, 1, 508, 510, 511, 512, 1023, 65_535]) {
    for (const length of [0, 507, 508, 509, 1015, 1016, 1017, 1524, 1525, 2031, 2032, 2033]) {
      const asked = Uint8Array.of(count >> 8, count & 0xff, length >> 8, length & 0xff);
      cases.push({
        what: `${count} and ${length}`,
        bytes: packet(
          Ethernet.of({ etherType: 0x88b5 }),
          asked,
          new Uint8Array(2040).map((_, i) => i * 7),
        ),
      });
    }
  }
  await agree(() => new Most(), ["xdp", "ingress"], cases);
});

class Tag extends Both {
  override move(pkt: Packet): Verdict {
    const tag = pkt.vlan;
    if (tag && tag.id === 7) pkt.vlan = undefined;
    else pkt.vlan = { id: tag ? (tag.id + 1) % 4096 : 100, priority: 5 };
    const eth = pkt.at(0, Ethernet);
    if (eth) eth.src = 5;
    return Verdict.Pass;
  }
}

class Seen extends struct({ length: u32, wire: u32 }) {}
class Lengths extends Both {
  readonly seen = arrayMap(Seen, 1);
  override move(pkt: Packet): Verdict {
    const seen = this.seen.at(0);
    seen.length = pkt.length;
    seen.wire = pkt.wireLength;
    return Verdict.Pass;
  }
}
test("no tag counts in either length", async () => {
  await agree(() => new Lengths(), ["xdp", "ingress"], [...frames, ...taggedFrames]);
});

const whole = [...frames, ...taggedFrames].filter(({ bytes }) => bytes.length >= 34);
for (const [what, make] of [
  ["an outer header in front of IPv4", () => new Push()],
  ["an outer header taken off", () => new Pop()],
  ["a gap", () => new Gap()],
  ["a gap that closes", () => new Close()],
  ["growing at the front", () => new Front()],
  ["shrinking at the front", () => new Shrink()],
  ["the tail cut", () => new Trim()],
  ["pulling", () => new Pull()],
  ["copying and summing", () => new CopyAndSum()],
] as const) {
  test(`moving gives the same bytes in the kernel: ${what}`, async () => {
    await agree(make, ["xdp", "ingress"], whole);
  });
}

class Asked extends Both {
  override move(pkt: Packet): Verdict {
    const kind = pkt.read(14, u8);
    const offset = pkt.read(16, u16);
    const count = pkt.read(18, u16);
    if (kind === undefined || offset === undefined || count === undefined) return Verdict.Pass;
    if (kind === 0) return pkt.insert(offset, count) ? Verdict.Pass : Verdict.drop("no room");
    if (kind === 1) return pkt.remove(offset, count) ? Verdict.Pass : Verdict.drop("can't");
    return pkt.trim(count) ? Verdict.Pass : Verdict.drop("no such length");
  }
}
function* askedFor(): Generator<Case> {
  for (const etherType of [0x0800, 0x86dd, 0x88b5]) {
    for (const kind of [0, 1, 2]) {
      for (const offset of [0, 1, 12, 14, 15, 34, 255, 256, 257, 600, 65_535]) {
        for (const count of [0, 1, 4, 128, 216, 217, 256, 257, 560, 571, 586, 587, 600, 65_535]) {
          const bytes = packet(
            Ethernet.of({ etherType }),
            Uint8Array.of(kind, 0, offset >> 8, offset & 0xff, count >> 8, count & 0xff),
            new Uint8Array(580).map((_, i) => i),
          );
          yield { what: `kind ${kind} at ${offset}, ${count} bytes, type ${etherType.toString(16)}`, bytes };
        }
      }
    }
  }
}
test("how far a packet grows, shrinks and is cut", async () => {
  await agree(() => new Asked(), ["xdp", "ingress"], [...askedFor()]);
});

/** A gap whose meaning tc was not told, or was told twice, and then what is taken away again: byte 15 says what. */
class Again extends Both {
  override move(pkt: Packet): Verdict {
    const kind = pkt.read(15, u8);
    const offset = pkt.read(16, u16);
    const count = pkt.read(18, u16);
    if (kind === undefined || offset === undefined || count === undefined) return Verdict.Pass;
    if (kind < 2 && !pkt.insert(14, 20, Encap.Ip4)) return Verdict.drop("no room");
    if (kind === 1 && !pkt.insert(14, 20, Encap.Ip4)) return Verdict.drop("no room");
    if (kind === 2 && !pkt.insert(14, 36)) return Verdict.drop("no room");
    if (kind === 3 && !pkt.grow(250)) return Verdict.drop("no room");
    return pkt.remove(offset, count) ? Verdict.Pass : Verdict.drop("can't");
  }
}
function* again(): Generator<Case> {
  for (const kind of [0, 1, 2, 3]) {
    for (const offset of [0, 5, 14, 30, 34, 54, 200, 256]) {
      for (const count of [0, 1, 8, 20, 40, 256, 300]) {
        const bytes = packet(
          Ethernet.of({ etherType: 0x0800 }),
          Uint8Array.of(0x45, kind, offset >> 8, offset & 0xff, count >> 8, count & 0xff),
          new Uint8Array(400).map((_, i) => i),
        );
        yield { what: `kind ${kind}, ${count} bytes at ${offset}`, bytes };
      }
    }
  }
}
test("what was inserted is taken away again, whole, in part and more than that", async () => {
  await agree(() => new Again(), ["xdp", "ingress"], [...again()]);
});

const tagged: readonly Case[] = [
  { what: "no tag", bytes: packet(Ethernet.of(), Ipv4.of(), Udp.of()) },
  { what: "a tag", bytes: packet(Ethernet.of(), Vlan.of({ id: 10, priority: 3 }), Ipv4.of(), Udp.of()) },
  { what: "a tag that is popped", bytes: packet(Ethernet.of(), Vlan.of({ id: 7 }), Ipv4.of(), Udp.of()) },
  { what: "two tags", bytes: packet(Ethernet.of(), Vlan.of({ id: 10 }), Vlan.of({ id: 20 }), Ipv4.of(), Udp.of()) },
  { what: "two tags, one popped", bytes: packet(Ethernet.of(), Vlan.of({ id: 7 }), Vlan.of({ id: 20 }), Ipv4.of(), Udp.of()) },
];
test("tags are pushed, changed and popped alike", async () => {
  await agree(() => new Tag(), ["xdp", "ingress"], tagged);
});

test.run();

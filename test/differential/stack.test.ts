/** Keys and values that do not fit on a program's stack of 512 bytes. */
import { array, bits, hashMap, net, Pipeline, struct, u8, u16, u32, u48, u64, Verdict, type XdpPacket } from "datapath";
import { Ethernet, Ipv4, Udp } from "datapath/headers";
import { both, packet } from "datapath/testing";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compileLive } from "../../codegen/compile.js";

class Large extends struct({ words: array(u64, 60), bytes: array(u8, 64), length: u32 }) {}

class Storing extends Pipeline {
  readonly seen = hashMap(u32, Large, { maxEntries: 16 });

  override xdp(pkt: XdpPacket): Verdict {
    const eth = pkt.at(0, Ethernet);
    if (!eth) return Verdict.Pass;
    if (!this.seen.set(eth.etherType, { length: pkt.length })) return Verdict.drop("full");
    const entry = this.seen.get(eth.etherType);
    return entry && entry.length > 60 ? Verdict.Reflect : Verdict.Pass;
  }
}

test("a value larger than the stack is built in a per-CPU map, and stored the same", async () => {
  const long = await both(() => new Storing(), "xdp", packet(Ethernet.of(), Ipv4.of(), Udp.of(), new Uint8Array(40)));
  assert.is(long.verdict, Verdict.Reflect);
  const short = await both(() => new Storing(), "xdp", packet(Ethernet.of(), Ipv4.of(), Udp.of()));
  assert.is(short.verdict, Verdict.Pass);
});

test("a small key stays on the stack", async () => {
  class Small extends Pipeline {
    readonly seen = hashMap(u32, u64, { maxEntries: 16 });
    override xdp(pkt: XdpPacket): Verdict {
      return this.seen.has(pkt.length) ? Verdict.drop("seen") : Verdict.Pass;
    }
  }
  const { bundle } = await compileLive(new Small());
  assert.ok(bundle);
  assert.not.match(bundle?.code ?? "", "_scratch");
});

/** 48 bits in network order at an address of the stack that is a multiple of 2 alone, constant and by element. */
class Halves extends struct({ first: u16, mac: net(u48), list: array(net(u48), 3), last: u32 }) {}

test("48 bits at any even address of the stack", async () => {
  class Pair extends Pipeline {
    readonly seen = hashMap(u32, Halves, { maxEntries: 16 });
    override xdp(pkt: XdpPacket): Verdict {
      const eth = pkt.at(0, Ethernet);
      if (!eth) return Verdict.Pass;
      const made = new Halves();
      made.mac = eth.src;
      made.list[1] = eth.dst;
      made.list[pkt.length & 1] = eth.src;
      made.last = u32(made.list[pkt.length % 3]);
      return this.seen.set(1, made) ? Verdict.Pass : Verdict.drop("full");
    }
  }
  await both(() => new Pair(), "xdp", packet(Ethernet.of({ src: 0x1122_3344_5566, dst: 0x778899aabbcc }), Ipv4.of(), Udp.of()));
  await both(() => new Pair(), "xdp", packet(Ethernet.of({ src: 0x1122_3344_5566 }), Ipv4.of(), Udp.of(), new Uint8Array(1)));
});

test("a field of bits that fills an unaligned container", async () => {
  class Odd extends struct({ flag: u8, whole: bits(16), part: bits(4), rest: bits(12) }) {}
  class Packed extends Pipeline {
    readonly seen = hashMap(u32, Odd, { maxEntries: 16 });
    override xdp(pkt: XdpPacket): Verdict {
      return this.seen.set(1, { flag: 1, whole: u16(pkt.length), part: 9, rest: pkt.length & 0xfff }) ? Verdict.Pass : Verdict.drop("full");
    }
  }
  await both(() => new Packed(), "xdp", packet(Ethernet.of(), Ipv4.of(), Udp.of()));
});

test.run();

// test: timeout 400
/** Fields of every sort, params, settings, values of the target, time and verdicts: the same in the kernel. */
import { test } from "uvu";
import { Ethernet, Ipv4, Udp } from "../../dsl/headers/index.js";
import {
  array,
  atomic,
  Block,
  bits,
  bool,
  flag,
  flags,
  fold16,
  fromTarget,
  hashMap,
  header,
  isMulticast,
  max,
  min,
  net,
  now,
  nowCoarse,
  overlay,
  type Packet,
  Pipeline,
  param,
  prefixOf,
  random,
  scratch,
  setting,
  struct,
  type TcPacket,
  u8,
  u16,
  u32,
  u48,
  u64,
  u128,
  Verdict,
  type XdpPacket,
} from "../../dsl/index.js";
import { packet } from "../../testing/packet.js";
import { agree, type Case } from "./agree.js";
import { frames } from "./frames.js";

class Pair extends struct({ a: u8, b: u32 }) {
  get sum(): number {
    return this.a + this.b;
  }
}
class Everything extends struct({
  small: u8,
  address: u48,
  wide: u128,
  network: net(u48),
  high: bits(5),
  middle: flag,
  low: bits(10),
  marks: flags("a", "b", "c", "d", "e", "f", "g", "h"),
  on: bool,
  list: array(u16, 5),
  pair: Pair,
  either: overlay({ word: u32, halves: array(u16, 2) }),
  shared: atomic(u32),
  shared64: atomic(u64),
}) {}

class Option extends header(
  "Option",
  { kind: bits(4), more: flag, value: bits(11), label: bits(24), last: u8 },
  { length: o => 6 + o.kind * 2 },
) {}

class Fields extends Pipeline {
  readonly all = hashMap(u32, Everything, { maxEntries: 2 });
  readonly work = scratch(Everything);

  override xdp(pkt: XdpPacket): Verdict {
    const entry = this.all.getOrInsert(1, {
      small: 1,
      address: 0xffff_ffff_ffff,
      wide: 1n << 127n,
      network: 0x0102_0304_0506,
      high: 31,
      middle: true,
      low: 1023,
      on: false,
    });
    if (!entry) return Verdict.drop("full");
    const eth = pkt.at(0, Ethernet);
    if (!eth) return Verdict.drop("runt");
    entry.address = eth.src;
    entry.network = eth.dst;
    entry.wide = entry.wide ^ (u128(eth.src) << 64n) ^ 5n;
    entry.high = eth.etherType % 32;
    entry.middle = isMulticast(eth.dst);
    entry.low = (entry.low + 1) % 1024;
    entry.marks.c = entry.middle;
    entry.marks.h = !entry.marks.h;
    entry.on = entry.marks.value % 2 === 1;
    for (const [i, before] of [3, 1, 4, 1, 5].entries()) entry.list[i] = (before * pkt.length) % 65_536;
    entry.list[pkt.length % 5] = 7;
    entry.pair.a = entry.small;
    entry.pair.b = entry.pair.sum % 1000;
    entry.either.word = 0x1234_5678;
    entry.either.halves[1] = entry.list[0];
    entry.shared.add(3);
    const seen = entry.shared64.load();
    entry.shared64.compareExchange(seen, u64(seen + BigInt(pkt.length)));
    this.work.small = entry.small;
    this.work.pair.a = entry.small;
    this.work.pair.b = 9;
    return this.work.pair.sum > 9 ? this.options(pkt) : Verdict.Reflect;
  }
  options(pkt: Packet): Verdict {
    const option = pkt.at(14, Option);
    if (!option) return Verdict.Pass;
    const next = pkt.after(option, Option);
    option.label = fold16(option.label + 0x1_0000);
    option.value = Math.max(option.value - 5, 0);
    option.more = !option.more;
    if (next) next.kind = Math.min(next.kind + 1, 15);
    const bytes = pkt.bytes(14, 8);
    if (bytes) {
      bytes[bytes[0] % 8] = 0xee;
      bytes[7] = bytes[pkt.length % 8];
    }
    return pkt.read(20, u16) === 0xffff ? Verdict.drop("ones") : Verdict.Pass;
  }
}

test("fields of every sort", async () => {
  const kinds = Array.from(
    { length: 16 },
    (_, kind): Case => ({
      what: `an option of kind ${kind}`,
      bytes: packet(
        Ethernet.of({ src: 3, dst: 0x0100_5e00_0001, etherType: 0x88b5 }),
        Option.of({ kind, value: kind * 100, label: 0xff_fff0 + kind }),
        new Uint8Array(40).fill(kind * 16),
      ),
    }),
  );
  await agree(() => new Fields(), ["xdp"], [...kinds, ...frames]);
});

class Seen extends struct({
  clock: u64,
  coarse: u64,
  first: u32,
  second: u32,
  mtu: u16,
  rate: u32,
  on: bool,
  address: u32,
  address6: u128,
  mac: u48,
  lesser: u64,
  greater: u64,
  prefix: u32,
}) {}
class Limits extends Block<{ start: number }> {
  readonly mtu = param(u16, this.options.start, { min: 68, max: 9000 });
  readonly rate = setting(u32, 10, { min: 1, max: 1000 });
  readonly on = param(bool, true);
}
class Surroundings extends Pipeline {
  readonly limits = new Limits({ start: 1500 });
  readonly address = fromTarget("address");
  readonly address6 = fromTarget("address6");
  readonly mac = fromTarget("mac");
  readonly seen = hashMap(u32, Seen, { maxEntries: 1 });

  override ingress(pkt: TcPacket): Verdict {
    const clock = now();
    this.seen.set(0, {
      clock,
      coarse: nowCoarse(),
      first: random(),
      second: random(),
      mtu: this.limits.mtu.value,
      rate: this.limits.rate.value,
      on: this.limits.on.value,
      address: this.address.value,
      address6: this.address6.value,
      mac: this.mac.value,
      lesser: min(clock, 500n),
      greater: max(clock, 500n),
      prefix: prefixOf(this.address.value, 24),
    });
    pkt.mark = this.limits.rate.value;
    return pkt.length > this.limits.mtu.value ? Verdict.drop("too long") : this.limits.on.value ? Verdict.Pass : Verdict.drop("off");
  }
}

test("time, random numbers, params, settings and the target's values", async () => {
  const bytes = packet(Ethernet.of(), Ipv4.of(), Udp.of(), new Uint8Array(100));
  await agree(
    () => new Surroundings(),
    ["ingress"],
    [
      { what: "nothing given", bytes },
      { what: "a clock and numbers", bytes, world: { clock: 0x7fff_ffff_ffff_ffffn, random: [1, 0xffff_ffff] } },
      { what: "params", bytes, world: { clock: 1000n, params: { "limits.mtu": 100, "limits.on": false } } },
      { what: "a setting", bytes, world: { clock: 1n, params: { "limits.rate": 999 }, random: [5] } },
      { what: "a target", bytes, world: { target: { address: 0xc000_0281, address6: (1n << 127n) + 5n, mac: 0x0200_0000_0001 } } },
    ],
  );
});

class Turning extends Pipeline {
  override xdp(pkt: XdpPacket): Verdict {
    const l = pkt.layers();
    if (l.tcp?.flags.syn) return Verdict.Reflect;
    if (l.udp?.dstPort === 53) return l.udp.srcPort === 4321 ? Verdict.drop("one port") : Verdict.drop("other ports");
    if (l.family === 0) return Verdict.drop("not IP");
    switch (l.protocol) {
      case 1:
        return Verdict.Reflect;
      case 58:
        return Verdict.drop("ICMPv6");
      default:
        return Verdict.Pass;
    }
  }
}

test("verdicts and reasons", async () => {
  await agree(() => new Turning(), ["xdp"], frames);
});

test.run();

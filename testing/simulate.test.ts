import { test } from "uvu";
import * as assert from "uvu/assert";
import { Ethernet, Ipv4, Udp } from "../dsl/headers/index.js";
import {
  Block,
  events,
  fromTarget,
  hashMap,
  now,
  type Packet,
  Pipeline,
  param,
  random,
  setting,
  struct,
  type TcPacket,
  ticks,
  u16,
  u32,
  u64,
  Verdict,
  type XdpPacket,
} from "../dsl/index.js";
import { hosting } from "./hosting.js";
import { packet } from "./packet.js";
import { simulate } from "./simulate.js";
import { randomNumbers } from "./world.js";

const frame = packet(Ethernet.of(), Ipv4.of(), Udp.of({ dstPort: 53 }));

class Seen extends struct({ clock: u64, jiffies: u64, first: u32, second: u32, address: u32 }) {}
class Probe extends Pipeline {
  readonly address = fromTarget("address");
  readonly seen = hashMap(u32, Seen, { maxEntries: 1 });
  override ingress(_pkt: TcPacket): Verdict {
    this.seen.set(0, { clock: now(), jiffies: ticks(), first: random(), second: random(), address: this.address.value });
    return Verdict.Pass;
  }
}

test("the world is what the test says: clock, jiffies, random numbers, target", () => {
  const { pipeline } = simulate(new Probe(), "ingress", frame, { clock: 8_000_001n, random: [7, 8], target: { address: 9 } });
  const seen = pipeline.seen.get(0);
  assert.equal([seen?.clock, seen?.jiffies, seen?.first, seen?.second, seen?.address], [8_000_001n, 2n, 7, 8, 9]);
});

test("random numbers that are not listed come from a fixed seed", () => {
  const first = randomNumbers({ random: [5] });
  const second = randomNumbers({});
  assert.is(first(), 5);
  const rest = [first(), first(), first()];
  assert.equal(rest, [second(), second(), second()]);
  assert.is(new Set(rest).size, 3);
  assert.throws(() => randomNumbers({ random: [-1] })(), /no 32-bit number/);
});

class Limits extends Block {
  readonly mtu = param(u16, 1500, { min: 68, max: 9000 });
  readonly rate = setting(u32, 10);
}
class Configured extends Pipeline {
  readonly limits = new Limits();
  override xdp(pkt: XdpPacket): Verdict {
    return pkt.length > this.limits.mtu.value ? Verdict.drop("too long") : Verdict.Pass;
  }
}

test("params are set by path, for one packet", () => {
  const pipeline = new Configured();
  const long = new Uint8Array(100);
  assert.is(simulate(pipeline, "xdp", long, { params: { "limits.mtu": 68 } }).reason, "too long");
  assert.is(simulate(pipeline, "xdp", long).verdict, Verdict.Pass);
  assert.throws(() => simulate(pipeline, "xdp", long, { params: { "limits.mtu": 1 } }), /limits\.mtu: 1 is outside 68 … 9000/);
  assert.throws(() => simulate(pipeline, "xdp", long, { params: { mtu: 68 } }), /no param or setting "mtu".*"limits\.mtu", "limits\.rate"/);
  assert.is(pipeline.limits.mtu.value, 1500);
});

test("maps keep what packets stored; the result has bytes also of a dropped packet", () => {
  class Counting extends Pipeline {
    readonly counts = hashMap(u32, struct({ n: u32 }), { maxEntries: 1 });
    override ingress(pkt: TcPacket): Verdict {
      const eth = pkt.at(0, Ethernet);
      if (eth) eth.src = 7;
      const entry = this.counts.getOrInsert(1, { n: 0 });
      if (entry) entry.n += 1;
      return Verdict.drop("all");
    }
  }
  const pipeline = new Counting();
  simulate(pipeline, "ingress", frame);
  const { bytes } = simulate(pipeline, "ingress", frame);
  assert.is(pipeline.counts.get(1)?.n, 2);
  assert.is(bytes[11], 7);
  assert.is(frame[11], 0);
});

test("an index that only run time knew was outside aborts the packet", () => {
  class Indexing extends Pipeline {
    override xdp(pkt: XdpPacket): Verdict {
      const bytes = pkt.bytes(14, 4);
      const at = pkt.length;
      return bytes && bytes[at] === 0 ? Verdict.Pass : Verdict.Reflect;
    }
  }
  const { verdict, reason } = simulate(new Indexing(), "xdp", frame);
  assert.is(verdict, Verdict.drop("aborted"));
  assert.is(reason, "aborted");
});

test("where a packet goes, and what tc knows of it", () => {
  class Marking extends Pipeline {
    override egress(pkt: TcPacket): Verdict {
      pkt.mark = pkt.mark + pkt.device.index;
      return Verdict.redirect(pkt.device);
    }
  }
  const result = simulate(new Marking(), "egress", frame, { device: "4", mark: 1 });
  assert.equal([result.device, result.mark], [4, 5]);
  assert.is(simulate(new Marking(), "egress", frame, { device: "lo" }).device, 1);
  assert.throws(() => simulate(new Marking(), "egress", frame, { device: "no-such-device" }), /there is no device "no-such-device"/);
});

test("events carry the packet as it is when they are sent, without the outermost tag", () => {
  class Telling extends Pipeline {
    readonly hits = events(struct({ n: u32 }), { bytes: 16 });
    override ingress(pkt: TcPacket): Verdict {
      const eth = pkt.at(0, Ethernet);
      if (eth) eth.dst = 0x0102_0304_0506;
      this.hits.emit({ n: 1 }, { bytes: 16 });
      return Verdict.Pass;
    }
  }
  const { pipeline } = simulate(new Telling(), "ingress", frame);
  const [hit] = pipeline.hits.take();
  assert.equal([...(hit?.packet.subarray(0, 6) ?? [])], [1, 2, 3, 4, 5, 6]);
});

test("wrong calls say what is wrong", () => {
  assert.throws(() => simulate(new Configured(), "xdp", new Uint8Array(3)), /3 bytes: the kernel hands over none below 14/);
  // @ts-expect-error Configured has no egress
  assert.throws(() => simulate(new Configured(), "egress", frame), /Configured has no hook egress/);
});

test("a block alone is on every hook; what it has nothing to say of passes", () => {
  class Dropper extends Block<{ port: number }> {
    handle(pkt: Packet): Verdict | undefined {
      return pkt.layers().destinationPort === this.options.port ? Verdict.drop("port") : undefined;
    }
  }
  const alone = hosting(
    () => new Dropper({ port: 53 }),
    (block, pkt) => block.handle(pkt),
  );
  for (const hook of ["xdp", "ingress", "egress"] as const) {
    assert.is(simulate(alone(), hook, frame).reason, "port");
    assert.is(simulate(alone(), hook, packet(Ethernet.of())).verdict, Verdict.Pass);
  }
  assert.is(alone().block.options.port, 53);
});

test.run();

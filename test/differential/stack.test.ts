/** Keys and values that do not fit on a program's stack of 512 bytes. */
import { array, hashMap, Pipeline, struct, u8, u32, u64, Verdict, type XdpPacket } from "datapath";
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

test.run();

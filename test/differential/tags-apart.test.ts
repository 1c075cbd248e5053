// test: timeout 200
/** Programs that look for a tag only where a packet is not plain IPv4, and end soon where it has one. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compileLive } from "../../codegen/compile.js";
import { EtherType } from "../../dsl/headers/index.js";
import { counter, Pipeline, u8, u16, Verdict, type XdpPacket } from "../../dsl/index.js";
import { agree } from "./agree.js";
import { cutFrames } from "./frames.js";

/** As Conntrack asks: what is IP and was left out is malformed, what is not IP passes. */
class Malformed extends Pipeline {
  readonly passed = counter();
  override xdp(pkt: XdpPacket): Verdict {
    const layers = pkt.layers({ families: [4], vlan: false, fragments: false, extensions: false });
    if (layers.family === 4) {
      layers.rewrite({ ttl: 9, source: 0x0102_0304 });
      return this.further(pkt);
    }
    const etherType = pkt.read(layers.networkOffset - 2, u16);
    if (etherType === EtherType.Ipv4) return Verdict.drop("malformed");
    if (etherType !== EtherType.Ipv6) return Verdict.Pass;
    this.passed.add(pkt);
    return Verdict.Pass;
  }
  further(_pkt: XdpPacket): Verdict {
    return Verdict.Reflect;
  }
}
/** The frame begins elsewhere afterwards. */
class Moved extends Malformed {
  override further(pkt: XdpPacket): Verdict {
    if (!pkt.insert(14, 4)) return Verdict.drop("no room");
    return pkt.write(16, u8, 7) && pkt.trim(30) ? Verdict.Reflect : Verdict.drop("cut");
  }
}

for (const [what, make] of [
  ["rewritten", () => new Malformed()],
  ["moved", () => new Moved()],
] as const) {
  test(`tagged packets end apart, others are ${what}: the same in Node and in the kernel`, async () => {
    const { bundle } = await compileLive(make());
    assert.match(bundle?.code ?? "", /ether_type_ != 0x0008 &&/);
    await agree(make, ["xdp"], [...cutFrames(3)]);
  });
}

test.run();

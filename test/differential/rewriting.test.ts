// test: timeout 400
import { test } from "uvu";
import { type Packet, Pipeline, type TcPacket, u8, u16, u32, Verdict, type XdpPacket } from "../../dsl/index.js";
import { agree } from "./agree.js";
import { cutFrames } from "./frames.js";

class Both extends Pipeline {
  change(_pkt: Packet): Verdict {
    return Verdict.Pass;
  }
  override xdp(pkt: XdpPacket): Verdict {
    return this.change(pkt);
  }
  override ingress(pkt: TcPacket): Verdict {
    return this.change(pkt);
  }
}
class Nat extends Both {
  override change(pkt: Packet): Verdict {
    const l = pkt.layers();
    if (l.family === 0) return Verdict.Pass;
    if (l.family === 4)
      l.rewrite({ source: 0x0102_0304, destination: 0xffff_ffff, sourcePort: 1, destinationPort: 65_535, identifier: 9, ttl: 3, dscp: 46 });
    else l.rewrite({ source: 1n, destination: (1n << 128n) - 1n, sourcePort: 1, destinationPort: 65_535, identifier: 9, ttl: 3, dscp: 46 });
    return Verdict.Pass;
  }
}
class Partly extends Both {
  override change(pkt: Packet): Verdict {
    const l = pkt.layers();
    if (l.family === 4) {
      l.rewrite({ destinationPort: l.sourcePort });
      l.rewrite({ source: l.destination });
      l.rewrite({ ttl: 200 });
    }
    if (l.family === 6) {
      l.rewrite({ destination: l.source });
      l.rewrite({ dscp: 1 });
    }
    return Verdict.Pass;
  }
}
class Payload extends Both {
  override change(pkt: Packet): Verdict {
    const l = pkt.layers();
    l.write(l.payloadOffset, u16, 0x1234);
    l.write(l.payloadOffset + 1, u16, 0x5678);
    l.write(l.payloadOffset + 3, u8, 0x9a);
    return Verdict.Pass;
  }
}
class Settled extends Both {
  override change(pkt: Packet): Verdict {
    const l = pkt.layers();
    const at = l.payloadOffset;
    let sum = l.store(at, u16, 0x1234) + l.store(at + 1, u32, 0xffff_fffe);
    if (l.protocol === 6) sum += l.store(at + 5, u8, 0x9a);
    l.settle(sum);
    return Verdict.Pass;
  }
}

for (const [what, make] of [
  ["addresses, ports, TTL and DSCP at once", () => new Nat()],
  ["one after another", () => new Partly()],
  ["payload, at even and odd places", () => new Payload()],
  ["payload, with one checksum for all", () => new Settled()],
] as const) {
  test(`rewriting gives the same bytes in the kernel: ${what}`, async () => {
    await agree(make, ["xdp", "ingress"], [...cutFrames(7)]);
  });
}

test.run();

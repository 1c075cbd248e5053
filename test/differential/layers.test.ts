// test: timeout 400
import { test } from "uvu";
import { Ethernet, Ipv4, Udp } from "../../dsl/headers/index.js";
import {
  addressKey,
  hashMap,
  type LayersOptions,
  type Packet,
  Pipeline,
  struct,
  type TcPacket,
  u8,
  u16,
  u32,
  u128,
  Verdict,
  type XdpPacket,
} from "../../dsl/index.js";
import { packet } from "../../testing/packet.js";
import { agree } from "./agree.js";
import { cutFrames } from "./frames.js";

class Seen extends struct({
  family: u8,
  protocol: u8,
  fragment: u8,
  tcp: u8,
  udp: u8,
  icmp: u8,
  icmpv6: u8,
  sctp: u8,
  networkOffset: u16,
  transportOffset: u16,
  payloadOffset: u16,
  sourcePort: u16,
  destinationPort: u16,
  extra: u32,
  source: u128,
  destination: u128,
}) {}

class Watch extends Pipeline {
  readonly options: LayersOptions = {};
  readonly seen = hashMap(u32, Seen, { maxEntries: 2 });

  look(pkt: Packet): Verdict {
    const l = pkt.layers(this.options);
    let source = 0n;
    let destination = 0n;
    let extra = 0;
    if (l.family !== 0) {
      const key = addressKey(l);
      source = key.source;
      destination = key.destination;
      extra = l.family === 4 ? l.ip.ttl : l.ip.flowLabel;
    }
    this.seen.set(0, {
      family: l.family,
      protocol: l.protocol,
      fragment: l.fragment,
      tcp: l.tcp ? u8(l.tcp.flags.value) : 0,
      udp: l.udp ? 1 : 0,
      icmp: l.icmp ? l.icmp.type : 0,
      icmpv6: l.icmpv6 ? l.icmpv6.type : 0,
      sctp: l.sctp ? 1 : 0,
      networkOffset: l.networkOffset,
      transportOffset: l.transportOffset,
      payloadOffset: l.payloadOffset,
      sourcePort: l.sourcePort,
      destinationPort: l.destinationPort,
      extra,
      source,
      destination,
    });
    return l.family === 0 ? Verdict.drop("other") : Verdict.Pass;
  }
  override xdp(pkt: XdpPacket): Verdict {
    return this.look(pkt);
  }
  override ingress(pkt: TcPacket): Verdict {
    return this.look(pkt);
  }
}

class Simple extends Watch {
  override readonly options: LayersOptions = { vlan: false, fragments: false, extensions: false };
}
class WithoutExtensions extends Watch {
  override readonly options: LayersOptions = { families: [6], extensions: false };
}

test("what options leave out is left out in the kernel too", async () => {
  const frames = [...cutFrames(7)];
  await agree(() => new Simple(), ["xdp", "ingress"], frames);
  await agree(() => new WithoutExtensions(), ["xdp"], frames);
});

test("layers are the same in the kernel, of whole frames and of frames cut anywhere", async () => {
  await agree(() => new Watch(), ["xdp", "ingress"], [...cutFrames(1)]);
});

/** Parses on one path, changes what was parsed, and parses again where the paths meet. */
class ParsesTwice extends Pipeline {
  readonly seen = hashMap(u32, u32, { maxEntries: 4 });

  override xdp(pkt: XdpPacket): Verdict {
    const first = pkt.read(20, u8);
    if (first === undefined) return Verdict.Pass;
    if (first % 2 === 0) {
      const layers = pkt.layers();
      if (layers.family === 4) {
        layers.rewrite({ ttl: 9 });
        this.seen.set(0, pkt.layers().family);
        layers.ip.version = 7;
      }
    }
    this.seen.set(1, pkt.layers().family);
    if (!pkt.write(14, u8, 0x45)) return Verdict.Pass;
    this.seen.set(2, pkt.layers().family);
    return Verdict.Pass;
  }
}

test("a parse that was made on one path, and what was written since", async () => {
  const cases = [0, 1].map(odd => {
    const bytes = packet(Ethernet.of(), Ipv4.of(), Udp.of());
    bytes[20] = odd;
    return { what: odd ? "the path without a parse" : "the path with one", bytes };
  });
  await agree(() => new ParsesTwice(), ["xdp"], cases);
});

test.run();

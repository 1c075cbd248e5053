// test: timeout 200
/** A table of cases, as a block's author writes it. `rows` makes the tests; what they show is how a table behaves. */
import { Ethernet, Ipv4, Tcp, Udp } from "../dsl/headers/index.js";
import {
  Block,
  bits,
  flag,
  hashMap,
  header,
  type Packet,
  Pipeline,
  struct,
  type TcPacket,
  u8,
  u16,
  u32,
  u64,
  Verdict,
} from "../dsl/index.js";
import { packet } from "./packet.js";
import { rows } from "./rows.js";

class Gtp extends header(
  "Gtp",
  { version: bits(3), protocolType: flag, spare: flag, extension: flag, sequence: flag, pdu: flag, type: u8, length: u16, tunnel: u32 },
  { length: h => (h.extension || h.sequence || h.pdu ? 12 : 8) },
) {
  get isData(): boolean {
    return this.version === 1 && this.type === 255;
  }
}
class Bearer extends struct({ packets: u64, bytes: u64 }) {}

class Decap extends Block {
  readonly tunnels = hashMap(u32, Bearer, { maxEntries: 100 });

  handle(pkt: Packet): Verdict | undefined {
    const l = pkt.layers();
    if (l.family === 0 || !l.udp || l.udp.dstPort !== 2152) return undefined;
    const gtp = pkt.after(l.udp, Gtp);
    if (!gtp?.isData) return undefined;
    const bearer = this.tunnels.get(gtp.tunnel);
    if (!bearer) return Verdict.drop("unknown tunnel");
    if (bearer.packets >= 2n) return Verdict.drop("quota");
    bearer.packets += 1n;
    bearer.bytes += BigInt(pkt.length);
    const inner = pkt.endOf(gtp);
    return pkt.remove(14, inner - 14) ? undefined : Verdict.drop("no room");
  }
}
class Upf extends Pipeline {
  readonly gtp = new Decap();
  constructor() {
    super();
    this.gtp.tunnels.set(7, { packets: 0n, bytes: 0n });
  }
  override ingress(pkt: TcPacket): Verdict {
    return this.gtp.handle(pkt) ?? Verdict.Pass;
  }
}

const inner = [Ipv4.of({ src: 1, dst: 2 }), Tcp.of({ dstPort: 80, flags: { syn: true } })];
const tunnelled = (tunnel: number): Uint8Array => packet(Ethernet.of(), Ipv4.of(), Udp.of(), Gtp.of({ tunnel }), ...inner);

rows(() => new Upf(), "ingress", {
  "a known tunnel is opened": { in: tunnelled(7), verdict: Verdict.Pass, out: packet(Ethernet.of(), ...inner) },
  "an unknown tunnel is dropped": { in: tunnelled(9), verdict: Verdict.drop("unknown tunnel") },
  "rows share their maps: the second packet of the tunnel passes too": { in: tunnelled(7), verdict: Verdict.Pass },
  "and the third does not": { in: tunnelled(7), verdict: Verdict.drop("quota") },
  "other UDP is left alone": { in: packet(Ethernet.of(), Ipv4.of(), Udp.of({ dstPort: 53 })), verdict: Verdict.Pass },
});

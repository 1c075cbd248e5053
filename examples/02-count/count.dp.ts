/** Counts packets and bytes by IP protocol; each CPU counts for itself, and user space reads the sums. */
import { type Packet, Pipeline, perCpuArrayMap, struct, type TcPacket, u64, Verdict } from "datapath";

export class Seen extends struct({ packets: u64, bytes: u64 }) {}

export default class Count extends Pipeline {
  readonly received = perCpuArrayMap(Seen, 256);
  readonly sent = perCpuArrayMap(Seen, 256);

  override ingress(pkt: TcPacket): Verdict {
    const protocol = protocolOf(pkt);
    if (protocol === undefined) return Verdict.Pass;
    const seen = this.received.at(protocol);
    seen.packets = u64(seen.packets + 1n);
    seen.bytes = u64(seen.bytes + BigInt(pkt.length));
    return Verdict.Pass;
  }

  override egress(pkt: TcPacket): Verdict {
    const protocol = protocolOf(pkt);
    if (protocol === undefined) return Verdict.Pass;
    const seen = this.sent.at(protocol);
    seen.packets = u64(seen.packets + 1n);
    seen.bytes = u64(seen.bytes + BigInt(pkt.length));
    return Verdict.Pass;
  }
}

/** The transport protocol's number, behind any extension headers; undefined for what is not IP. */
function protocolOf(pkt: Packet): number | undefined {
  const layers = pkt.layers();
  return layers.family === 0 ? undefined : layers.protocol;
}

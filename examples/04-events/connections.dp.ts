/** Tells user space of every TCP connection that someone tries to open, with the packet's first bytes. */
import { events, Pipeline, struct, type TcPacket, u16, u32, Verdict } from "datapath";

export class Attempt extends struct({ source: u32, destination: u32, sourcePort: u16, destinationPort: u16 }) {}

/** Ethernet, IPv4 and TCP without options. */
const headers = 54;

export default class Connections extends Pipeline {
  readonly attempts = events(Attempt, { bytes: headers });

  override ingress(pkt: TcPacket): Verdict {
    const layers = pkt.layers();
    if (layers.family !== 4 || !layers.tcp) return Verdict.Pass;
    if (!layers.tcp.flags.syn || layers.tcp.flags.ack) return Verdict.Pass;
    // False when the ring is full: the event is lost, the packet is not.
    this.attempts.emit(
      {
        source: layers.source,
        destination: layers.destination,
        sourcePort: layers.tcp.srcPort,
        destinationPort: layers.tcp.dstPort,
      },
      { bytes: headers },
    );
    return Verdict.Pass;
  }
}

/**
 * Keeps the state of every TCP connection over IPv4, and drops packets of connections that were never seen to begin.
 * What is behind this device may open connections; so may others, to it.
 */
import { lruHashMap, net, now, Pipeline, struct, type TcPacket, u8, u16, u32, u64, Verdict } from "datapath";
import type { Tcp } from "datapath/headers";

/** RFC 9293, section 3.3.2, as far as one in the middle can tell. */
export const State = { Opening: 1, Open: 2, Closing: 3, Closed: 4 } as const;

/** Both directions of a connection find one entry: what is here stands first. */
export class Connection extends struct({ here: net(u32), there: net(u32), herePort: net(u16), therePort: net(u16) }) {}
export class Flow extends struct({ seen: u64, packets: u64, state: u8 }) {}

export default class TcpState extends Pipeline {
  readonly flows = lruHashMap(Connection, Flow, { maxEntries: 65_536 });

  override ingress(pkt: TcPacket): Verdict {
    const layers = pkt.layers();
    if (layers.family !== 4 || !layers.tcp) return Verdict.Pass;
    const { tcp } = layers;
    return this.follow({ here: layers.destination, there: layers.source, herePort: tcp.dstPort, therePort: tcp.srcPort }, tcp);
  }

  override egress(pkt: TcPacket): Verdict {
    const layers = pkt.layers();
    if (layers.family !== 4 || !layers.tcp) return Verdict.Pass;
    const { tcp } = layers;
    return this.follow({ here: layers.source, there: layers.destination, herePort: tcp.srcPort, therePort: tcp.dstPort }, tcp);
  }

  private follow(connection: { here: u32; there: u32; herePort: u16; therePort: u16 }, tcp: Tcp): Verdict {
    const { syn, ack, fin, rst } = tcp.flags;
    const flow = this.flows.get(connection);
    if (!flow) {
      if (!syn || ack) return Verdict.drop("no connection");
      this.flows.set(connection, { seen: now(), packets: 1n, state: State.Opening });
      return Verdict.Pass;
    }
    flow.seen = now();
    flow.packets += 1n;
    if (rst) flow.state = State.Closed;
    else if (fin) flow.state = State.Closing;
    else if (syn && ack) flow.state = State.Open;
    else if (syn) flow.state = State.Opening;
    return Verdict.Pass;
  }
}

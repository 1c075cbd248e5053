/** Lets so many packets a second in from each IPv4 source; the limit is a setting, changed while it runs. */
import { lruHashMap, now, Pipeline, SECOND, setting, struct, u32, u64, Verdict, type XdpPacket } from "datapath";

/** A source's second: when it began, and what came since. */
export class Second extends struct({ began: u64, packets: u32 }) {}

export default class Limit extends Pipeline {
  /** packets a second from one source */
  readonly rate = setting(u32, 1000, { min: 1, max: 1_000_000 });
  readonly sources = lruHashMap(u32, Second, { maxEntries: 100_000 });

  override xdp(pkt: XdpPacket): Verdict {
    const layers = pkt.layers();
    if (layers.family !== 4) return Verdict.Pass;

    const time = now();
    const second = this.sources.getOrInsert(layers.source, { began: time, packets: 0 });
    if (!second) return Verdict.Pass;
    const began = second.began;
    // Another CPU may have begun the next second just now: then its time is ahead of ours.
    if (time > began && time - began > SECOND) {
      second.began = time;
      second.packets = 1;
      return Verdict.Pass;
    }
    second.packets += 1;
    return second.packets > this.rate.value ? Verdict.drop("over the rate") : Verdict.Pass;
  }
}

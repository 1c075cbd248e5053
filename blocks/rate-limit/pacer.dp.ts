import { counter, now, type Packet, SECOND, type TcPacket, u64, Verdict } from "datapath";
import { type Charge, Taken } from "./buckets.dp.js";
import { Limiter } from "./limiter.dp.js";
import { horizonOf, type PacerOptions } from "./options.js";

/**
 * Spaces packets out instead of dropping them: gives each an earliest departure time, which the queueing discipline `fq`
 * keeps (`tc qdisc replace dev eth0 root fq`; others ignore it). For `egress`. A packet that would wait longer than
 * the horizon is dropped.
 * @throws RangeError that names the option, its value and what is allowed
 * @example
 * readonly pacer = new Pacer({ key: "destination", unit: "bytes", rate: 12_500_000 });
 * // in egress
 * const late = this.pacer.pace(pkt);
 * if (late) return late;
 */
export class Pacer extends Limiter<PacerOptions> {
  /** Packets and bytes that were made to wait. */
  readonly delayed = counter();
  private readonly horizon = horizonOf(this.options);

  /** Sets `pkt.departure`; a drop where that would be behind the horizon. */
  pace(pkt: TcPacket): Verdict | undefined {
    const found = this.takeFor(pkt);
    if (found.taken === Taken.Unlimited) return undefined;
    if (found.taken === Taken.Over) return Verdict.drop("behind the horizon");
    if (found.taken === Taken.None) return this.plan.full === "drop" ? Verdict.drop("no room for a rate") : undefined;
    // TCP's own pacing may have said later.
    if (found.start > pkt.departure) pkt.departure = found.start;
    if (found.start > found.time) this.delayed.add(pkt);
    return undefined;
  }

  protected override charge(pkt: Packet): Charge {
    const cost = this.costOf(pkt, SECOND);
    return { time: now(), cost, tolerance: u64(this.horizon + cost) };
  }
}

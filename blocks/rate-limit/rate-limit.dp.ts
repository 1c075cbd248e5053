import { counter, now, type Packet, SECOND, setting, type TcPacket, TICKS_PER_SECOND, ticks, u32, u64, Verdict } from "datapath";
import { type Charge, Taken } from "./buckets.dp.js";
import { Limiter } from "./limiter.dp.js";
import { burstOf, clockOf, MAX_COUNT, type RateLimitOptions } from "./options.js";

/** A tick is cut into 2^20 parts, so that the cost of a packet is a whole number of them: 1 to 10 nanoseconds each. */
const TICK_BITS = 20n;
const TICK = 1n << TICK_BITS;

/**
 * Lets so many packets or bytes a second through, by source, destination, port, flow, or what a function says, with a
 * burst (a token bucket, kept as GCRA's one number). Rate and burst are settings: `dp set limit.rate 200`.
 * @throws RangeError that names the option, its value and what is allowed
 * @example
 * readonly limit = new RateLimit({ key: "source", rate: 1000, burst: 200 });
 * // in a hook
 * const over = this.limit.check(pkt);
 * if (over) return over;
 */
export class RateLimit extends Limiter<RateLimitOptions> {
  /** What may come at once, in the option's `unit`. */
  readonly burst = setting(u32, burstOf(this.options), { min: 1, max: MAX_COUNT });
  /** Packets and bytes that `mark` found over the rate; those that `check` drops are counted by reason. */
  readonly marked = counter();
  private readonly clock = clockOf(this.options);

  /** A drop where the packet is over the rate; undefined where it is within, or is not limited at all. */
  check(pkt: Packet): Verdict | undefined {
    const { taken } = this.takeFor(pkt);
    if (taken === Taken.Over) return Verdict.drop("over the rate");
    if (taken === Taken.None && this.plan.full === "drop") return Verdict.drop("no room for a rate");
    return undefined;
  }

  /** Marks a packet that is over the rate, for queueing or `ip rule`, and lets it go on; tc only. */
  mark(pkt: TcPacket, mark: u32): void {
    const { taken } = this.takeFor(pkt);
    if (taken === Taken.Over || (taken === Taken.None && this.plan.full === "drop")) {
      pkt.mark = mark;
      this.marked.add(pkt);
    }
  }

  protected override charge(pkt: Packet): Charge {
    const precise = this.clock === "precise";
    const second = precise ? SECOND : BigInt(TICKS_PER_SECOND.value) * TICK;
    const cost = this.costOf(pkt, second);
    const wanted =
      this.plan.unit === "packets" ? cost * BigInt(this.burst.value) : (second * BigInt(this.burst.value)) / BigInt(this.rate.value);
    if (precise) return { time: now(), cost, tolerance: wanted };
    // What flows in during a tick must fit, or it is lost and the rate is not reached.
    const least = TICK + cost;
    return { time: u64(ticks() * TICK), cost, tolerance: wanted > least ? wanted : least };
  }
}

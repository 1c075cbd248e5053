/** How many flows one source may begin in a time: so many places of the table, and no more, are one sender's to take. */
import { Block, type IpLayers, lruHashMap, struct, TICKS_PER_SECOND, ticks, u32, u64 } from "datapath";
import type { PerSource } from "./options.js";

/** An IPv4 address, or the first 64 bits of an IPv6 address: what is behind them is one subscriber's to choose (RFC 4291 section 2.5.1). */
export class FlowSource extends struct({ network: u64, family: u32, zero: u32 }) {}
/** What a source began since a time, in ticks. */
export class Begun extends struct({ since: u32, flows: u32 }) {}

export class SourceLimit extends Block<PerSource> {
  /** Sources that began flows lately; those that began none for longest give way. */
  readonly sources = lruHashMap(FlowSource, Begun, { maxEntries: this.options.maxSources ?? 65_536 });
  private readonly flows = this.options.flows;
  private readonly seconds = this.options.seconds;

  /** Whether the packet's source may begin no flow now; nothing is counted. */
  isSpent(layers: IpLayers): boolean {
    const begun = this.sources.get(sourceOf(layers));
    if (!begun) return false;
    return !this.isOver(begun.since) && begun.flows >= this.flows;
  }

  /** Counts a flow that is begun. */
  count(layers: IpLayers): void {
    const source = sourceOf(layers);
    const begun = this.sources.get(source);
    if (!begun) {
      this.sources.set(source, { since: u32(ticks()), flows: 1 });
      return;
    }
    if (this.isOver(begun.since)) {
      begun.since = u32(ticks());
      begun.flows = 1;
    } else begun.flows += 1;
  }

  private isOver(since: u32): boolean {
    return u32(u32(ticks()) - since) >= this.seconds * TICKS_PER_SECOND.value;
  }
}

function sourceOf(layers: IpLayers): { network: u64; family: u32; zero: u32 } {
  if (layers.family === 4) return { network: u64(BigInt(layers.source)), family: 4, zero: 0 };
  return { network: u64(layers.source >> 64n), family: 6, zero: 0 };
}

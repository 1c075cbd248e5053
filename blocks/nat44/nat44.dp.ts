import { events, type Ipv4Layers, NewFlow4, struct, Translating, tupleOf4, u8, u16, u32, type Verdict } from "datapath";
import type { Tracked } from "../conntrack/tracked.js";
import { holds4 } from "../shared/addresses.js";
import { type Mapped, mapped } from "../shared/mapped.js";
import { refusalOf, Translator } from "../shared/translator.dp.js";
import { type Masquerade, masqueradeOf, type Nat44Options } from "./options.js";

/** A new flow for which no port was left. */
export class Exhausted extends struct({ source: u32, destination: u32, sourcePort: u16, destinationPort: u16, protocol: u8 }) {}

/**
 * Masquerades (RFC 3022 traditional NAT): what stations of the inside send to others leaves with one address; the source
 * port, or an echo's identifier, stays where it is free and is another one else. Replies, and ICMP errors about such flows,
 * are translated back.
 * @throws RangeError for options that are out of range
 * @example
 * readonly nat = new Nat44({ flows: this.flows, inside: ["10.0.0.0/8"], address: ipv4("192.0.2.1") });
 */
export class Nat44 extends Translator<Nat44Options> {
  private readonly masquerade: Masquerade = this.prepare();
  /** Flows that were refused, with the option `report`. */
  readonly exhausted = events(Exhausted);

  /** Chooses the translation of a new flow from the inside; before `Conntrack.commit`. Known flows have theirs. */
  map(packet: { readonly tracked: Tracked }): Mapped | Verdict {
    const { tracked } = packet;
    const { flow, layers } = tracked;
    if (flow instanceof NewFlow4 && layers.family === 4) {
      const refused = this.begin(layers, flow);
      if (refused) return refused;
    }
    return mapped(tracked);
  }

  private begin(layers: Ipv4Layers, flow: NewFlow4): Verdict | undefined {
    const { inside, near, address, ports } = this.masquerade;
    const { source, destination, protocol } = layers;
    // Another block has translated the flow already.
    if (flow.entry.becomes4.source !== 0) return undefined;
    if (!holds4(inside, source) || holds4(near, destination)) return undefined;
    const { sourcePort, destinationPort } = tupleOf4(layers);
    const to = { source: address.value, destination, sourcePort, destinationPort, protocol };
    const outcome = this.options.flows.translate4(flow, to, ports);
    if (this.options.report === true && outcome === Translating.NoPort)
      this.exhausted.emit({ source, destination, sourcePort, destinationPort, protocol });
    return refusalOf(outcome);
  }

  private prepare(): Masquerade {
    this.options.flows.translates();
    return masqueradeOf(this.options);
  }
}

/** What blocks that translate addresses have in common: how a translation is chosen, and how packets are rewritten by it. */
import {
  Block,
  type Flows,
  type Ipv4Layers,
  type Ipv6Layers,
  NewFlow4,
  NewFlow6,
  type Packet,
  StoredFlow4,
  StoredFlow6,
  Translating,
  type Translation4,
  type Translation6,
  type u8,
  Verdict,
} from "datapath";
import { IcmpType } from "datapath/headers";
import type { Mapped } from "./mapped.js";

/** What every block that translates is made with. */
export interface TranslatorOptions {
  /** the table of flows, the same that Conntrack has */
  readonly flows: Flows;
  /**
   * `true` for hooks that forward by themselves (XDP with `Verdict.route()`): the TTL or hop limit goes down by one, and a
   * packet that may go no further is left to the stack, which answers it. On tc the stack forwards and sees to both.
   */
  readonly forwards?: boolean;
}

/** What a new flow is refused for that could not be translated: one of `Translating`. Ports may be free where the table is full. */
export function refusalOf(outcome: u8): Verdict | undefined {
  if (outcome === Translating.Done) return undefined;
  if (outcome === Translating.Full) return Verdict.drop("flow table full");
  return Verdict.drop("no port left");
}

/** A block whose flows are translated: one rewriting for the flows of all such blocks in a pipeline. */
export abstract class Translator<Options extends TranslatorOptions> extends Block<Options> {
  /**
   * Translates a packet of a flow that is translated, and an ICMP error about one; every other packet stays as it is.
   * After `Conntrack.commit`, and once for a packet, whichever block chose the translation.
   * @returns a verdict for what cannot be handed on, undefined for all else
   */
  translate(_pkt: Packet, packet: Mapped): Verdict | undefined {
    const { flow, layers } = packet.tracked;
    if (layers.family === 4 && (flow instanceof StoredFlow4 || flow instanceof NewFlow4)) {
      if (flow.entry.companion !== flow.reply || flow.entry.becomes4.source === 0) return undefined;
      return packet.tracked.related ? this.error4(layers, flow.entry.becomes4) : this.rewrite4(layers, flow.entry.becomes4);
    }
    if (layers.family === 6 && (flow instanceof StoredFlow6 || flow instanceof NewFlow6)) {
      if (flow.entry.companion !== flow.reply || flow.entry.becomes6.source === 0n) return undefined;
      return packet.tracked.related ? this.error6(layers, flow.entry.becomes6) : this.rewrite6(layers, flow.entry.becomes6);
    }
    return undefined;
  }

  private rewrite4(layers: Ipv4Layers, to: Translation4): Verdict | undefined {
    const { source, destination, sourcePort, destinationPort } = to;
    if (this.options.forwards !== true) {
      layers.rewrite({ source, destination, sourcePort, destinationPort, identifier: sourcePort });
      return undefined;
    }
    const { ttl } = layers.ip;
    if (ttl < 2) {
      // The stack answers who sent it; where the packet is for this machine only as it came, it must see where it was to go.
      if (destination !== layers.destination) layers.rewrite({ source, destination, sourcePort, destinationPort, identifier: sourcePort });
      return Verdict.Pass;
    }
    layers.rewrite({ source, destination, sourcePort, destinationPort, identifier: sourcePort, ttl: ttl - 1 });
    return undefined;
  }

  private rewrite6(layers: Ipv6Layers, to: Translation6): Verdict | undefined {
    const { source, destination, sourcePort, destinationPort } = to;
    if (this.options.forwards !== true) {
      layers.rewrite({ source, destination, sourcePort, destinationPort, identifier: sourcePort });
      return undefined;
    }
    const { hopLimit } = layers.ip;
    if (hopLimit < 2) {
      // The stack answers who sent it; where the packet is for this machine only as it came, it must see where it was to go.
      if (destination !== layers.destination) layers.rewrite({ source, destination, sourcePort, destinationPort, identifier: sourcePort });
      return Verdict.Pass;
    }
    layers.rewrite({ source, destination, sourcePort, destinationPort, identifier: sourcePort, ttl: hopLimit - 1 });
    return undefined;
  }

  /**
   * An ICMP error goes the way of the packets that answer the one it quotes: the quoted packet becomes what its sender sent,
   * and of the error's own addresses those change that the flow's do (RFC 5508 sections 4.1 and 4.2).
   */
  private error4(layers: Ipv4Layers, to: Translation4): Verdict | undefined {
    const quoted = layers.quoted(this.options.flows.layers);
    if (!quoted) return undefined;
    // A redirect would make its receiver send past the translation.
    if (layers.icmp && layers.icmp.type === IcmpType.Redirect) return Verdict.drop("redirect of a translated flow");
    const { source, destination, sourcePort, destinationPort } = to;
    const outerSource = quoted.destination === source ? layers.source : source;
    const outerDestination = quoted.source === destination ? layers.destination : destination;
    const { ttl } = layers.ip;
    // Of an error that goes no further nobody is told (RFC 1122 section 3.2.2, RFC 4443 section 2.4).
    if (this.options.forwards === true && ttl < 2) return Verdict.drop("ICMP error at the end of its way");
    quoted.rewrite({
      source: destination,
      destination: source,
      sourcePort: destinationPort,
      destinationPort: sourcePort,
      identifier: sourcePort,
    });
    if (this.options.forwards !== true) {
      layers.rewrite({ source: outerSource, destination: outerDestination });
      return undefined;
    }
    layers.rewrite({ source: outerSource, destination: outerDestination, ttl: ttl - 1 });
    return undefined;
  }

  private error6(layers: Ipv6Layers, to: Translation6): Verdict | undefined {
    const quoted = layers.quoted(this.options.flows.layers);
    if (!quoted) return undefined;
    const { source, destination, sourcePort, destinationPort } = to;
    const outerSource = quoted.destination === source ? layers.source : source;
    const outerDestination = quoted.source === destination ? layers.destination : destination;
    const { hopLimit } = layers.ip;
    // Of an error that goes no further nobody is told (RFC 1122 section 3.2.2, RFC 4443 section 2.4).
    if (this.options.forwards === true && hopLimit < 2) return Verdict.drop("ICMP error at the end of its way");
    quoted.rewrite({
      source: destination,
      destination: source,
      sourcePort: destinationPort,
      destinationPort: sourcePort,
      identifier: sourcePort,
    });
    if (this.options.forwards !== true) {
      layers.rewrite({ source: outerSource, destination: outerDestination });
      return undefined;
    }
    layers.rewrite({ source: outerSource, destination: outerDestination, ttl: hopLimit - 1 });
    return undefined;
  }
}

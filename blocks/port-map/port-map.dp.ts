import {
  hashMap,
  type Ipv4Layers,
  type Ipv6Layers,
  NewFlow4,
  NewFlow6,
  net,
  setting,
  struct,
  type Tuple4,
  type Tuple6,
  u8,
  u16,
  u32,
  u128,
  type Verdict,
} from "datapath";
import { IpProtocol } from "datapath/headers";
import type { Tracked } from "../conntrack/tracked.js";
import { holds4 } from "../shared/addresses.js";
import { type Mapped, mapped } from "../shared/mapped.js";
import { refusalOf, Translator } from "../shared/translator.dp.js";
import { type Plan, type PortMapOptions, type Published, planOf } from "./options.js";

/** What is published over IPv4: the key of `mappings4`. */
export class PublishedPort4 extends struct({ address: net(u32), port: net(u16), protocol: u8, generation: u8 }) {}
/** What is published over IPv6: the key of `mappings6`. */
export class PublishedPort6 extends struct({ address: net(u128), port: net(u16), protocol: u8, generation: u8 }) {}
/** Where it leads. */
export class PortTarget4 extends struct({ address: u32, port: u16, zero: u16 }) {}
/** Where it leads. */
export class PortTarget6 extends struct({ address: u128, port: u16, zero: u16, zeros: u32 }) {}

/**
 * Publishes ports of containers: what is sent to an address and port of this machine goes to a container's, and its answers
 * come back from where they were asked. Connections go on as they began when mappings change.
 * @throws RangeError for options that are out of range
 * @example
 * readonly ports = new PortMap({
 *   flows: this.flows,
 *   mappings: [{ protocol: "tcp", address: ipv4("192.0.2.1"), port: 80, to: { address: ipv4("172.17.0.2"), port: 8080 } }],
 * });
 */
export class PortMap extends Translator<PortMapOptions> {
  private readonly plan: Plan = this.prepare();
  /** Mappings of IPv4 that change while running, with the option `live`; those of the generation that counts are in force. */
  readonly mappings4 = hashMap(PublishedPort4, PortTarget4, { maxEntries: 2 * this.plan.maxEntries });
  /** Mappings of IPv6 that change while running, with the option `live`. */
  readonly mappings6 = hashMap(PublishedPort6, PortTarget6, { maxEntries: 2 * this.plan.maxEntries });
  /** Which generation of live mappings counts: changing it puts a whole set of mappings in the place of another at once. */
  readonly generation = setting(u8, 0, { max: 1 });

  /** Chooses the translation of a new flow to a published port; before `Conntrack.commit`. Known flows have theirs. */
  map(packet: { readonly tracked: Tracked }): Mapped | Verdict {
    const { tracked } = packet;
    const { flow, layers } = tracked;
    if (flow instanceof NewFlow4 && layers.family === 4) {
      const refused = this.begin4(layers, flow);
      if (refused) return refused;
    }
    if (flow instanceof NewFlow6 && layers.family === 6) {
      const refused = this.begin6(layers, flow);
      if (refused) return refused;
    }
    return mapped(tracked);
  }

  private begin4(layers: Ipv4Layers, flow: NewFlow4): Verdict | undefined {
    if (flow.entry.becomes4.source !== 0) return undefined;
    const { source, destination, sourcePort, destinationPort, protocol } = layers;
    if (protocol !== IpProtocol.Tcp && protocol !== IpProtocol.Udp && protocol !== IpProtocol.Sctp) return undefined;
    const target = this.target4({ source, destination, sourcePort, destinationPort, protocol });
    if (!target) return undefined;
    const { hairpin, ports } = this.plan;
    const turned = hairpin !== undefined && holds4(hairpin.inside, source);
    const to = {
      source: hairpin !== undefined && turned ? hairpin.address.value : source,
      destination: target.address,
      sourcePort,
      destinationPort: target.port,
      protocol,
    };
    return refusalOf(this.options.flows.translate4(flow, to, ports));
  }
  private begin6(layers: Ipv6Layers, flow: NewFlow6): Verdict | undefined {
    if (flow.entry.becomes6.source !== 0n) return undefined;
    const { source, destination, sourcePort, destinationPort, protocol } = layers;
    if (protocol !== IpProtocol.Tcp && protocol !== IpProtocol.Udp && protocol !== IpProtocol.Sctp) return undefined;
    const target = this.target6({ source, destination, sourcePort, destinationPort, protocol });
    if (!target) return undefined;
    const to = { source, destination: target.address, sourcePort, destinationPort: target.port, protocol };
    return refusalOf(this.options.flows.translate6(flow, to, this.plan.ports));
  }

  /** Where a new flow is to go; undefined where its destination is not published. */
  private target4({ destination, destinationPort, protocol }: Tuple4): { readonly address: u32; readonly port: u16 } | undefined {
    for (const group of this.plan.groups4) {
      if (protocol === group.protocol && destination === group.address.value) {
        const found = search(group.ports, 0, group.ports.length, destinationPort);
        if (found) return found;
      }
    }
    if (this.options.live === undefined) return undefined;
    const found = this.mappings4.get({ address: destination, port: destinationPort, protocol, generation: this.generation.value });
    return found ? { address: found.address, port: found.port } : undefined;
  }
  private target6({ destination, destinationPort, protocol }: Tuple6): { readonly address: u128; readonly port: u16 } | undefined {
    for (const group of this.plan.groups6) {
      if (protocol === group.protocol && destination === group.address) {
        const found = search(group.ports, 0, group.ports.length, destinationPort);
        if (found) return found;
      }
    }
    if (this.options.live === undefined) return undefined;
    const found = this.mappings6.get({ address: destination, port: destinationPort, protocol, generation: this.generation.value });
    return found ? { address: found.address, port: found.port } : undefined;
  }

  private prepare(): Plan {
    this.options.flows.translates();
    return planOf(this.options);
  }
}

/** Halves the ports that are left until one run of them is; the recursion is over build-time numbers. */
function search<A>(
  ports: readonly Published<A>[],
  from: number,
  to: number,
  port: u16,
): { readonly address: A; readonly port: u16 } | undefined {
  const middle = Math.trunc((from + to) / 2);
  const run = ports[middle];
  if (run === undefined) return undefined;
  if (to - from > 1) {
    if (port < run.first) return search(ports, from, middle, port);
    return search(ports, middle, to, port);
  }
  if (port < run.first || port > run.last) return undefined;
  return { address: run.address, port: port - run.first + run.port };
}

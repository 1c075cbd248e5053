import { addressKey, Fragment, type IpLayers, lruHashMap, type Packet, type u8, type u16, u32, type u128, Verdict } from "datapath";
import { IpProtocol, type Tcp } from "datapath/headers";
import { deliveryOf } from "./delivery.js";
import { encapsulate } from "./encapsulate.dp.js";
import type { Ends } from "./ends.dp.js";
import { FlowMemory } from "./flow-memory.dp.js";
import { Ports } from "./headers.js";
import { NO_SERVICE, Pool } from "./pool.dp.js";
import { quicServer } from "./quic.dp.js";
import { type Backend, BackendState, FragmentKey } from "./records.js";
import { TooBig } from "./too-big.dp.js";

/**
 * Spreads the flows of virtual services over backends. A flow stays with its backend, whatever becomes of the others;
 * new ones go by Maglev's consistent hashing, by the client's address or in turns. The packets are sent as they are, in
 * an outer header, and backends answer clients directly.
 * @throws RangeError for options, with the option, its value and what is allowed
 * @example
 * readonly balancer = new LoadBalancer({
 *   services: [{ address: "192.0.2.10", port: 443, protocol: "tcp", backends: [{ address: "10.0.0.11" }, { address: "10.0.0.12" }] }],
 *   mode: { kind: "ipip", source: "10.0.0.1", nextHop: mac("02:00:00:00:00:01") },
 * });
 * // in a hook
 * const sent = this.balancer.balance(pkt);
 * if (sent) return sent;
 */
export class LoadBalancer extends Pool {
  private readonly delivery = deliveryOf(this.options.mode);
  /** Which backends flows have. */
  readonly flows = new FlowMemory({
    maxFlows: this.options.maxFlows ?? 65_536,
    table: this.options.table ?? "lruHash",
    bothEnds: this.plan.bothEnds,
  });
  /** Where the first fragments of packets went. */
  readonly fragments = lruHashMap(FragmentKey, u32, { maxEntries: 4096 });
  readonly tooBig = new TooBig({ perSecond: this.options.tooBigPerSecond ?? 100, longest: this.delivery.longest });

  /** Sends a packet of a service to its backend; undefined for every other packet. */
  balance(pkt: Packet): Verdict | undefined {
    const layers = pkt.layers(this.options);
    if (layers.family === 0) return undefined;
    if (layers.fragment === Fragment.Later) return this.laterFragment(pkt, layers);
    // Read whatever the protocol: a service has told it before its port is looked at.
    const ports = pkt.at(layers.transportOffset, Ports);
    if (!ports) return undefined;
    const { sourcePort, destinationPort } = ports;
    const { protocol } = layers;
    if (layers.family === 4) {
      const { source, destination } = layers;
      return this.send(pkt, layers, { family: 4, source, sourcePort, destination, destinationPort, protocol });
    }
    const { source, destination } = layers;
    return this.send(pkt, layers, { family: 6, source, sourcePort, destination, destinationPort, protocol });
  }

  private send(pkt: Packet, layers: IpLayers, ends: Ends): Verdict | undefined {
    const service = this.serviceOf(ends);
    const backend =
      service !== NO_SERVICE
        ? this.backendOf(pkt, layers, ends, service)
        : this.options.errors === false
          ? undefined
          : this.quotedBackend(layers);
    if (!backend) return undefined;
    if (backend instanceof Verdict) return backend;
    if (layers.fragment === Fragment.First) this.fragments.set(fragmentOf(pkt, layers), backend.tag);
    return this.deliver(pkt, layers, ends, backend);
  }

  /** The rest of a packet goes where its first fragment went, which had the ports. */
  private laterFragment(pkt: Packet, layers: IpLayers): Verdict | undefined {
    const tag = this.fragments.get(fragmentOf(pkt, layers));
    if (tag === undefined) return undefined;
    const backend = this.backends.at(tag & this.lastBackend);
    if (backend.tag !== tag) return Verdict.drop("no backend");
    const { protocol } = layers;
    if (layers.family === 4) {
      const { source, destination } = layers;
      return this.deliver(pkt, layers, { family: 4, source, sourcePort: 0, destination, destinationPort: 0, protocol }, backend);
    }
    const { source, destination } = layers;
    return this.deliver(pkt, layers, { family: 6, source, sourcePort: 0, destination, destinationPort: 0, protocol }, backend);
  }

  private deliver(pkt: Packet, layers: IpLayers, ends: Ends, backend: Backend): Verdict {
    if (this.options.mode.kind === "l2") {
      layers.ethernet.src = layers.ethernet.dst;
      layers.ethernet.dst = backend.mac;
      return Verdict.Reflect;
    }
    if (pkt.wireLength - layers.networkOffset > this.delivery.longest) return this.tooBig.answer(pkt, layers);
    return encapsulate(this.delivery, pkt, layers, ends, backend);
  }

  /** The backend that gets a packet of a service: its flow's, or one that is chosen now. */
  private backendOf(pkt: Packet, layers: IpLayers, ends: Ends, service: u32): Backend | Verdict {
    if (this.options.quic && layers.udp) {
      const named = this.named(pkt, layers, service);
      if (named) return named;
    }
    return this.remembered(ends, service, layers.tcp) ?? this.begin(ends, service);
  }

  /** The backend whose flow an ICMP error is about. */
  private quotedBackend(layers: IpLayers): Backend | undefined {
    if (layers.family === 4) {
      const quoted = layers.quoted(this.options);
      if (!quoted) return undefined;
      // The quoted packet was the backend's: its destination is the client.
      const { source: destination, sourcePort: destinationPort, destination: source, destinationPort: sourcePort, protocol } = quoted;
      return this.answering({ family: 4, source, sourcePort, destination, destinationPort, protocol });
    }
    const quoted = layers.quoted(this.options);
    if (!quoted) return undefined;
    const { source: destination, sourcePort: destinationPort, destination: source, destinationPort: sourcePort, protocol } = quoted;
    return this.answering({ family: 6, source, sourcePort, destination, destinationPort, protocol });
  }

  private answering(ends: Ends): Backend | undefined {
    const service = this.serviceOf(ends);
    if (service === NO_SERVICE) return undefined;
    // Another balancer may have begun the flow: where the choice follows from the packet, it is the same here.
    return this.remembered(ends, service, undefined) ?? this.expected(ends, service);
  }

  /** The backend that a flow remembers, if it may have this packet. */
  private remembered(ends: Ends, service: u32, tcp: Tcp | undefined): Backend | undefined {
    const tag = this.flows.get(ends, service);
    if (tag === undefined) return undefined;
    const backend = this.backends.at(tag & this.lastBackend);
    if (this.options.moveDatagrams && ends.protocol === IpProtocol.Udp) {
      if (backend.datagramTag !== tag) return undefined;
    } else if (backend.tag !== tag) return undefined;
    // A connection that begins anew is a new flow: a draining backend does not get it.
    if (tcp?.flags.syn && backend.state !== BackendState.Up) return undefined;
    return backend;
  }

  /** Chooses a backend for a new flow and remembers it. */
  private begin(ends: Ends, service: u32): Backend | Verdict {
    const backend = this.choose(ends, service);
    if (!(backend instanceof Verdict)) this.flows.set(ends, service, backend.tag);
    return backend;
  }

  /** The backend that a QUIC packet's connection identifier names. */
  private named(pkt: Packet, layers: IpLayers, service: u32): Backend | undefined {
    const server = quicServer(pkt, layers.payloadOffset, this.options.quic?.configuration ?? 0);
    if (server === undefined) return undefined;
    const backend = this.backends.get(server);
    return backend && backend.tag !== 0 && backend.service === service ? backend : undefined;
  }
}

/** Which packet a fragment is a part of (RFC 791 section 3.2, RFC 8200 section 4.5). */
function fragmentOf(
  pkt: Packet,
  layers: IpLayers,
): { source: u128; destination: u128; identification: u32; protocol: u8; zero: u8; zero16: u16 } {
  const { protocol } = layers;
  if (layers.family === 4) {
    const { source, destination } = addressKey(layers);
    return { source, destination, identification: layers.ip.identification, protocol, zero: 0, zero16: 0 };
  }
  // The fragment header's last four bytes; what is behind it is the transport header or was not looked at.
  const identification = pkt.read(layers.transportOffset - 4, u32) ?? 0;
  return { source: layers.source, destination: layers.destination, identification, protocol, zero: 0, zero16: 0 };
}

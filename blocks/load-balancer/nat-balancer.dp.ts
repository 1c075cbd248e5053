import { NewFlow4, NewFlow6, Verdict } from "datapath";
import { IpProtocol } from "datapath/headers";
import type { Tracked } from "../conntrack/tracked.js";
import { type Mapped, mapped } from "../shared/mapped.js";
import { type PortRange, portChoice } from "../shared/ports.js";
import { refusalOf, Translator, type TranslatorOptions } from "../shared/translator.dp.js";
import type { Ends } from "./ends.dp.js";
import type { LoadBalancerOptions } from "./options.js";
import { NO_SERVICE, Pool } from "./pool.dp.js";

export interface NatBalancerOptions
  extends TranslatorOptions,
    Pick<LoadBalancerOptions, "services" | "liveServices" | "maxBackends" | "ringSize" | "affinity" | "maxSources"> {
  /** what a client's port may become where two of its flows would look alike to a backend; 1024 to 65535 by default */
  readonly ports?: PortRange;
}

/**
 * Spreads the flows of virtual services over backends by translation: a packet goes to its backend's own address and port,
 * and the answer comes back through here from the service's. Flows stay where they began, whatever becomes of the
 * services.
 * @throws RangeError for options, with the option, its value and what is allowed
 * @example
 * const tracked = this.conntrack.track(pkt);
 * if (tracked instanceof Verdict) return tracked;
 * const chosen = this.balancer.balance(tracked);
 * if (chosen instanceof Verdict) return chosen;
 * return this.conntrack.commit(chosen) ?? this.balancer.translate(pkt, chosen) ?? Verdict.route();
 */
export class NatBalancer extends Translator<NatBalancerOptions> {
  /** Services and backends; `BalancerControl` changes them. */
  readonly pool = this.makePool();
  private readonly ports = portChoice("NatBalancer", this.options.ports);

  /** Chooses the backend of a new flow to a service; before `Conntrack.commit`. Known flows have theirs. */
  balance(packet: { readonly tracked: Tracked }): Mapped | Verdict {
    const { tracked } = packet;
    const { flow, layers } = tracked;
    const { sourcePort, destinationPort, protocol } = layers;
    const ported = protocol === IpProtocol.Tcp || protocol === IpProtocol.Udp || protocol === IpProtocol.Sctp;
    if (flow instanceof NewFlow4 && layers.family === 4 && ported && flow.entry.becomes4.source === 0) {
      const { source, destination } = layers;
      const refused = this.begin4(flow, { family: 4, source, sourcePort, destination, destinationPort, protocol });
      if (refused) return refused;
    }
    if (flow instanceof NewFlow6 && layers.family === 6 && ported && flow.entry.becomes6.source === 0n) {
      const { source, destination } = layers;
      const refused = this.begin6(flow, { family: 6, source, sourcePort, destination, destinationPort, protocol });
      if (refused) return refused;
    }
    return mapped(tracked);
  }

  private begin4(flow: NewFlow4, ends: Ends & { readonly family: 4 }): Verdict | undefined {
    const service = this.pool.serviceOf(ends);
    if (service === NO_SERVICE) return undefined;
    const backend = this.pool.choose(ends, service);
    if (backend instanceof Verdict) return backend;
    const { source, sourcePort, protocol } = ends;
    const port = backend.port;
    const to = { source, destination: backend.address, sourcePort, destinationPort: port !== 0 ? port : ends.destinationPort, protocol };
    return refusalOf(this.options.flows.translate4(flow, to, this.ports));
  }
  private begin6(flow: NewFlow6, ends: Ends & { readonly family: 6 }): Verdict | undefined {
    const service = this.pool.serviceOf(ends);
    if (service === NO_SERVICE) return undefined;
    const backend = this.pool.choose(ends, service);
    if (backend instanceof Verdict) return backend;
    const { source, sourcePort, protocol } = ends;
    const port = backend.port;
    const to = { source, destination: backend.address6, sourcePort, destinationPort: port !== 0 ? port : ends.destinationPort, protocol };
    return refusalOf(this.options.flows.translate6(flow, to, this.ports));
  }

  private makePool(): Pool {
    const { services, liveServices, maxBackends, ringSize, affinity, maxSources } = this.options;
    this.options.flows.translates();
    return new Pool({
      mode: { kind: "nat" },
      ...(services && { services }),
      ...(liveServices && { liveServices }),
      ...(maxBackends !== undefined && { maxBackends }),
      ...(ringSize !== undefined && { ringSize }),
      ...(affinity && { affinity }),
      ...(maxSources !== undefined && { maxSources }),
    });
  }
}

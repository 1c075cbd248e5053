/** What is remembered of flows: which backend each of them has. */
import { Block, flowTable, lruHashMap, SECOND, struct, u16, u32 } from "datapath";
import type { Ends } from "./ends.dp.js";
import { Client4, Client6, Ends4, Ends6 } from "./records.js";

/** A flow's backend, by its tag. */
export class Remembered extends struct({ tag: u32 }) {}

export interface FlowMemoryOptions {
  readonly maxFlows: number;
  readonly table: "lruHash" | "flowTable";
  /** flows are told apart by both their ends: services of many ports or addresses */
  readonly bothEnds: boolean;
}

/**
 * The flows of a LoadBalancer, of both families. A key is as short as its services allow: the fewer bytes, the cheaper
 * the lookup.
 */
export class FlowMemory extends Block<FlowMemoryOptions> {
  private readonly size = { maxEntries: this.options.maxFlows };
  private readonly aged = {
    ...this.size,
    perCpu: true,
    evictEstablished: true,
    idle: { fresh: 600n * SECOND, established: 600n * SECOND },
  };
  /** flows of services with one address and port, by the client's end */
  readonly clients4 = lruHashMap(Client4, u32, this.size);
  readonly clients6 = lruHashMap(Client6, u32, this.size);
  /** flows of other services, by both ends */
  readonly ends4 = lruHashMap(Ends4, u32, this.size);
  readonly ends6 = lruHashMap(Ends6, u32, this.size);
  /** the same with the option `table: "flowTable"` */
  readonly clientTable4 = flowTable(Client4, Remembered, this.aged);
  readonly clientTable6 = flowTable(Client6, Remembered, this.aged);
  readonly endsTable4 = flowTable(Ends4, Remembered, this.aged);
  readonly endsTable6 = flowTable(Ends6, Remembered, this.aged);

  /** The tag that a flow remembers. */
  get(ends: Ends, service: u32): u32 | undefined {
    if (this.options.table === "flowTable") return this.fromTable(ends, service);
    const { sourcePort: port, destinationPort } = ends;
    if (ends.family === 4) {
      const { source: address, destination } = ends;
      if (!this.options.bothEnds) return this.clients4.get({ address, port, service: u16(service) });
      return this.ends4.get({ address, port, service: u16(service), destination, destinationPort, zero: 0 });
    }
    const { source: address, destination } = ends;
    if (!this.options.bothEnds) return this.clients6.get({ address, port, service: u16(service), zero: 0 });
    return this.ends6.get({ address, port, service: u16(service), destination, destinationPort, zero: 0 });
  }

  private fromTable(ends: Ends, service: u32): u32 | undefined {
    const { sourcePort: port, destinationPort } = ends;
    if (ends.family === 4) {
      const { source: address, destination } = ends;
      const flow = this.options.bothEnds
        ? this.endsTable4.get({ address, port, service: u16(service), destination, destinationPort, zero: 0 })
        : this.clientTable4.get({ address, port, service: u16(service) });
      if (!flow) return undefined;
      flow.touch();
      return flow.value.tag;
    }
    const { source: address, destination } = ends;
    const flow = this.options.bothEnds
      ? this.endsTable6.get({ address, port, service: u16(service), destination, destinationPort, zero: 0 })
      : this.clientTable6.get({ address, port, service: u16(service), zero: 0 });
    if (!flow) return undefined;
    flow.touch();
    return flow.value.tag;
  }

  /** Remembers a flow's backend, in place of another one it had. Where there is no room the ring says the same next time. */
  set(ends: Ends, service: u32, tag: u32): void {
    if (this.options.table === "flowTable") this.toTable(ends, service, tag);
    else this.toMap(ends, service, tag);
  }

  private toMap(ends: Ends, service: u32, tag: u32): void {
    const { sourcePort: port, destinationPort } = ends;
    if (ends.family === 4) {
      const { source: address, destination } = ends;
      if (this.options.bothEnds) this.ends4.set({ address, port, service: u16(service), destination, destinationPort, zero: 0 }, tag);
      else this.clients4.set({ address, port, service: u16(service) }, tag);
    } else {
      const { source: address, destination } = ends;
      if (this.options.bothEnds) this.ends6.set({ address, port, service: u16(service), destination, destinationPort, zero: 0 }, tag);
      else this.clients6.set({ address, port, service: u16(service), zero: 0 }, tag);
    }
  }

  private toTable(ends: Ends, service: u32, tag: u32): void {
    const { sourcePort: port, destinationPort } = ends;
    if (ends.family === 4) {
      const { source: address, destination } = ends;
      const added = this.options.bothEnds
        ? this.endsTable4.add({ address, port, service: u16(service), destination, destinationPort, zero: 0 }, { tag })
        : this.clientTable4.add({ address, port, service: u16(service) }, { tag });
      if (added.entry && added.entry.value.tag !== tag) added.entry.value.tag = tag;
    } else {
      const { source: address, destination } = ends;
      const added = this.options.bothEnds
        ? this.endsTable6.add({ address, port, service: u16(service), destination, destinationPort, zero: 0 }, { tag })
        : this.clientTable6.add({ address, port, service: u16(service), zero: 0 }, { tag });
      if (added.entry && added.entry.value.tag !== tag) added.entry.value.tag = tag;
    }
  }
}

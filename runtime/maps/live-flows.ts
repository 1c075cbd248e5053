/** The flows of a running pipeline: what is in its tables, as flows rather than entries. */
import type { MapEntry } from "../../codegen/bundle/manifest.js";
import { readTicks } from "../machine/ticks.js";
import type { KernelMap } from "../native/index.js";
import { readClocks } from "./expiry.js";
import { FlowLayout, type FlowRecord } from "./flow-layout.js";
import { rawMapOf } from "./flow-table.js";
import type { RawEntry, RawMap } from "./raw.js";

export type { FlowRecord, FlowTuple } from "./flow-layout.js";

interface Table {
  readonly map: RawMap;
  readonly layout: FlowLayout;
}

/** A map that holds flows, opened. */
export interface FlowMap {
  readonly map: KernelMap;
  readonly entry: MapEntry;
}

export class LiveFlows implements Iterable<FlowRecord> {
  readonly #tables: readonly Table[];

  constructor(maps: readonly FlowMap[]) {
    this.#tables = maps.flatMap(({ map, entry }) => {
      const layout = FlowLayout.of(entry);
      return layout ? [{ map: rawMapOf(map, entry), layout }] : [];
    });
  }

  /** Whether a map holds flows. */
  static holds(entry: MapEntry): boolean {
    return FlowLayout.of(entry) !== undefined;
  }

  /** Every living flow: those that have idled too long are left out, and a translated one comes once, with its replies' counters. */
  *[Symbol.iterator](): Generator<FlowRecord> {
    for (const table of this.#tables) {
      const ticks = readTicks();
      for (const { entry, companion } of living(table)) yield table.layout.read(entry, companion, ticks);
    }
  }

  /**
   * Deletes the flows that are chosen: their next packet is to the pipeline one of a flow that it does not know.
   * @returns how many
   */
  delete(choose: (flow: FlowRecord) => boolean): number {
    let count = 0;
    for (const table of this.#tables) {
      const ticks = readTicks();
      for (const { entry, companion } of [...living(table)]) {
        if (!choose(table.layout.read(entry, companion, ticks))) continue;
        // First where replies are found: they find nothing then, rather than half of a flow.
        if (companion) table.map.delete(companion[0]);
        if (table.map.delete(entry[0])) count++;
      }
    }
    return count;
  }
}

interface Living {
  readonly entry: RawEntry;
  readonly companion: RawEntry | undefined;
}

/** Flows are put together with their companions, so a table is read to its end first. */
function* living({ map, layout }: Table): Generator<Living> {
  const companions = new Map<string, RawEntry>();
  const isOver = layout.expiry ?? (() => false);
  const clocks = readClocks();
  const flows: RawEntry[] = [];
  for (const entry of map.entries()) {
    if (!layout.isCompanion(entry)) {
      if (!isOver(entry, clocks)) flows.push(entry);
      continue;
    }
    const main = layout.keyOfMain(entry);
    if (main) companions.set(nameOf(main), entry);
  }
  for (const entry of flows) yield { entry, companion: companions.size > 0 ? companions.get(nameOf(entry[0])) : undefined };
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}

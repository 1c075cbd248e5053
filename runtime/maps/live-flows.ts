/** The flows of a running pipeline: what is in its tables, as flows rather than entries. */
import type { MapEntry } from "../../codegen/bundle/manifest.js";
import { readTicks } from "../machine/ticks.js";
import type { KernelMap } from "../native/index.js";
import { expiryOf, readClocks } from "./expiry.js";
import { FlowLayout, type FlowRecord } from "./flow-layout.js";
import { rawMapOf } from "./flow-table.js";
import type { RawEntry, RawMap } from "./raw.js";

export type { FlowRecord, FlowTuple } from "./flow-layout.js";

interface Table {
  readonly map: RawMap;
  readonly entry: MapEntry;
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
      for (const { key, value, companion } of living(table)) yield table.layout.read(key, value, companion, ticks);
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
      for (const { key, value, companion } of [...living(table)]) {
        if (!choose(table.layout.read(key, value, companion, ticks))) continue;
        // First where replies are found: they find nothing then, rather than half of a flow.
        if (companion) table.map.delete(companion[0]);
        if (table.map.delete(key)) count++;
      }
    }
    return count;
  }
}

interface Living {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly companion: RawEntry | undefined;
}

/** Flows are put together with their companions, so a table with companions is read to its end first. */
function* living({ map, entry, layout }: Table): Generator<Living> {
  const companions = new Map<string, RawEntry>();
  const isOver = expiryOf(entry, map.info) ?? (() => false);
  const clocks = readClocks();
  const mains: RawEntry[] = [];
  for (const one of map.entries()) {
    const [key, value] = one;
    if (!layout.isCompanion(value)) {
      if (!isOver(value, clocks)) mains.push(one);
      continue;
    }
    const main = layout.keyOfMain(key, value);
    if (main) companions.set(nameOf(main), one);
  }
  for (const [key, value] of mains) yield { key, value, companion: companions.size > 0 ? companions.get(nameOf(key)) : undefined };
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}

import { checkLayersOptions, type LayersOptions } from "../packet/layers-options.js";

/** How the table of flows is made. What `LayersOptions` leave out is not tracked, and not in the program. */
export interface FlowsOptions extends LayersOptions {
  /** the most entries of each family, 4 or more; a translated flow takes two */
  readonly maxEntries: number;
  /**
   * `"lruHash"` (the default) is the kernel's own map: full, it lets go of what was not used lately. `"flowTable"` is three
   * times as fast and lets go of flows that are not established first; it costs memory for twice as many entries.
   */
  readonly table?: "lruHash" | "flowTable";
  /** Packets and bytes of each direction; `false` leaves them out of the entry. */
  readonly counters?: boolean;
  /** `flow.mark` and the `user` slot; `false` leaves them out: with it an entry of a flow table of IPv4 is one line of 64 bytes. */
  readonly mark?: boolean;
}

/** @throws RangeError that names the option, its value and what is allowed */
export function checkFlowsOptions(options: FlowsOptions): void {
  checkLayersOptions("Flows", options);
  const { maxEntries, table } = options;
  if (table !== undefined && table !== "lruHash" && table !== "flowTable") {
    throw new RangeError(`Flows: the option table is ${JSON.stringify(table)}; allowed is "lruHash" or "flowTable"`);
  }
  if (!Number.isInteger(maxEntries) || maxEntries < 4 || maxEntries > 2 ** 26) {
    throw new RangeError(`Flows: the option maxEntries is ${JSON.stringify(maxEntries)}; allowed is a whole number from 4 to ${2 ** 26}`);
  }
  for (const name of ["counters", "mark"] as const) {
    const value = options[name];
    if (value !== undefined && typeof value !== "boolean")
      throw new RangeError(`Flows: the option ${name} is ${JSON.stringify(value)}; allowed is true or false`);
  }
}

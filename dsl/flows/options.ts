import { checkLayersOptions, type LayersOptions } from "../packet/layers-options.js";

/** How the table of flows is made. What `LayersOptions` leave out is not tracked, and not in the program. */
export interface FlowsOptions extends LayersOptions {
  /** the most entries of each family, 4 or more; a translated flow takes two */
  readonly maxEntries: number;
  /** Packets and bytes of each direction; `false` leaves them out of the entry. */
  readonly counters?: boolean;
}

/** @throws RangeError that names the option, its value and what is allowed */
export function checkFlowsOptions(options: FlowsOptions): void {
  checkLayersOptions("Flows", options);
  const { maxEntries, counters } = options;
  if (!Number.isInteger(maxEntries) || maxEntries < 4 || maxEntries > 2 ** 26) {
    throw new RangeError(`Flows: the option maxEntries is ${JSON.stringify(maxEntries)}; allowed is a whole number from 4 to ${2 ** 26}`);
  }
  if (counters !== undefined && typeof counters !== "boolean") {
    throw new RangeError(`Flows: the option counters is ${JSON.stringify(counters)}; allowed is true or false`);
  }
}

/** Where the pipelines keep their flows, and what of packets most of them leave out. */
import type { FlowsOptions } from "datapath";

/** No tags, fragments, options or extension headers, IPv4 alone. */
export const plain: Pick<FlowsOptions, "families" | "vlan" | "fragments" | "extensions"> = {
  families: [4],
  vlan: false,
  fragments: false,
  extensions: false,
};
export const inMap = { maxEntries: 131_072 } satisfies FlowsOptions;
export const inTable = { maxEntries: 65_536, table: "flowTable", mark: false } satisfies FlowsOptions;

/** The fields of a packet that rules which change while running can test: each costs a packet a look-up. */
import { CUT_PORT, CUT_TYPE, UNTAGGED } from "../tree/field.js";

interface RuntimeFieldKind {
  /** `small`: looked up by its value; the others by prefix, or in a set */
  readonly kind: "address" | "station" | "small";
  /** the field of decisions that it is */
  readonly tests: string;
  readonly greatest: number;
}

export const runtimeFields = {
  source: { kind: "address", tests: "source0", greatest: 0 },
  destination: { kind: "address", tests: "destination0", greatest: 0 },
  stationSource: { kind: "station", tests: "stationSource", greatest: 0 },
  stationDestination: { kind: "station", tests: "stationDestination", greatest: 0 },
  protocol: { kind: "small", tests: "protocol", greatest: 255 },
  sourcePort: { kind: "small", tests: "sourcePort", greatest: CUT_PORT },
  destinationPort: { kind: "small", tests: "destinationPort", greatest: CUT_PORT },
  icmpType: { kind: "small", tests: "icmpType", greatest: CUT_TYPE },
  icmpCode: { kind: "small", tests: "icmpCode", greatest: CUT_TYPE },
  dscp: { kind: "small", tests: "dscp", greatest: 63 },
  fragment: { kind: "small", tests: "fragment", greatest: 2 },
  vlan: { kind: "small", tests: "vlan", greatest: UNTAGGED },
} as const satisfies { readonly [name: string]: RuntimeFieldKind };

/** `protocol` counts as a field of its own: `tcp dst port 80` tests it and the port. */
export type RuntimeField = keyof typeof runtimeFields;
export type SmallField = { [K in RuntimeField]: (typeof runtimeFields)[K]["kind"] extends "small" ? K : never }[RuntimeField];
export const smallFields = (fields: readonly RuntimeField[]): SmallField[] => fields.filter(isSmall);
const isSmall = (name: RuntimeField): name is SmallField => runtimeFields[name].kind === "small";
/** What is looked up where the option does not say. */
export const usualFields: readonly RuntimeField[] = ["source", "destination", "protocol", "sourcePort", "destinationPort"];

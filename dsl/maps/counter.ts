import { shapeOfSchema } from "../core/fields.js";
import { u32, u64 } from "../core/integers.js";
import { describe, specOf } from "../core/spec.js";
import { struct } from "../core/struct.js";
import type { Packet } from "../packet/types.js";
import { perCpuArrayMap } from "./array.js";

/** What a counter holds. */
export class Traffic extends struct({ packets: u64, bytes: u64 }) {}

/** Counts packets and their bytes, for each CPU apart. */
export interface Counter {
  readonly "~kv"?: [u32, Traffic];
  /** Counts this packet, with its length at this moment. */
  add(pkt: Packet): void;
  /** Build time and tests: what was counted. */
  readonly packets: u64;
  /** Build time and tests: the bytes that were counted. */
  readonly bytes: u64;
}

/**
 * A counter of packets and bytes.
 * @example readonly answered = counter();
 */
export function counter(): Counter {
  const total = perCpuArrayMap(Traffic, 1);
  const entry = total.at(0);
  const live: Counter = {
    add(pkt) {
      entry.packets = u64(entry.packets + 1n);
      entry.bytes = u64(entry.bytes + BigInt(pkt.length));
    },
    get packets() {
      return entry.packets;
    },
    get bytes() {
      return entry.bytes;
    },
  };
  const spec = specOf(total);
  return describe(live, {
    what: "map",
    kind: "counter",
    key: shapeOfSchema(u32, "index"),
    value: shapeOfSchema(Traffic, "Traffic"),
    maxEntries: 1,
    scope: "pipeline",
    shared: undefined,
    expires: undefined,
    capture: 0,
    entries: () => (spec?.what === "map" ? spec.entries() : []),
  });
}

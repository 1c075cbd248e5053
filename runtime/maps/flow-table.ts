/** Flow tables in the kernel: one value of an array that is mapped into this process. */

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { FlowGeometry } from "../../codegen/bundle/manifest.js";
import { DatapathError } from "../errors.js";
import { type KernelMap, native } from "../native/index.js";

/** `struct NAME_table` begins with these. */
const SEED = 0;
const IDLE = 8;
const CPU_SHIFT = 16;

export interface FlowTableStart {
  /** where the hash begins: random, or who sends packets could choose which flows meet in one set */
  readonly seed: bigint;
  readonly tickNanoseconds: bigint;
  readonly processors: number;
}

function ofThisMachine(): FlowTableStart {
  return {
    seed: randomBytes(8).readBigUInt64LE(),
    tickNanoseconds: BigInt(native().tickNanoseconds()),
    processors: possibleProcessors(),
  };
}

/** Writes what a new table's head holds, before a packet sees it. */
export function beginFlowTable(map: KernelMap, geometry: FlowGeometry, start: FlowTableStart = ofThisMachine()): void {
  const { seed, tickNanoseconds: tick, processors } = start;
  const idle = geometry.idle.map(nanoseconds => Number((BigInt(nanoseconds) + tick - 1n) / tick));
  store(map, SEED, 8, seed);
  idle.forEach((ticks, i) => {
    store(map, IDLE + 4 * i, 4, BigInt(ticks));
  });
  if (geometry.perCpu) store(map, CPU_SHIFT, 4, BigInt(cpuShift(map, geometry, processors)));
}

function store(map: KernelMap, offset: number, size: 4 | 8, value: bigint): void {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  if (size === 8) view.setBigUint64(0, value, true);
  else view.setUint32(0, Number(value), true);
  if (!map.poke(offset, bytes)) throw new DatapathError("DP6016", `the flow table ${map.info().name} cannot be mapped`);
}

/** Each CPU has a part of the sets, all parts alike. */
function cpuShift(map: KernelMap, { setBits }: FlowGeometry, processors: number): number {
  const shift = Math.ceil(Math.log2(processors));
  if (shift >= setBits)
    throw new DatapathError("DP6009", `${map.info().name} has ${2 ** setBits} sets, too few for ${processors} processors`, {
      hint: "a table per CPU needs maxEntries of at least 16 for each",
    });
  return shift;
}

/** Processors that may ever be there: their numbers begin at 0. */
function possibleProcessors(): number {
  const last = /(\d+)\s*$/.exec(readFileSync("/sys/devices/system/cpu/possible", "utf8"));
  return Number(last?.[1] ?? 0) + 1;
}

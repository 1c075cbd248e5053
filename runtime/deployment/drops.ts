/** Counts of drops go on over an update, although their places are numbered anew. */
import type { DropSite, Manifest } from "../../codegen/bundle/manifest.js";
import type { KernelMap } from "../native/index.js";

/** The compiler's map of counts: a slot for each place that drops, and one behind them for programs that ended themselves. */
export const DROPS_PATH = ":drops";

/** A place by what a reader knows it by; several alike in one block are told apart by their order. Lines may shift. */
function names(sites: readonly DropSite[]): string[] {
  const seen = new Map<string, number>();
  return sites.map(({ block, reason }) => {
    const name = JSON.stringify([block, reason]);
    const order = seen.get(name) ?? 0;
    seen.set(name, order + 1);
    return `${name}${order}`;
  });
}

/** Whether every slot means the same in both versions. */
export function sameDrops(from: Manifest, to: Manifest): boolean {
  return JSON.stringify(names(from.drops)) === JSON.stringify(names(to.drops));
}

/** Copies what was counted so far to where the new version counts it. */
export function carryDrops(from: Manifest, old: KernelMap, to: Manifest, next: KernelMap): void {
  const before = new Map(names(from.drops).map((name, slot) => [name, slot]));
  const pairs = names(to.drops).map((name, slot) => [before.get(name), slot] as const);
  for (const [source, slot] of [...pairs, [from.drops.length, to.drops.length] as const]) {
    const counts = source === undefined ? undefined : old.lookup(key(source));
    if (counts && slot < next.info().maxEntries) next.update(key(slot), counts, 0);
  }
}

function key(slot: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, slot, true);
  return new Uint8Array(view.buffer);
}

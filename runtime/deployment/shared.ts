/**
 * Maps that pipelines share by name (`shared: "name"`): pinned beside the pipelines, in `ROOT/_shared/NAME`, as long as
 * a deployment uses them.
 */
import { join } from "node:path";
import type { Manifest, MapEntry } from "../../codegen/bundle/manifest.js";
import { DatapathError } from "../errors.js";
import type { Descriptor } from "../native/descriptor.js";
import { native } from "../native/index.js";
import { currentNumber, readCurrent } from "./generation.js";
import { Layout, RESERVED } from "./layout.js";
import { lock } from "./lock.js";
import { schemaOf } from "./schema.js";
import { exists, list, makeFolder, readLongText, removeIfEmpty, removeTree, writeLongText } from "./tree.js";

function sharedFolder(root: string): string {
  return join(root, `${RESERVED}shared`);
}

export function sharesMaps(manifest: Manifest): boolean {
  return manifest.maps.some(map => map.shared !== undefined);
}

/** Whether what is attached shares maps; what another version recorded may. */
export function deploymentShares(layout: Layout): boolean {
  if (currentNumber(layout) === undefined) return false;
  const manifest = readable(layout);
  return manifest === undefined || sharesMaps(manifest);
}

function readable(layout: Layout): Manifest | undefined {
  try {
    return readCurrent(layout)?.manifest;
  } catch (error) {
    if (error instanceof DatapathError) return undefined;
    throw error;
  }
}

/**
 * Runs work that may make or let go of shared maps, one process at a time, and then removes those that no deployment
 * uses. A pipeline's own lock is taken before this one.
 */
export async function withShared<T>(root: string, needed: boolean, work: () => T): Promise<T> {
  if (!needed) return work();
  using _held: Descriptor = await lock(sharedFolder(root));
  try {
    sweep(root);
    return work();
  } finally {
    sweep(root);
    removeIfEmpty(sharedFolder(root));
  }
}

/** Names and who uses them, by what each deployment's current generation says. */
function users(root: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const pipeline of list(root).filter(name => !name.startsWith(RESERVED))) {
    for (const { shared } of readable(new Layout(root, pipeline))?.maps ?? []) {
      if (shared !== undefined) found.set(shared, [...(found.get(shared) ?? []), pipeline]);
    }
  }
  return found;
}

function sweep(root: string): void {
  const used = users(root);
  for (const name of list(sharedFolder(root))) if (!used.has(name)) removeTree(join(sharedFolder(root), name));
}

/**
 * The pin of a shared map that is there already.
 * @param pipeline who asks; it may have the map begin empty if it is the only user
 * @throws {DatapathError} DP7006 where others have it with another layout
 */
export function sharedPin(root: string, map: MapEntry, pipeline: string, reset: boolean): string | undefined {
  if (map.shared === undefined) return undefined;
  const folder = join(sharedFolder(root), map.shared);
  const pin = join(folder, "map");
  if (!exists(pin)) return undefined;
  const others = (users(root).get(map.shared) ?? []).filter(user => user !== pipeline);
  const same = readLongText(join(folder, "schema")) === schemaOf(map);
  if (same && !reset) return pin;
  if (others.length > 0) {
    throw new DatapathError(
      "DP7006",
      `${map.path} is shared as "${map.shared}" with ${others.join(", ")}${same ? "" : ", which has another layout"}`,
      {
        hint: `give it the same key, value and maxEntries, or detach ${others.join(" and ")} first`,
      },
    );
  }
  removeTree(folder);
  return undefined;
}

/** Offers a map that was just made to others. */
export function shareMap(root: string, map: MapEntry, fd: number): void {
  if (map.shared === undefined) return;
  const folder = join(sharedFolder(root), map.shared);
  if (exists(join(folder, "map"))) return;
  makeFolder(folder);
  writeLongText(join(folder, "schema"), schemaOf(map));
  native().pin(fd, join(folder, "map"));
}

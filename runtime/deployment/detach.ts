/** Taking a deployment off its targets. */
import { renameSync } from "node:fs";
import { DatapathError } from "../errors.js";
import { type Generation, generationNumbers } from "./generation.js";
import type { Layout } from "./layout.js";
import { reconcile } from "./reconcile.js";
import { exists, remove, removeIfEmpty, removeTree } from "./tree.js";

/**
 * Under the lock: takes the pipeline off one target, or off all. With the last target everything goes: programs, maps,
 * links and folders.
 * @returns the labels of the targets that it was taken off
 * @throws {DatapathError} DP7005
 */
export function detachTargets(layout: Layout, target: string | undefined): string[] {
  const current = reconciled(layout, target === undefined);
  if (current === "unreadable") return [];
  const leaving = [...(current?.targets ?? [])].filter(([id]) => target === undefined || id === target);
  if (!current || leaving.length === 0) {
    removeIfEmpty(layout.folder);
    throw new DatapathError("DP7005", current ? `${current.manifest.name} is not attached to that target` : layout.folder);
  }
  // One rename or unlink is the commit; from then on `reconcile` takes off what is left, now or in the next command.
  if (leaving.length === current.targets.size) remove(layout.current);
  else {
    for (const [id] of leaving) {
      for (const number of generationNumbers(layout)) {
        if (exists(layout.target(number, id))) renameSync(layout.target(number, id), layout.target(number, `x${id.slice(1)}`));
      }
    }
  }
  reconcile(layout);
  if (leaving.length === current.targets.size) removeTree(layout.folder);
  return leaving.map(([, { target: record }]) => record.label);
}

/** What another version of datapath recorded can't be read, but it can be taken off as a whole. */
function reconciled(layout: Layout, whole: boolean): Generation | undefined | "unreadable" {
  try {
    return reconcile(layout);
  } catch (error) {
    if (!whole || !(error instanceof DatapathError) || error.code !== "DP7013") throw error;
    remove(layout.current);
    reconcile(layout);
    removeTree(layout.folder);
    return "unreadable";
  }
}

/** Taking a deployment off its targets. */
import { renameSync } from "node:fs";
import { DatapathError } from "../errors.js";
import { isAlive } from "./alive.js";
import { type Generation, generationNumbers } from "./generation.js";
import type { Layout } from "./layout.js";
import { reconcile } from "./reconcile.js";
import { exists, remove, removeIfEmpty, removeTree } from "./tree.js";

/** Which targets are meant: the one of an id, and those of a name whose hooks have all gone. */
export interface Selection {
  readonly id: string | undefined;
  readonly label?: string;
  /** what is thrown where that is none of the deployment's */
  readonly otherwise?: DatapathError | undefined;
}

/**
 * Under the lock: takes the pipeline off some targets, or off all. With the last target everything goes: programs, maps,
 * links and folders.
 * @returns the labels of the targets that it was taken off
 * @throws {DatapathError} DP7005
 */
export function detachTargets(layout: Layout, selection: Selection | undefined): string[] {
  const current = reconciled(layout, selection === undefined);
  if (current === "unreadable") return [];
  const leaving = [...(current?.targets ?? [])].filter(
    ([id, recorded]) =>
      selection === undefined || id === selection.id || (recorded.target.label === selection.label && !isAlive(layout, id, recorded)),
  );
  if (!current || leaving.length === 0) {
    removeIfEmpty(layout.folder);
    if (current && selection?.otherwise) throw selection.otherwise;
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

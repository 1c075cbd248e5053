/**
 * The clsact qdisc belongs to whoever made it first. When we make it, a mark says so, and it goes with our last filter.
 * A mark is written before the qdisc is made, and a filter's record before both: whatever a kill leaves is found.
 */
import { join } from "node:path";
import { RESERVED } from "../deployment/layout.js";
import { list, makeFolder, readText, remove, removeIfEmpty, writeText } from "../deployment/tree.js";
import { addClsact, filters, hasClsact, removeClsact } from "../network/clsact.js";
import { deviceByIndex } from "../network/device.js";
import { NetworkNamespace } from "../network/namespace.js";
import type { TargetRecord } from "../target/target.js";

/** The marks lie beside the pipelines, as several may share a qdisc. */
function marksOf(root: string): string {
  return join(root, `${RESERVED}clsact`);
}

/** Inside the target's namespace, when the filter has its record: makes the qdisc if it is not there. */
export function enterClsact(root: string, target: TargetRecord): void {
  if (hasClsact(target.ifindex)) return;
  const mark = join(marksOf(root), `t${target.namespace}-${target.ifindex}`);
  makeFolder(marksOf(root));
  writeText(mark, target.namespacePath);
  if (!addClsact(target.ifindex)) remove(mark); // someone else was quicker
}

/** Removes the qdiscs that we made and no filter of ours needs, unless others have filters on them by now. */
export function sweepClsact(root: string): void {
  const marks = marksOf(root);
  for (const name of list(marks)) {
    if (name.endsWith("~") || !isUsed(root, name)) leave(join(marks, name), name);
  }
  removeIfEmpty(marks);
}

/** Whether a pipeline has a filter's record for the target. */
function isUsed(root: string, target: string): boolean {
  return list(root).some(pipeline => {
    const links = join(root, pipeline, "links", target);
    return list(links).some(hook => readText(join(links, hook)) !== undefined);
  });
}

function leave(mark: string, name: string): void {
  const [id = 0, ifindex = 0] = name.replace("~", "").slice(1).split("-").map(Number);
  using namespace = NetworkNamespace.find(id, readText(mark) ?? "");
  namespace?.run(() => {
    if (name.endsWith("~") || !deviceByIndex(ifindex)) return;
    const used = filters(ifindex, "ingress").length + filters(ifindex, "egress").length > 0;
    if (!used) removeClsact(ifindex);
  });
  remove(mark);
}

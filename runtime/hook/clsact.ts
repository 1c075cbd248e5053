/** The clsact qdisc belongs to whoever made it first: it is marked when we do, and goes with our last filter. */
import { dirname, join } from "node:path";
import { RESERVED } from "../deployment/layout.js";
import { exists, list, makeFolder, readText, remove, removeIfEmpty, writeText } from "../deployment/tree.js";
import { addClsact, filters, removeClsact } from "../network/clsact.js";
import { deviceByIndex } from "../network/device.js";
import { NetworkNamespace } from "../network/namespace.js";
import type { TargetRecord } from "../target/target.js";

/** `link` is `ROOT/PIPELINE/links/TARGET/HOOK`. */
function rootOf(link: string): string {
  return dirname(dirname(dirname(dirname(link))));
}

/** The marks lie beside the pipelines, as several may share a qdisc. */
function marksOf(root: string): string {
  return join(root, `${RESERVED}clsact`);
}

function nameOf(target: TargetRecord): string {
  return `t${target.namespace}-${target.ifindex}`;
}

/** Inside the target's namespace: makes the qdisc if it is not there. */
export function enterClsact(link: string, target: TargetRecord): void {
  if (!addClsact(target.ifindex)) return;
  const marks = marksOf(rootOf(link));
  makeFolder(marks);
  writeText(join(marks, nameOf(target)), target.namespacePath);
}

/** After a filter of ours was removed: removes the qdisc that we made, once no one uses it. */
export function leaveClsact(link: string, target: TargetRecord): void {
  const root = rootOf(link);
  const mark = join(marksOf(root), nameOf(target));
  if (exists(mark) && !usedByOurs(root, nameOf(target))) {
    using namespace = NetworkNamespace.find(target.namespace, target.namespacePath);
    namespace?.run(() => {
      // With filters of others on it, it is theirs from now on.
      const used = filters(target.ifindex, "ingress").length + filters(target.ifindex, "egress").length > 0;
      if (!used) removeClsact(target.ifindex);
    });
    remove(mark);
  }
  forgetLost(marksOf(root));
}

function usedByOurs(root: string, target: string): boolean {
  return list(root).some(pipeline => {
    const links = join(root, pipeline, "links", target);
    return list(links).some(hook => readText(join(links, hook)) !== undefined);
  });
}

/** Marks of devices that have gone: their numbers may be given to others. */
function forgetLost(marks: string): void {
  for (const name of list(marks)) {
    const [id = 0, ifindex = 0] = name.slice(1).split("-").map(Number);
    using namespace = NetworkNamespace.find(id, readText(join(marks, name)) ?? "");
    if (!namespace?.run(() => deviceByIndex(ifindex))) remove(join(marks, name));
  }
  removeIfEmpty(marks);
}

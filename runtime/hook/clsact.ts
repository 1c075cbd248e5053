/** The clsact qdisc belongs to whoever made it first: it is marked when we do, and goes with our last filter. */
import { dirname, join } from "node:path";
import { RESERVED } from "../deployment/layout.js";
import { exists, makeFolder, remove, removeIfEmpty, writeText } from "../deployment/tree.js";
import { addClsact, filters, removeClsact } from "../network/clsact.js";
import type { TargetRecord } from "../target/target.js";
import { type Attachment, inNamespaceOf } from "./attachment.js";

/** The mark lies beside the pipelines, as several may share the qdisc. `link` is `ROOT/PIPELINE/links/TARGET/HOOK`. */
function mark(link: string, target: TargetRecord): string {
  const root = dirname(dirname(dirname(dirname(link))));
  return join(root, `${RESERVED}clsact`, `t${target.namespace}-${target.ifindex}`);
}

/** Inside the target's namespace: makes the qdisc if it is not there. */
export function enterClsact(link: string, target: TargetRecord): void {
  const path = mark(link, target);
  if (!addClsact(target.ifindex)) return;
  makeFolder(dirname(path));
  writeText(path, "made");
}

export function leaveClsact(attachment: Attachment, target: TargetRecord): void {
  const path = mark(attachment.path, target);
  if (!exists(path)) return;
  const used = inNamespaceOf(target, () => {
    if (filters(target.ifindex, "ingress").length > 0 || filters(target.ifindex, "egress").length > 0) return true;
    removeClsact(target.ifindex);
    return false;
  });
  if (used) return;
  remove(path);
  removeIfEmpty(dirname(path));
}

/** Brings what is attached back to what `current` says: the end of an update or detach that was cut off anywhere. */
import { join } from "node:path";
import type { HookName } from "../../codegen/bundle/manifest.js";
import { DatapathError } from "../errors.js";
import { attachmentState, detachAttachment, readAttachment, replaceAll } from "../hook/attachment.js";
import { sweepClsact } from "../hook/clsact.js";
import { Descriptor } from "../native/descriptor.js";
import { native } from "../native/index.js";
import type { TargetRecord } from "../target/target.js";
import { type Generation, generationNumbers, HOOKS, isTarget, openProgram, ownPrograms, programId, readCurrent } from "./generation.js";
import type { Layout } from "./layout.js";
import { readTarget } from "./record.js";
import { list, remove, removeIfEmpty, removeTree } from "./tree.js";

/**
 * Under the lock. Links that the current generation does not want go, those that run another generation's program get
 * the current one's, and generations other than the current one and the one before it are removed.
 */
export function reconcile(layout: Layout): Generation | undefined {
  const current = readCurrent(layout);
  const own = ownPrograms(layout);
  for (const id of list(layout.links)) {
    for (const hook of HOOKS) settle(layout, current, id, hook, own);
    removeIfEmpty(join(layout.links, id));
  }
  removeIfEmpty(layout.links);
  sweepClsact(layout.root);
  remove(`${layout.current}~`);
  removeStale(layout, current);
  return current;
}

function settle(layout: Layout, current: Generation | undefined, id: string, hook: HookName, own: ReadonlySet<number>): void {
  const attachment = readAttachment(layout.link(id, hook));
  if (!attachment) {
    remove(`${layout.link(id, hook)}~`);
    return;
  }
  const target = recordedTarget(layout, id);
  const wanted = current?.targets.has(id) ? programId(layout, current.number, id, hook) : undefined;
  if (!current || !target || wanted === undefined) {
    detachAttachment(attachment, target, own);
    return;
  }
  const { program } = attachmentState(attachment, target);
  if (program === undefined || program === wanted) return;
  // A filter that someone else put in ours' place is left to them.
  if (attachment.kind === "filter" && !own.has(program)) return;
  const fd = native().programById(program);
  if (fd === undefined) return;
  using expected = new Descriptor(fd);
  using next = openProgram(layout, current.number, id, hook);
  replaceAll([{ attachment, target, next: next.fd, expected: expected.fd, name: current.manifest.name }]);
}

/** A target's record in any generation, the newest first; also of one that is being removed. */
function recordedTarget(layout: Layout, id: string): TargetRecord | undefined {
  for (const number of generationNumbers(layout).reverse()) {
    for (const name of list(layout.targets(number))) {
      if (name !== id && (isTarget(name) || name.slice(1) !== id.slice(1))) continue;
      const target = readable(layout.targetRecord(number, name));
      if (target) return target;
    }
  }
  // The id alone still says where its hooks are.
  const [namespace, ifindex] = id.slice(1).split("-").map(Number);
  if (namespace === undefined || ifindex === undefined) return undefined;
  return { device: "", ifindex, position: "device", namespace, namespacePath: "", label: id };
}

/** A generation whose making was cut off may have half a record; nothing was attached for it then. */
function readable(folder: string): TargetRecord | undefined {
  try {
    return readTarget(folder).target;
  } catch (error) {
    if (error instanceof DatapathError) return undefined;
    throw error;
  }
}

function removeStale(layout: Layout, current: Generation | undefined): void {
  const numbers = generationNumbers(layout);
  const previous = numbers.filter(number => current !== undefined && number < current.number).at(-1);
  for (const number of numbers) {
    if (number !== current?.number && number !== previous) removeTree(layout.generation(number));
    else for (const name of list(layout.targets(number))) if (!isTarget(name)) removeTree(layout.target(number, name));
  }
}

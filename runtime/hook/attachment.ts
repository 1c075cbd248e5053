/** A program on a hook: how each kind is made, recorded, read, swapped and removed. */
import { lstatSync } from "node:fs";
import { readText, remove } from "../deployment/tree.js";
import { Descriptor } from "../native/descriptor.js";
import { failedWith, type LinkInfo, native, type Swap } from "../native/index.js";
import { type FilterPlace, filterAt, removeFilter, setFilter } from "../network/clsact.js";
import { NetworkNamespace } from "../network/namespace.js";
import type { TargetRecord } from "../target/target.js";

/** `link` is XDP or tcx, pinned; `filter` is clsact, recorded by its place. */
export type Attachment =
  | { readonly kind: "link"; readonly path: string }
  | { readonly kind: "filter"; readonly path: string; readonly place: FilterPlace };

/** Linux's bpf_link_type */
export const LINK_XDP = 6;
export const LINK_TCX = 11;

export function filterText(place: FilterPlace): string {
  return `clsact ${place.direction} ${place.priority} ${place.handle} ${place.ifindex}`;
}

/** What is recorded at a path of `links/`; undefined where nothing is. */
export function readAttachment(path: string): Attachment | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return undefined;
  if (!found.isSymbolicLink()) return { kind: "link", path };
  const [, direction, ...numbers] = (readText(path) ?? "").split(" ");
  const [priority = 0, handle = 0, ifindex = 0] = numbers.map(Number);
  return { kind: "filter", path, place: { direction: direction === "egress" ? "egress" : "ingress", priority, handle, ifindex } };
}

/** Runs work in the namespace of a target; undefined where that is gone. */
export function inNamespaceOf<T>(target: TargetRecord, work: () => T): T | undefined {
  using namespace = NetworkNamespace.find(target.namespace, target.namespacePath);
  return namespace?.run(work);
}

function linkInfo(path: string): LinkInfo {
  using link = new Descriptor(native().openPin(path));
  return native().linkInfo(link.fd);
}

export interface AttachmentState {
  /** the program that runs; undefined where the device or the filter is gone */
  readonly program: number | undefined;
  readonly mechanism: "xdp" | "tcx" | "clsact";
}

export function attachmentState(attachment: Attachment, target: TargetRecord): AttachmentState {
  if (attachment.kind === "filter") {
    const filter = inNamespaceOf(target, () => filterAt(attachment.place));
    return { program: filter?.program, mechanism: "clsact" };
  }
  const info = linkInfo(attachment.path);
  return { program: info.ifindex === 0 ? undefined : info.program, mechanism: info.type === LINK_XDP ? "xdp" : "tcx" };
}

/** One program to put in place of another. */
export interface Replacement {
  readonly attachment: Attachment;
  readonly target: TargetRecord;
  readonly next: number;
  readonly expected: number;
  /** shown by tc */
  readonly name: string;
}

/**
 * Replaces the programs of many hooks, or of none: what was done is undone before it throws. A packet meets the old
 * program or the new one on each hook, never none.
 */
export function replaceAll(replacements: readonly Replacement[]): void {
  const opened: Descriptor[] = [];
  const links: Swap[] = [];
  const filters: Replacement[] = [];
  const done: Replacement[] = [];
  try {
    for (const replacement of replacements) {
      const { attachment, next, expected } = replacement;
      if (attachment.kind === "filter") {
        filters.push(replacement);
        continue;
      }
      const link = new Descriptor(native().openPin(attachment.path));
      opened.push(link);
      links.push({ link: link.fd, next, expected });
    }
    for (const filter of filters) {
      replaceFilter(filter, filter.next);
      done.push(filter);
    }
    native().swapLinks(links);
  } catch (error) {
    for (const filter of done.reverse()) replaceFilter(filter, filter.expected);
    throw error;
  } finally {
    for (const link of opened) link.close();
  }
}

function replaceFilter({ attachment, target, name }: Replacement, program: number): void {
  if (attachment.kind !== "filter") return;
  inNamespaceOf(target, () => setFilter(attachment.place, program, name, true));
}

/**
 * Takes a program off its hook and forgets it. A filter is removed only while it runs one of `own`.
 * @param own the numbers of the deployment's programs
 */
export function detachAttachment(attachment: Attachment, target: TargetRecord | undefined, own: ReadonlySet<number>): void {
  if (attachment.kind === "link") {
    try {
      using link = new Descriptor(native().openPin(attachment.path));
      native().detachLink(link.fd);
    } catch (error) {
      // No device any more, or a kernel that detaches only with the last reference, which the pin is.
      if (!failedWith(error, "ENODEV", "ENOLINK", "EOPNOTSUPP", "ENOENT", "EINVAL")) throw error;
    }
  } else if (target) {
    inNamespaceOf(target, () => {
      const filter = filterAt(attachment.place);
      if (filter?.program !== undefined && own.has(filter.program)) removeFilter(attachment.place);
    });
  }
  remove(attachment.path);
}

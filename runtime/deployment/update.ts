/** Attaching, first or again: one transaction that happens whole or not at all. */
import type { Bundle } from "../bundle/bundle.js";
import { DatapathError } from "../errors.js";
import { type AttachHow, attachHook, type NewAttachment } from "../hook/attach.js";
import { attachmentState, detachAttachment, type Replacement, readAttachment, replaceAll } from "../hook/attachment.js";
import type { Values } from "../load/sections.js";
import type { Descriptor } from "../native/descriptor.js";
import { isNativeError } from "../native/index.js";
import { attachPoint, type ResolvedTarget } from "../target/target.js";
import { isAlive } from "./alive.js";
import { buildGeneration } from "./build.js";
import { type Generation, type HOOKS, hooksOf, openProgram, ownPrograms } from "./generation.js";
import type { Layout } from "./layout.js";
import { reconcile } from "./reconcile.js";
import type { RecordedTarget } from "./record.js";
import { liveSettings } from "./settings.js";
import { removeIfEmpty, removeTree, writeText } from "./tree.js";

export interface UpdateRequest {
  readonly bundle: Bundle;
  readonly target: ResolvedTarget;
  readonly params: Values;
  readonly settings: Values;
  readonly reset: ReadonlySet<string>;
  readonly how: AttachHow;
}

/**
 * Under the lock. Loads and pins everything as the next generation, attaches new hooks, swaps the programs of existing
 * ones, commits by renaming `current`, and then removes what the new version no longer has.
 * @throws {DatapathError} 6xxx, 7xxx; then everything is as it was
 */
export function update(layout: Layout, request: UpdateRequest): void {
  const current = reconcile(layout);
  const number = (current?.number ?? 0) + 1;
  try {
    transact(layout, current, number, request);
  } catch (error) {
    restore(layout, number);
    if (isNativeError(error)) throw new DatapathError("DP7011", error.message, { cause: error });
    throw error;
  }
  // Committed: what is left to do is only tidying, and the next command does it if this one is cut off.
  reconcile(layout);
  if (current) liveSettings(layout, number, request.bundle.manifest, request.settings);
}

function transact(layout: Layout, current: Generation | undefined, number: number, request: UpdateRequest): void {
  const { bundle, target, params, settings, reset, how } = request;
  const { manifest } = bundle;
  if (current && current.manifest.name !== manifest.name) {
    throw new DatapathError("DP7004", `${layout.folder} holds ${current.manifest.name}, this bundle is ${manifest.name}`);
  }
  for (const { hook } of manifest.hooks) attachPoint(hook, target);

  const targets = new Map<string, RecordedTarget>();
  for (const [id, recorded] of current?.targets ?? []) {
    if (id !== target.id && isAlive(layout, id, recorded))
      targets.set(id, { target: recorded.target, params: within(recorded.params, bundle) });
  }
  targets.set(target.id, { target, params });
  buildGeneration(layout, current, { number, manifest, object: bundle.object, targets, settings, reset });

  const plan = planOf(layout, current, number, manifest.name, targets);
  try {
    for (const attachment of plan.create) attachHook(attachment, how);
    replaceAll(plan.replace);
    writeText(layout.current, `g${number}`);
  } finally {
    for (const program of plan.opened) program.close();
  }
}

/** Nothing was committed, so what `current` says holds: new links go, and programs that were swapped come back. */
function restore(layout: Layout, number: number): void {
  try {
    reconcile(layout);
  } catch {
    // The error that led here is the one to tell; the next command tries again.
  }
  removeTree(layout.generation(number));
  removeIfEmpty(layout.folder);
}

/** Params that were given for another target with a former version, as far as this one has them. */
function within(params: Values, { manifest }: Bundle): Values {
  return new Map(
    [...params].filter(([path, value]) => {
      const variable = manifest.params.find(one => one.path === path);
      return variable !== undefined && value >= BigInt(variable.min) && value <= BigInt(variable.max);
    }),
  );
}

interface Plan {
  readonly create: readonly NewAttachment[];
  readonly replace: readonly Replacement[];
  readonly opened: readonly Descriptor[];
}

function planOf(
  layout: Layout,
  current: Generation | undefined,
  number: number,
  pipeline: string,
  targets: ReadonlyMap<string, RecordedTarget>,
): Plan {
  const create: NewAttachment[] = [];
  const replace: Replacement[] = [];
  const opened: Descriptor[] = [];
  const open = (generation: number, id: string, hook: (typeof HOOKS)[number]): number => {
    const program = openProgram(layout, generation, id, hook);
    opened.push(program);
    return program.fd;
  };
  for (const [id, { target }] of targets) {
    for (const hook of hooksOf(layout, number, id)) {
      const path = layout.link(id, hook);
      const attachment = live(path, target, layout);
      const program = open(number, id, hook);
      if (!attachment || !current) create.push({ hook, root: layout.root, path, program, pipeline, target });
      else replace.push({ attachment, target, next: program, expected: open(current.number, id, hook), name: pipeline });
    }
  }
  return { create, replace, opened };
}

/** The attachment of a hook; one that lost its device or was taken off is forgotten, so that it is made anew. */
function live(path: string, target: RecordedTarget["target"], layout: Layout): ReturnType<typeof readAttachment> {
  const attachment = readAttachment(path);
  if (!attachment) return undefined;
  if (attachmentState(attachment, target).program !== undefined) return attachment;
  detachAttachment(attachment, target, ownPrograms(layout));
  return undefined;
}

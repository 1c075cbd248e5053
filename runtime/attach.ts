/** Attaching a bundle to a target, taking it off, and finding what is attached. */
import type { Manifest } from "../codegen/bundle/manifest.js";
import { loadBundle } from "./bundle/bundle.js";
import { Deployment } from "./deployment/deployment.js";
import { detachTargets, type Selection } from "./deployment/detach.js";
import { type Notice, prepareFilesystem, refuseHidden } from "./deployment/filesystem.js";
import { currentNumber } from "./deployment/generation.js";
import { Layout, ROOT } from "./deployment/layout.js";
import { lock } from "./deployment/lock.js";
import { deploymentShares, sharesMaps, withShared } from "./deployment/shared.js";
import { list, removeIfEmpty } from "./deployment/tree.js";
import { update } from "./deployment/update.js";
import { DatapathError } from "./errors.js";
import { readValues, type VariableInput } from "./load/sections.js";
import { native } from "./native/index.js";
import { explained, explainedLater } from "./refusal.js";
import { labelOf, resolveTarget, type Target } from "./target/target.js";

export interface AttachOptions {
  /**
   * Values of params and settings by path. Params that are not given have the bundle's value, whatever an earlier
   * attach gave; settings that are not given keep their live value.
   */
  readonly set?: { readonly [path: string]: VariableInput };
  /** `clsact`: tc hooks as filters even where the kernel has tcx; quicker on many targets at once */
  readonly hook?: "auto" | "clsact";
  /** XDP in the driver or in the generic path only; `auto` falls back, with a notice */
  readonly xdp?: "auto" | "native" | "generic";
  /** paths of maps whose layout changed and that begin empty */
  readonly resetMaps?: readonly string[];
  /** what the user should know although all went well; to stderr where it is left out */
  readonly notice?: Notice;
  /** the folder of all deployments in the BPF file system */
  readonly root?: string;
}

/**
 * Attaches a bundle, or updates the deployment of the same name: programs are swapped atomically, maps of the same
 * layout keep their entries, and a failure changes nothing. The deployment lives in the kernel until it is detached;
 * the handle that is returned can be closed at any time.
 *
 * @throws {DatapathError} 6xxx and 7xxx; `exitCode` says whose fault it is
 * @example
 * import type Edge from "./edge.dp.js";
 * await using edge = await attach<Edge>("edge.dpo", { dev: "eth0" }, { set: { "mss.limit": 1400 } });
 * edge.set((p) => p.rate, 200);
 */
export async function attach<P = unknown>(folder: string, target: Target, options: AttachOptions = {}): Promise<Deployment<P>> {
  return explainedLater(() => attachBundle<P>(folder, target, options));
}

async function attachBundle<P>(folder: string, target: Target, options: AttachOptions): Promise<Deployment<P>> {
  const { root = ROOT, notice = text => console.error(`datapath: ${text}`) } = options;
  const bundle = loadBundle(folder);
  const { params, settings } = readValues(bundle.manifest, options.set ?? {});
  native();
  const resolved = await resolveTarget(target);
  prepareFilesystem(root, notice);
  const layout = new Layout(root, bundle.manifest.name);
  using _held = await lock(layout.folder);
  const request = {
    bundle,
    target: resolved,
    params,
    settings,
    reset: new Set(options.resetMaps?.flatMap(path => [path, ...madeFrom(bundle.manifest, path)])),
    how: { tc: options.hook ?? "auto", xdp: options.xdp ?? "auto", notice },
  };
  try {
    await withShared(root, sharesMaps(bundle.manifest) || deploymentShares(layout), () => update(layout, request));
  } catch (error) {
    removeIfEmpty(root);
    throw error;
  }
  return Deployment.open<P>(layout, resolved.id);
}

/** The arrays that a prefix table is looked up in begin anew with it. */
function madeFrom({ maps }: Manifest, path: string): string[] {
  return maps.filter(map => map.path.startsWith(`:${path}.`)).map(map => map.path);
}

/** One target of a pipeline or all of them (`target` left out). */
export interface DetachOptions {
  readonly target?: Target;
  /** the id of a target as `status` gives it, for one that can no longer be named */
  readonly targetId?: string;
  readonly root?: string;
}

/**
 * Takes a pipeline off its targets; with the last one, its maps and all else that was made.
 * @returns the labels of the targets that it was taken off
 * @throws {DatapathError} DP7005 where it is not attached
 */
export async function detach(pipeline: string, options: DetachOptions = {}): Promise<string[]> {
  return explainedLater(() => detachPipeline(pipeline, options));
}

async function detachPipeline(pipeline: string, options: DetachOptions): Promise<string[]> {
  const { root = ROOT } = options;
  const layout = existing(root, pipeline);
  const { targetId, target } = options;
  const selection = targetId !== undefined ? { id: targetId } : target && (await selectionOf(target));
  using _held = await lock(layout.folder);
  const labels = await withShared(root, deploymentShares(layout), () => detachTargets(layout, selection));
  removeIfEmpty(root);
  return labels;
}

/** The target itself, and what was attached under its name to a device that has gone since. */
async function selectionOf(target: Target): Promise<Selection> {
  const label = labelOf(target);
  const found = await resolveTarget(target).catch((error: unknown) => {
    if (error instanceof DatapathError && (error.code === "DP7001" || error.code === "DP7002")) return error;
    throw error;
  });
  return found instanceof DatapathError ? { id: undefined, label, otherwise: found } : { id: found.id, label };
}

/**
 * A handle on what is attached.
 * @param targetId needed only for maps of a target where there are several targets
 * @throws {DatapathError} DP7005
 */
export function openDeployment<P = unknown>(
  pipeline: string,
  options: { readonly targetId?: string; readonly root?: string } = {},
): Deployment<P> {
  return explained(() => Deployment.open<P>(existing(options.root ?? ROOT, pipeline), options.targetId));
}

/** Sets a setting of a deployment by its path. */
export function setVariable(pipeline: string, path: string, value: VariableInput, options: { readonly root?: string } = {}): void {
  const deployment = openDeployment(pipeline, options);
  try {
    deployment.setByPath(path, value);
  } finally {
    deployment.close();
  }
}

function existing(root: string, pipeline: string): Layout {
  const layout = new Layout(root, pipeline);
  if (/^[A-Za-z0-9-]+$/.test(pipeline) && list(layout.folder).length > 0) return layout;
  refuseHidden(root);
  const names = list(root).filter(name => currentNumber(new Layout(root, name)) !== undefined);
  throw new DatapathError(
    "DP7005",
    `"${pipeline}" is not attached; ${names.length > 0 ? `attached are ${names.join(", ")}` : "nothing is"}`,
  );
}

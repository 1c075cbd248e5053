/** What is attached, read from the kernel alone. */
import type { HookName, Manifest } from "../../codegen/bundle/manifest.js";
import { attachmentState, readAttachment } from "../hook/attachment.js";
import { Descriptor } from "../native/descriptor.js";
import { native } from "../native/index.js";
import { explained } from "../refusal.js";
import { isPresent, type TargetRecord } from "../target/target.js";
import { refuseHidden } from "./filesystem.js";
import { currentNumber, generationNumbers, hooksOf, openProgram, readGeneration } from "./generation.js";
import { Layout, RESERVED, ROOT } from "./layout.js";
import type { RecordedTarget } from "./record.js";
import { readSettings } from "./settings.js";
import { exists, list } from "./tree.js";

export interface HookStatus {
  readonly hook: HookName;
  /** the kernel's way of attaching; undefined where the hook has lost its program */
  readonly mechanism: "xdp" | "tcx" | "clsact" | undefined;
  /** `attached`; `gone`: the device was removed, or someone took the program off; `foreign`: another program is there */
  readonly state: "attached" | "gone" | "foreign";
  /** the kernel's program number */
  readonly program: number | undefined;
  readonly tag: string | undefined;
  readonly instructions: number;
  readonly verifiedInstructions: number;
  readonly jitedBytes: number;
}

export interface TargetStatus {
  readonly id: string;
  /** as it was named: `eth0`, `/run/netns/blue:eth0`, `container web` */
  readonly label: string;
  readonly device: string;
  readonly ifindex: number;
  /** false where the device has been removed: what is left of the deployment there is for `detach` */
  readonly present: boolean;
  readonly hooks: readonly HookStatus[];
  readonly params: { readonly [path: string]: bigint };
}

export interface DeploymentStatus {
  readonly pipeline: string;
  /** `unfinished`: a command was cut off; the next one on this pipeline finishes or undoes it */
  readonly state: "attached" | "unfinished";
  readonly generation: number;
  readonly hash: string;
  readonly compiler: string;
  readonly manifest: Manifest;
  readonly settings: { readonly [path: string]: bigint };
  readonly targets: readonly TargetStatus[];
}

/**
 * Every deployment, or the one of a name.
 * @throws {DatapathError} DP7013 where another version of datapath wrote it
 * @example
 * for (const { pipeline, targets } of status()) console.log(pipeline, targets.map((target) => target.label));
 */
export function status(pipeline?: string, root: string = ROOT): DeploymentStatus[] {
  return explained(() => readStatus(pipeline, root));
}

function readStatus(pipeline: string | undefined, root: string): DeploymentStatus[] {
  refuseHidden(root);
  const names = pipeline === undefined ? list(root).filter(name => !name.startsWith(RESERVED)) : [pipeline];
  const found: DeploymentStatus[] = [];
  for (const name of names) {
    const layout = new Layout(root, name);
    const number = currentNumber(layout);
    if (number !== undefined) found.push(deploymentStatus(layout, name, number));
  }
  return found;
}

function deploymentStatus(layout: Layout, pipeline: string, number: number): DeploymentStatus {
  const { manifest, targets } = readGeneration(layout, number);
  const finished = generationNumbers(layout).every(other => other <= number) && !hasStrangers(layout, targets.keys());
  return {
    pipeline,
    state: finished ? "attached" : "unfinished",
    generation: number,
    hash: manifest.hash,
    compiler: manifest.compiler,
    manifest,
    settings: Object.fromEntries(readSettings(layout, number, manifest)),
    targets: [...targets].map(([id, recorded]) => targetStatus(layout, number, id, recorded, manifest)),
  };
}

function targetStatus(layout: Layout, number: number, id: string, { target, params }: RecordedTarget, manifest: Manifest): TargetStatus {
  const { label, device, ifindex } = target;
  const hooks = hooksOf(layout, number, id).map(hook => hookStatus(layout, number, id, hook, target));
  return {
    id,
    label,
    device,
    ifindex,
    present: hooks.every(hook => hook.state !== "gone") || isPresent(target),
    hooks,
    params: Object.fromEntries(manifest.params.map(({ path, initial }) => [path, params.get(path) ?? BigInt(initial)])),
  };
}

function hasStrangers(layout: Layout, targets: Iterable<string>): boolean {
  const known = new Set(targets);
  return list(layout.links).some(id => !known.has(id));
}

function hookStatus(layout: Layout, number: number, id: string, hook: HookName, target: TargetRecord): HookStatus {
  using program = openProgram(layout, number, id, hook);
  const info = native().programInfo(program.fd);
  const attachment = readAttachment(layout.link(id, hook));
  const running = attachment && attachmentState(attachment, target);
  return {
    hook,
    mechanism: running?.mechanism,
    state: running?.program === undefined ? "gone" : running.program === info.id ? "attached" : "foreign",
    program: running?.program,
    tag: info.tag,
    instructions: info.instructions,
    verifiedInstructions: info.verifiedInstructions,
    jitedBytes: info.jitedBytes,
  };
}

/** A descriptor of a map's pin. */
export function openMapPin(layout: Layout, number: number, path: string, target: string | undefined): Descriptor | undefined {
  const pin = target === undefined ? layout.map(number, path) : layout.targetMap(number, target, path);
  return exists(pin) ? new Descriptor(native().openPin(pin)) : undefined;
}

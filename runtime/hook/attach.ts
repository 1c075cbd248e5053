/** Puts a program on a hook that has none of ours yet. */

import { dirname } from "node:path";
import type { HookName } from "../../codegen/bundle/manifest.js";
import type { Notice } from "../deployment/filesystem.js";
import { makeFolder, remove, writeText } from "../deployment/tree.js";
import { DatapathError } from "../errors.js";
import { Descriptor } from "../native/descriptor.js";
import { failedWith, isNativeError, native } from "../native/index.js";
import { type FilterPlace, filterAt, setFilter } from "../network/clsact.js";
import { deviceByIndex } from "../network/device.js";
import { NetworkNamespace } from "../network/namespace.js";
import { attachPoint, type TargetRecord } from "../target/target.js";
import { filterText } from "./attachment.js";
import { enterClsact } from "./clsact.js";

/** linux/bpf.h, enum bpf_attach_type */
const BPF_XDP = 37;
const BPF_TCX = { ingress: 46, egress: 47 } as const;
/** linux/if_link.h */
const XDP_FLAGS_SKB_MODE = 2;
const XDP_FLAGS_DRV_MODE = 4;
const XDP_ATTACHED_SKB = 2;
/** Our filters' place among a device's: late, as what others do first should hold for us too. */
const PRIORITY = 50_000;

export interface AttachHow {
  /** tc by tcx where the kernel has it (6.6 and later), or always by a clsact filter */
  readonly tc: "auto" | "clsact";
  /** XDP in the driver where it can, or one of the two only */
  readonly xdp: "auto" | "native" | "generic";
  readonly notice: Notice;
}

export interface NewAttachment {
  readonly hook: HookName;
  /** the folder of all deployments */
  readonly root: string;
  /** where it is recorded: `links/TARGET/HOOK` */
  readonly path: string;
  readonly program: number;
  readonly pipeline: string;
  readonly target: TargetRecord;
}

/**
 * Attaches and records.
 * @throws {DatapathError} DP7001, DP7002, DP7003, DP7007, DP7010
 */
export function attachHook(wanted: NewAttachment, how: AttachHow): void {
  const { target, hook } = wanted;
  const point = attachPoint(hook, target);
  using namespace = NetworkNamespace.find(target.namespace, target.namespacePath);
  if (!namespace) throw new DatapathError("DP7002", `${target.namespacePath} has gone`);
  makeFolder(dirname(wanted.path));
  try {
    namespace.run(() => {
      if (point === "xdp") attachXdp(wanted, how);
      else if (how.tc === "clsact" || !attachTcx(wanted, point, how.notice)) attachFilter(wanted, point);
    });
  } catch (error) {
    if (!isNativeError(error)) throw error;
    if (error.code === "ENODEV") throw new DatapathError("DP7001", `"${target.device}" has gone`, { cause: error });
    if (error.code === "EPERM") throw new DatapathError("DP6011", `${hook} on ${target.label}: ${error.message}`, { cause: error });
    throw new DatapathError("DP7007", `${hook} on ${target.label}: ${error.message}${error.log ? ` (${error.log})` : ""}`, {
      cause: error,
    });
  }
}

function keep(fd: number, path: string): void {
  using link = new Descriptor(fd); // without its pin the link goes with this descriptor
  native().pin(link.fd, path);
}

function attachXdp({ program, path, target }: NewAttachment, how: AttachHow): void {
  const other = native().queryXdp(target.ifindex);
  if (other.program !== 0) throw occupied(target, other);
  keep(createXdp(program, target, how), path);
  if (deviceByIndex(target.ifindex)?.kind === "veth") {
    how.notice(
      `${target.device} is a veth: XDP sees unfinished checksums while the sender offloads them (ethtool -K DEVICE tx off, at the sender)`,
    );
  }
}

function createXdp(program: number, target: TargetRecord, how: AttachHow): number {
  try {
    if (how.xdp !== "generic") return native().createLink(program, target.ifindex, BPF_XDP, XDP_FLAGS_DRV_MODE);
  } catch (error) {
    if (failedWith(error, "EBUSY", "EEXIST")) throw occupied(target, native().queryXdp(target.ifindex));
    if (how.xdp === "native" || !isNativeError(error) || ["EPERM", "ENODEV"].includes(error.code)) throw error;
    how.notice(`${target.device} does not take XDP in its driver (${error.code}); it runs in the generic path, which is slower`);
  }
  return native().createLink(program, target.ifindex, BPF_XDP, XDP_FLAGS_SKB_MODE);
}

function occupied(target: TargetRecord, { mode, program }: { readonly mode: number; readonly program: number }): DatapathError {
  // `xdp off` alone means the driver's, on a driver that can.
  const path = mode === XDP_ATTACHED_SKB ? "xdpgeneric" : "xdp";
  return new DatapathError("DP7003", `XDP on ${target.label} runs ${programLabel(program)}, and a device takes one XDP program`, {
    hint: `take that one off first; if nothing else manages it: ${commandIn(target, `ip link set dev ${target.device} ${path} off`)}`,
  });
}

/** A command that does in the target's namespace what it would do here. */
function commandIn({ namespacePath }: TargetRecord, command: string): string {
  return namespacePath === NetworkNamespace.OWN ? command : `nsenter --net=${namespacePath} ${command}`;
}

export function programLabel(id: number): string {
  const fd = native().programById(id);
  if (fd === undefined) return `program ${id}`;
  using program = new Descriptor(fd);
  return `program ${id} (${native().programInfo(program.fd).name})`;
}

/** False where the kernel has no tcx. */
function attachTcx({ program, path, target }: NewAttachment, point: "ingress" | "egress", notice: Notice): boolean {
  let fd: number;
  try {
    fd = native().createLink(program, target.ifindex, BPF_TCX[point], 0);
  } catch (error) {
    if (!failedWith(error, "EINVAL", "EOPNOTSUPP", "ENOTSUPP", "ENOTSUP")) throw error;
    notice("this kernel has no tcx (6.6 and later): tc hooks are clsact filters");
    return false;
  }
  keep(fd, path);
  return true;
}

function attachFilter({ program, path, target, pipeline, root }: NewAttachment, direction: "ingress" | "egress"): void {
  const place: FilterPlace = { ifindex: target.ifindex, direction, priority: PRIORITY, handle: handleOf(pipeline) };
  const other = filterAt(place);
  if (other) {
    const what = other.program === undefined ? `a ${other.kind} filter` : programLabel(other.program);
    throw new DatapathError(
      "DP7003",
      `${direction} of ${target.label} has ${what} at priority ${place.priority}, handle 0x${place.handle.toString(16)}`,
      {
        hint: `remove that filter first: ${commandIn(target, `tc filter del dev ${target.device} ${direction} pref ${place.priority}`)}`,
      },
    );
  }
  // Recorded first: should this process end in between, the record without a filter is harmless.
  writeText(path, filterText(place));
  try {
    enterClsact(root, target);
    setFilter(place, program, pipeline, false);
  } catch (error) {
    remove(path);
    throw error;
  }
}

/** Each pipeline has its own handle under the priority: FNV-1a of its name, in the range that filters take. */
export function handleOf(pipeline: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(pipeline)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash & 0x7fff_ffff || 1;
}

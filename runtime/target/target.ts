/** What a pipeline is attached to: as a user names it, and as the kernel knows it. */
import type { HookName } from "../../codegen/bundle/manifest.js";
import { DatapathError } from "../errors.js";
import { type Device, deviceByIndex, deviceByName } from "../network/device.js";
import { NetworkNamespace } from "../network/namespace.js";
import { hostEnd } from "./container.js";

/**
 * A target as a user names it: a device of this network namespace, one of another (`netns` is a path such as
 * `/run/netns/blue`), or a container (a PID, or a name that Docker or podman knows).
 */
export type Target = { readonly dev: string; readonly netns?: string } | { readonly container: string | number; readonly dev?: string };

/** Where the programs sit: at the target's own device, or at the host's end of a container's veth. */
export type Position = "device" | "host-end";

/** What must be known of a target later, when the process that attached is gone. */
export interface TargetRecord {
  readonly device: string;
  readonly ifindex: number;
  readonly position: Position;
  /** the inode of the network namespace that `ifindex` belongs to, and the path by which it was reached */
  readonly namespace: number;
  readonly namespacePath: string;
  /** as the user named it */
  readonly label: string;
}

export interface ResolvedTarget extends TargetRecord {
  /** names the target in the deployment: unlike a device's name, it does not change */
  readonly id: string;
}

/** @throws {DatapathError} DP7001, DP7002 */
export async function resolveTarget(target: Target): Promise<ResolvedTarget> {
  if ("container" in target) return hostEnd(target.container, labelOf(target), target.dev);
  const { dev, netns } = target;
  using namespace = netns === undefined ? NetworkNamespace.own() : NetworkNamespace.open(netns);
  const found = namespace.run(() => deviceByName(dev));
  if (!found) throw new DatapathError("DP7001", netns === undefined ? `"${dev}"` : `"${dev}" in ${netns}`);
  return resolved(found, namespace, "device", labelOf(target));
}

/** A target as its user named it, on one line. */
export function labelOf(target: Target): string {
  if ("container" in target) return `container ${target.container}`;
  return target.netns === undefined ? target.dev : `${target.netns}:${target.dev}`;
}

/** Whether the device is still there under its name; what this process may not look into is taken to be. */
export function isPresent({ namespace: id, namespacePath, ifindex, device }: TargetRecord): boolean {
  using namespace = NetworkNamespace.find(id, namespacePath);
  try {
    return namespace?.run(() => deviceByIndex(ifindex))?.name === device;
  } catch (error) {
    if (error instanceof DatapathError && error.code === "DP6011") return true;
    throw error;
  }
}

export function resolved(device: Device, namespace: NetworkNamespace, position: Position, label: string): ResolvedTarget {
  return {
    id: `t${namespace.id}-${device.index}`,
    device: device.name,
    ifindex: device.index,
    position,
    namespace: namespace.id,
    namespacePath: namespace.path,
    label,
  };
}

/** The kernel's hook for a pipeline's hook. */
export type AttachPoint = "xdp" | "ingress" | "egress";

/**
 * What enters a container leaves the host's end of its veth.
 * @throws {DatapathError} DP7010 for XDP on a container
 */
export function attachPoint(hook: HookName, target: TargetRecord): AttachPoint {
  if (target.position === "device") return hook;
  switch (hook) {
    case "xdp":
      throw new DatapathError("DP7010", `xdp on ${target.label}: native XDP on a veth would cost the container most of its TCP throughput`);
    case "ingress":
      return "egress";
    case "egress":
      return "ingress";
  }
}

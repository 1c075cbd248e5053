/** A container's device, found from the host: the other end of its veth. */

import { existsSync } from "node:fs";
import { DatapathError } from "../errors.js";
import { deviceByName, devices, namespaceNumber } from "../network/device.js";
import { NetworkNamespace } from "../network/namespace.js";
import { containerPid } from "./engine.js";
import { type ResolvedTarget, resolved } from "./target.js";

/**
 * The host's end of a container's veth.
 * @throws {DatapathError} DP7001, DP7002
 */
export async function hostEnd(container: string | number, label: string, dev = "eth0"): Promise<ResolvedTarget> {
  const pid = /^\d+$/.test(String(container)) ? Number(container) : await containerPid(String(container));
  const path = `/proc/${pid}/ns/net`;
  if (!existsSync(path)) throw new DatapathError("DP7002", `no process ${pid}`);
  using inside = NetworkNamespace.open(path);
  using own = NetworkNamespace.own();
  if (inside.id === own.id) throw new DatapathError("DP7002", `process ${pid} is in this network namespace, not in a container's`);
  // Listing the devices makes the kernel number the namespaces of their peers, so it comes first.
  const candidates = devices();
  const number = namespaceNumber(inside.fd);
  const end = number === undefined ? undefined : deviceByName(dev, number);
  if (number !== undefined && !end) throw new DatapathError("DP7001", `"${dev}" in container ${container}`);
  const host = candidates.find(one => number !== undefined && one.peerNamespace === number && one.peer === end?.index);
  if (!host)
    throw new DatapathError("DP7002", `container ${container}: no device of this network namespace is the other end of its ${dev}`);
  return resolved(host, own, "host-end", label);
}

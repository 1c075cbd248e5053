/** A container's device, found from the host: the other end of its veth. */

import { existsSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { DatapathError } from "../errors.js";
import { deviceByName, devices, namespaceNumber } from "../network/device.js";
import { NetworkNamespace } from "../network/namespace.js";
import { type ResolvedTarget, resolved } from "./target.js";

/** The engines' sockets, in the order in which they are asked. Both speak Docker's API. */
const SOCKETS = ["/run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock"];
const PATIENCE = 5_000;

/**
 * The host's end of a container's veth.
 * @throws {DatapathError} DP7001, DP7002
 */
export async function hostEnd(container: string | number, dev = "eth0"): Promise<ResolvedTarget> {
  const pid = /^\d+$/.test(String(container)) ? Number(container) : await pidOf(String(container));
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
  return resolved(host, own, "host-end", `container ${container}`);
}

async function pidOf(name: string): Promise<number> {
  const reasons: string[] = [];
  for (const socket of SOCKETS.filter(path => existsSync(path))) {
    try {
      const pid = await ask(socket, name);
      if (pid !== undefined) return pid;
      reasons.push(`${socket} has no running container of that name`);
    } catch (cause) {
      reasons.push(`${socket}: ${cause instanceof Error ? cause.message : cause}`);
    }
  }
  throw new DatapathError(
    "DP7002",
    `container "${name}": ${reasons.length > 0 ? reasons.join("; ") : `no engine listens at ${SOCKETS.join(", ")}`}`,
  );
}

function ask(socketPath: string, name: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = httpRequest({ socketPath, path: `/containers/${encodeURIComponent(name)}/json`, timeout: PATIENCE }, response => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 404) return resolve(undefined);
        try {
          const answer: unknown = JSON.parse(Buffer.concat(chunks).toString());
          resolve(runningPid(answer));
        } catch (error) {
          reject(error);
        }
      });
    });
    call.on("timeout", () => call.destroy(new Error("no answer")));
    call.on("error", reject);
    call.end();
  });
}

function runningPid(answer: unknown): number | undefined {
  if (typeof answer !== "object" || answer === null || !("State" in answer)) return undefined;
  const state = answer.State;
  if (typeof state !== "object" || state === null || !("Pid" in state) || typeof state.Pid !== "number") return undefined;
  return state.Pid > 0 ? state.Pid : undefined;
}

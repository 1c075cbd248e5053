/** Container engines, asked for a container's process by Docker's API, which podman speaks too. */
import { existsSync } from "node:fs";
import { request } from "node:http";
import { DatapathError } from "../errors.js";

/** Where the engines listen by default, in the order in which they are asked. */
const SOCKETS = ["/run/docker.sock", "/run/podman/podman.sock"];
/** milliseconds */
const PATIENCE = 5_000;

/** The sockets that the engines' own clients would use. */
export function engineSockets(environment: NodeJS.ProcessEnv = process.env): string[] {
  const given = [environment.DOCKER_HOST, environment.CONTAINER_HOST].map(host => /^unix:\/\/(\/.*)$/.exec(host ?? "")?.[1]);
  return [...given.filter(path => path !== undefined), ...SOCKETS];
}

/**
 * The PID of a running container.
 * @throws {DatapathError} DP7002 with each engine's answer
 */
export async function containerPid(name: string, sockets: readonly string[] = engineSockets()): Promise<number> {
  const reasons: string[] = [];
  for (const socket of sockets.filter(path => existsSync(path))) {
    try {
      const pid = await ask(socket, name);
      if (pid !== undefined) return pid;
      reasons.push(`${socket} has no running container of that name`);
    } catch (cause) {
      reasons.push(`${socket}: ${cause instanceof Error ? cause.message : cause}`);
    }
  }
  const why = reasons.length > 0 ? reasons.join("; ") : `no engine listens at ${sockets.join(", ")}`;
  throw new DatapathError("DP7002", `container "${name}": ${why}`);
}

function ask(socketPath: string, name: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path: `/containers/${encodeURIComponent(name)}/json`, timeout: PATIENCE }, response => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 404) {
          resolve(undefined);
          return;
        }
        try {
          const answer: unknown = JSON.parse(Buffer.concat(chunks).toString());
          resolve(runningPid(answer));
        } catch {
          reject(new Error(`it answers ${response.statusCode} and no JSON`));
        }
      });
    });
    call.on("timeout", () => call.destroy(new Error("no answer")));
    call.on("error", reject);
    call.end();
  });
}

/** A stopped container has PID 0. */
function runningPid(answer: unknown): number | undefined {
  if (typeof answer !== "object" || answer === null || !("State" in answer)) return undefined;
  const state = answer.State;
  if (typeof state !== "object" || state === null || !("Pid" in state) || typeof state.Pid !== "number") return undefined;
  return state.Pid > 0 ? state.Pid : undefined;
}

/** Network namespaces: which one this is, and work inside another. */
import { closeSync, fstatSync, openSync, readdirSync, statSync } from "node:fs";
import { DatapathError } from "../errors.js";
import { failedWith, native } from "../native/index.js";
import { namespaceNumber } from "./device.js";

const OWN = "/proc/self/ns/net";

export class NetworkNamespace {
  /** the path of the process's own */
  static readonly OWN = OWN;
  readonly path: string;
  /** what tells namespaces apart: the inode */
  readonly id: number;
  readonly #fd: number;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.id = fstatSync(fd).ino;
    this.#fd = fd;
  }

  static own(): NetworkNamespace {
    return new NetworkNamespace(OWN, openSync(OWN, "r"));
  }

  /** @throws {DatapathError} DP7002 */
  static open(path: string): NetworkNamespace {
    let fd: number;
    try {
      fd = openSync(path, "r");
    } catch (cause) {
      throw new DatapathError("DP7002", `${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
    return new NetworkNamespace(path, fd);
  }

  /** The namespace with this id, if it can still be found: by its known path, a name in /run/netns, or a process in it. */
  static find(id: number, path: string): NetworkNamespace | undefined {
    for (const candidate of candidates(path)) {
      if (inode(candidate) === id) return NetworkNamespace.open(candidate);
    }
    return undefined;
  }

  /** The namespace that has this number in the thread's own, if a process in it or a name of it can be seen. */
  static numbered(number: number): NetworkNamespace | undefined {
    const seen = new Set<number | undefined>([undefined, inode(OWN)]);
    for (const candidate of candidates(OWN)) {
      const id = inode(candidate);
      if (seen.has(id)) continue;
      seen.add(id);
      const namespace = NetworkNamespace.open(candidate);
      if (namespaceNumber(namespace.fd) === number) return namespace;
      namespace.close();
    }
    return undefined;
  }

  get fd(): number {
    return this.#fd;
  }

  /** Runs synchronous work inside; in the own namespace at once, with no privilege needed. */
  run<T>(work: () => T): T {
    if (inode(OWN) === this.id) return work();
    try {
      return native().inNetwork(this.#fd, work);
    } catch (cause) {
      if (failedWith(cause, "EPERM") && cause.operation === "enter network namespace") {
        throw new DatapathError("DP6011", `entering ${this.path} needs CAP_SYS_ADMIN`, { cause });
      }
      if (failedWith(cause, "EINVAL") && cause.operation === "enter network namespace") {
        throw new DatapathError("DP7002", `${this.path} is not a network namespace`, { cause });
      }
      throw cause;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function inode(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined; // gone, or another user's
  }
}

function* candidates(path: string): Generator<string> {
  yield OWN;
  yield path;
  for (const folder of ["/run/netns", "/run/docker/netns"]) for (const name of names(folder)) yield `${folder}/${name}`;
  for (const name of names("/proc")) if (/^\d+$/.test(name)) yield `/proc/${name}/ns/net`;
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there, or not ours to see
  }
}

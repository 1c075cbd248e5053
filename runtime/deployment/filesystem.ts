/** Sees to it that there is a BPF file system to pin in. */
import { readFileSync, statfsSync } from "node:fs";
import { DatapathError } from "../errors.js";
import { failedWith, native } from "../native/index.js";
import { BPF_FOLDER } from "./layout.js";
import { makeFolder } from "./tree.js";

const BPF_FS_MAGIC = 0xcafe4a11;

/** Something that the user should know although all is well. */
export type Notice = (text: string) => void;

export function isMounted(folder: string): boolean {
  try {
    return statfsSync(folder).type >>> 0 === BPF_FS_MAGIC;
  } catch {
    return false;
  }
}

/**
 * Mounts the BPF file system where it is not, and makes the root folder.
 * @throws {DatapathError} DP7008
 */
export function prepareFilesystem(root: string, notice: Notice): void {
  if (root.startsWith(`${BPF_FOLDER}/`) && !isMounted(BPF_FOLDER)) {
    if (privateMounts()) {
      throw new DatapathError(
        "DP7008",
        `${BPF_FOLDER} is not mounted, and this process has mounts of its own, with which a new one would go`,
        {
          hint: "start without `ip netns exec` and name the target by --netns PATH --dev DEVICE",
        },
      );
    }
    try {
      native().mountBpf(BPF_FOLDER);
    } catch (cause) {
      const lacks = failedWith(cause, "ENOENT") ? { hint: "the kernel gives this folder in its sysfs: mount -t sysfs sysfs /sys" } : {};
      throw new DatapathError("DP7008", `${cause instanceof Error ? cause.message : cause}`, { cause, ...lacks });
    }
    notice(`mounted the BPF file system on ${BPF_FOLDER}`);
  }
  makeFolder(root);
}

/**
 * Where the process has mounts of its own that hide the BPF file system, it must not be told that nothing is attached.
 * @throws {DatapathError} DP7008
 */
export function refuseHidden(root: string): void {
  if (!root.startsWith(`${BPF_FOLDER}/`) || isMounted(BPF_FOLDER) || !privateMounts()) return;
  throw new DatapathError("DP7008", `${BPF_FOLDER} is not mounted for this process, so what is attached is not to be seen`, {
    hint: "start without `ip netns exec`, which gives a process mounts of its own",
  });
}

/** Whether this process sees a /sys of its own: `ip netns exec` mounts one, named for the namespace. */
export function privateMounts(): boolean {
  try {
    const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
    const source = mounts.map(line => / \/sys .* - sysfs (\S+) /.exec(line)?.[1]).findLast(found => found !== undefined);
    return source !== undefined && !["sysfs", "sys", "none"].includes(source);
  } catch {
    return false; // without /proc there is no telling
  }
}

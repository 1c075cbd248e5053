/** One command at a time on a pipeline: a lock on its folder, which the kernel lets go with the process. */
import { constants, fstatSync, openSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { DatapathError } from "../errors.js";
import { Descriptor } from "../native/descriptor.js";
import { native } from "../native/index.js";
import { makeFolder } from "./tree.js";

const STEP = 10;

/**
 * Takes the lock of a folder, which is made if need be.
 * @param patience milliseconds
 * @throws {DatapathError} DP7009 where another keeps it
 */
export async function lock(folder: string, patience = 10_000): Promise<Descriptor> {
  for (let waited = 0; ; waited += STEP) {
    makeFolder(folder);
    const held = tryLock(folder);
    if (held) return held;
    if (waited >= patience) throw new DatapathError("DP7009", `${folder} has been locked for ${patience / 1000} s`);
    await sleep(STEP);
  }
}

/** As {@link lock}, for changes that are made at once; it stops the process while another holds the folder. */
export function lockAtOnce(folder: string, patience = 10_000): Descriptor {
  const still = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; ; waited += STEP) {
    const held = tryLock(folder);
    if (held) return held;
    if (waited >= patience) throw new DatapathError("DP7009", `${folder} has been locked for ${patience / 1000} s`);
    Atomics.wait(still, 0, 0, STEP);
  }
}

function tryLock(folder: string): Descriptor | undefined {
  let fd: number;
  try {
    fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined; // a detach removed it just now
    throw error;
  }
  const held = new Descriptor(fd);
  try {
    // The last holder may have removed the folder: then this is the lock of something that is no more.
    if (native().tryLock(fd) && statSync(folder, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) return held;
  } catch (error) {
    held.close();
    throw error;
  }
  held.close();
  return undefined;
}

/**
 * One process at a time for what a second must not do over the first: a folder that holds one file, named for the
 * process that has the lock. It comes into being by a rename, so it is never seen without its owner; the file of an owner
 * that is gone is removed by its name, so that whoever took the lock since loses nothing.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { root } from "./tools.mjs";

/** milliseconds between two looks at a lock that another holds */
const PAUSE = 100;

/** Where the set-up's locks are. */
export function lockOf(name) {
  return join(root, ".cache", `${name}.lock`);
}

/**
 * Does the work where it is needed, and where another process is at it, waits and asks again: it may have done it.
 * @param lock the lock's folder, made and removed here
 */
export function once(lock, isNeeded, work) {
  if (!isNeeded()) return;
  const release = acquire(lock);
  try {
    if (isNeeded()) work();
  } finally {
    release();
  }
}

function acquire(lock) {
  const own = `${process.pid}-${startOf(process.pid)}`;
  const made = `${lock}.${own}`;
  mkdirSync(dirname(lock), { recursive: true });
  removeLeft(lock);
  mkdirSync(made);
  writeFileSync(join(made, own), "");
  for (let told; !take(made, lock); pause()) {
    const owner = ownerOf(lock);
    if (owner === undefined) continue;
    if (isGone(owner)) rmSync(join(lock, owner), { force: true });
    else if (owner !== told) {
      told = owner;
      console.log(`set-up: waiting for process ${owner.split("-")[0]}, which sets up the same folder`);
    }
  }
  return () => {
    rmSync(join(lock, own), { force: true });
    unlessTaken(() => rmdirSync(lock));
  };
}

/** What those left that were killed while they waited. */
function removeLeft(lock) {
  const folder = dirname(lock);
  const prefix = `${basename(lock)}.`;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(prefix) && isGone(name.slice(prefix.length))) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** A rename replaces an empty folder and no other. */
function take(made, lock) {
  return unlessTaken(() => renameSync(made, lock));
}

function unlessTaken(work) {
  try {
    work();
    return true;
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST", "ENOENT"].includes(error.code)) return false;
    throw error;
  }
}

function ownerOf(lock) {
  try {
    return readdirSync(lock)[0];
  } catch {
    return undefined; // released meanwhile
  }
}

/** Whether the process has ended, also where another has its number now. */
function isGone(owner) {
  const [pid, start] = owner.split("-");
  return startOf(pid) !== start;
}

/** When a process started, in ticks since boot (proc(5), stat's field 22); undefined where there is none. */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the command's name in brackets, may hold anything.
    const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? undefined : rest[18];
  } catch {
    return undefined;
  }
}

function pause() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
}

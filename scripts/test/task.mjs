/** One child process of the test run: its output kept, its whole group ended when its time is over. */
import { spawn } from "node:child_process";
import { root } from "../setup/tools.mjs";

const running = new Set();

/** Runs a command; resolves to its exit code (undefined for a signal), output, milliseconds and whether its time ran out. */
export function runTask(command, args, seconds) {
  const started = performance.now();
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" };
  // A group of its own, so that what a test started ends with it.
  const child = spawn(command, args, { cwd: root, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const chunks = [];
  child.stdout.on("data", chunk => chunks.push(chunk));
  child.stderr.on("data", chunk => chunks.push(chunk));

  return new Promise(resolve => {
    let timedOut = false;
    const timers = [
      setTimeout(() => {
        timedOut = true;
        signalGroup(child, "SIGTERM");
        timers.push(setTimeout(() => signalGroup(child, "SIGKILL"), 5000));
      }, seconds * 1000),
    ];
    const finish = (code, problem) => {
      for (const timer of timers) clearTimeout(timer);
      running.delete(child);
      const output = Buffer.concat(chunks).toString("utf8") + (problem ? `\n${problem.message}\n` : "");
      resolve({ code, output, milliseconds: performance.now() - started, timedOut });
    };
    child.on("error", error => finish(undefined, error));
    child.on("exit", code => {
      // Output that is still in the pipe arrives before "close"; a grandchild that holds the pipe open must not hold us.
      const grace = setTimeout(() => finish(code ?? undefined), 500);
      child.on("close", () => {
        clearTimeout(grace);
        finish(code ?? undefined);
      });
    });
  });
}

/** Ends every child that is still there, giving each the time to clean up. */
export function endTasks() {
  for (const child of running) signalGroup(child, "SIGTERM");
}

function signalGroup(child, signal) {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // the group is gone
  }
}
